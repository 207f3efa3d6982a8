// Arguments of the box ops, checked, for CPU and GPU.
#pragma once

#include "checks.h"

namespace seamseg {

inline void check_image(const char* op, const char* name, const Tensor& image) {
  check_at_most(op, "the height", image.size(0), std::numeric_limits<int32_t>::max() / 2);
  check_at_most(op, "the width", image.size(1), std::numeric_limits<int32_t>::max() / 2);
}

inline void check_extract_boxes(const Tensor& ids, int64_t num_ids) {
  check_tensor("extract_boxes", "ids", ids, {ScalarType::Int, ScalarType::Long, ScalarType::Byte}, {ANY, ANY});
  check_image("extract_boxes", "ids", ids);
  check(num_ids >= 0 && num_ids <= (1 << 24), "extract_boxes: num_ids must be between 0 and 2^24, got ", num_ids);
}

inline void check_mask_counts(const Tensor& boxes, const Tensor& mask) {
  check_tensor("mask_counts", "boxes", boxes, {ScalarType::Float}, {ANY, 4});
  check_tensor("mask_counts", "mask", mask, {ScalarType::Byte, ScalarType::Bool}, {ANY, ANY});
  check_same_device("mask_counts", "mask", mask, "boxes", boxes);
  check_image("mask_counts", "mask", mask);
  // uint8 masks may hold 255 each, and the integral image is int32.
  check_at_most("mask_counts", "the number of pixels of mask", mask.numel(), std::numeric_limits<int32_t>::max() / 255);
}

inline void check_two_boxes(const char* op, const char* first, const Tensor& a, const char* second, const Tensor& b) {
  check_tensor(op, first, a, {ScalarType::Float}, {ANY, 4});
  check_tensor(op, second, b, {ScalarType::Float}, {a.size(0), 4});
  check_same_device(op, second, b, first, a);
}

}  // namespace seamseg
