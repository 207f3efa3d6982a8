// Boxes: moving, resizing and comparing them, alike on CPU and GPU.
#pragma once

#include "shared.h"

namespace seamseg {

constexpr float MAX_SIZE_SHIFT = 4.135166556742356f;  // log(1000 / 16): no box overflows
constexpr float MIN_SIZE = 1e-5f;

struct CutTo {
  float height, width;  // a negative height says: do not cut
};

// NaN stays NaN, as with clamp of PyTorch.
SEAMSEG_HD float clamped(float value, float highest) {
  return value < 0.f ? 0.f : (value > highest ? highest : value);
}

SEAMSEG_HD void shift_box(const float* box, const float* shift, CutTo cut, float* out) {
  for (int axis = 0; axis < 2; ++axis) {
    const float size = box[2 + axis] - box[axis];
    const float centre = box[axis] + 0.5f * size + shift[axis] * size;
    const float log_size = shift[2 + axis] > MAX_SIZE_SHIFT ? MAX_SIZE_SHIFT : shift[2 + axis];
    const float half = 0.5f * size * expf(log_size);
    const float length = axis == 0 ? cut.height : cut.width;
    out[axis] = cut.height < 0.f ? centre - half : clamped(centre - half, length);
    out[2 + axis] = cut.height < 0.f ? centre + half : clamped(centre + half, length);
  }
}

SEAMSEG_HD void shift_between(const float* source, const float* target, float* out) {
  for (int axis = 0; axis < 2; ++axis) {
    float source_size = source[2 + axis] - source[axis], target_size = target[2 + axis] - target[axis];
    source_size = source_size < MIN_SIZE ? MIN_SIZE : source_size;
    target_size = target_size < MIN_SIZE ? MIN_SIZE : target_size;
    out[axis] = (0.5f * (target[axis] + target[2 + axis]) - 0.5f * (source[axis] + source[2 + axis])) / source_size;
    out[2 + axis] = logf(target_size / source_size);
  }
}

// A corner as a whole number in [0, length], towards zero; NaN gives 0.
SEAMSEG_HD int whole_corner(float position, int64_t length) {
  const float most = static_cast<float>(length);
  return position > 0.f ? (position < most ? static_cast<int>(position) : static_cast<int>(length)) : 0;
}

}  // namespace seamseg
