// Arguments of the panoptic fusion, checked, for CPU and GPU.
#pragma once

#include "checks.h"

namespace seamseg {

constexpr int64_t NUM_CATEGORIES = 255;  // values of a semantic image; 255 is none
constexpr int64_t MAX_MASK_SIDE = 64;

inline void check_fusion(
    const Tensor& semantic, const Tensor& boxes, const Tensor& categories, const Tensor& scores,
    const Tensor& mask_logits, int64_t num_stuff, double overlap_threshold) {
  const char* op = "panoptic_fusion";
  check_tensor(op, "semantic", semantic, {ScalarType::Byte}, {ANY, ANY});
  check_tensor(op, "boxes", boxes, {ScalarType::Float}, {ANY, 4});
  const int64_t num = boxes.size(0);
  check_tensor(op, "categories", categories, {ScalarType::Long}, {num});
  check_tensor(op, "scores", scores, {ScalarType::Float}, {num});
  check_tensor(op, "mask_logits", mask_logits, {ScalarType::Float}, {num, ANY, ANY});
  check(
      mask_logits.size(1) == mask_logits.size(2) && mask_logits.size(1) <= MAX_MASK_SIDE &&
          (num == 0 || mask_logits.size(1) > 0),
      op, ": mask_logits must be square, of at most ", MAX_MASK_SIDE, " a side, got ", mask_logits);
  check_same_device(op, "boxes", boxes, "semantic", semantic);
  check_same_device(op, "categories", categories, "semantic", semantic);
  check_same_device(op, "scores", scores, "semantic", semantic);
  check_same_device(op, "mask_logits", mask_logits, "semantic", semantic);
  check(num_stuff >= 0, op, ": num_stuff must not be negative, got ", num_stuff);
  check(overlap_threshold == overlap_threshold, op, ": overlap_threshold must be a number, got NaN");
  check_at_most(op, "the number of instances", num, 65535);
  check_at_most(op, "the height", semantic.size(0), 1 << 24);
  check_at_most(op, "the width", semantic.size(1), 1 << 24);
}

}  // namespace seamseg
