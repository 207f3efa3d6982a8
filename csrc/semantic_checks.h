// Arguments of the comparison of categories, checked, for CPU and GPU.
#pragma once

#include "checks.h"
#include "shared.h"

namespace seamseg {

inline void check_best_categories(const Tensor& logits, int64_t height, int64_t width) {
  const char* op = "best_categories";
  check_tensor(
      op, "logits", logits, {ScalarType::Float, ScalarType::Half, ScalarType::BFloat16}, {ANY, ANY, ANY}, false);
  check(
      logits.size(0) >= 1 && logits.size(0) <= 255 && logits.size(1) > 0 && logits.size(2) > 0, op,
      ": logits must have 1 to 255 categories and pixels, got ", logits);
  check_at_most(op, "the height of logits", logits.size(1), 1 << 24);
  check_at_most(op, "the width of logits", logits.size(2), 1 << 24);
  check(height >= 0 && width >= 0, op, ": height and width must not be negative, got ", height, " x ", width);
  check_at_most(op, "height", height, 1 << 24);
  check_at_most(op, "width", width, 1 << 24);
}

// Logits count as between -1e30 and 1e30, NaN as the lowest: blended with others they stay numbers.
SEAMSEG_HD float finite_logit(float logit) {
  constexpr float MOST = 1e30f;
  return logit > -MOST ? (logit < MOST ? logit : MOST) : -MOST;
}

// Output pixels to pixels of the logits.
inline float resize_ratio(int64_t low, int64_t high) {
  return static_cast<float>(static_cast<double>(low) / static_cast<double>(high > 0 ? high : 1));
}

}  // namespace seamseg
