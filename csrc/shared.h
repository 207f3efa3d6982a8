// Small pieces of arithmetic that CPU and GPU must do alike. Plain C++; compiled by both.
#pragma once

#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define SEAMSEG_HD __host__ __device__ __forceinline__
#else
#define SEAMSEG_HD inline
#endif

namespace seamseg {

// ---- sampling -----------------------------------------------------------------------------------------------------

// The two pixels beside a point along one axis, and what each weighs.
struct Tap {
  int first, second;
  float first_weight, second_weight;
};

// Into [0, length - 1]; NaN gives 0.
SEAMSEG_HD int to_pixel(float position, int length) {
  const float highest = static_cast<float>(length - 1);
  const float inside = position > 0.f ? (position < highest ? position : highest) : 0.f;
  return static_cast<int>(inside);
}

// From image to map coordinates: pixel centres lie at +0.5 in both.
SEAMSEG_HD float to_map(float position, float ratio) {
  return ratio == 1.f ? position : (position - 0.5f) * ratio + 0.5f;
}

// Centre of bin `bin` of `num` between start and end.
SEAMSEG_HD float bin_centre(int bin, int num, float start, float end) {
  return (static_cast<float>(bin) + 0.5f) / static_cast<float>(num) * (end - start) + start;
}

SEAMSEG_HD Tap make_tap(float point, int length, bool nearest, bool zero_padding) {
  Tap tap;
  if (nearest) {
    const float pixel = floorf(point);
    tap.first = tap.second = to_pixel(pixel, length);
    // Two halves of one pixel: a weight of 0 would make NaN of an infinite neighbour.
    tap.first_weight = zero_padding && !(point >= 0.f && point < static_cast<float>(length)) ? 0.f : 0.5f;
    tap.second_weight = tap.first_weight;
    return tap;
  }
  const float shifted = point - 0.5f;
  const float pixel = floorf(shifted);
  const float fraction = shifted - pixel;
  tap.first = to_pixel(pixel, length);
  tap.second = to_pixel(pixel + 1.f, length);
  tap.first_weight = 1.f - fraction;
  tap.second_weight = fraction;
  if (zero_padding) {
    if (static_cast<float>(tap.first) != pixel) tap.first_weight *= 0.f;
    if (static_cast<float>(tap.second) != pixel + 1.f) tap.second_weight *= 0.f;
  }
  return tap;
}

// ---- activated normalisation --------------------------------------------------------------------------------------

enum Activation : int64_t { IDENTITY = 0, LEAKY_RELU = 1, ELU = 2 };

template <typename F>
SEAMSEG_HD F activated(F y, int activation, F slope) {
  if (activation == LEAKY_RELU) return y >= F(0) ? y : y * slope;
  if (activation == ELU) return y > F(0) ? y : F(expm1(y));
  return y;
}

// From the output z and its gradient: the value before the activation, and the gradient there (in place).
template <typename F>
SEAMSEG_HD F deactivated(F z, F& dz, int activation, F inverse_slope, F slope) {
  if (activation == LEAKY_RELU) {
    if (z >= F(0)) return z;
    dz *= slope;
    return z * inverse_slope;
  }
  if (activation == ELU && !(z > F(0))) {
    dz *= z + F(1);
    // A saturated -1 has no finite origin; what it was no longer matters, because its gradient is 0.
    return F(log1p(z > F(-0.999999) ? z : F(-0.999999)));
  }
  return z;
}

template <typename F>
SEAMSEG_HD F absolute_scale(F weight, F weight_eps) {
  return (weight < F(0) ? -weight : weight) + weight_eps;
}

// How much of a value rounding to type T may cost; nothing to speak of but for 16 bits.
template <typename T>
struct Rounding {
  static constexpr float value = 0.f;
};

// For going back from an output of type T to what was normalised. Rounding costs an output about `bias` up to
// |bias| * Rounding; where that is more than the scale, the output says nothing of its origin any more, and the scale is
// taken for larger, so that noise stays below two deviations.
template <typename T, typename F>
SEAMSEG_HD F inverse_scale(F weight, F bias, F weight_eps) {
  const F scale = absolute_scale(weight, weight_eps), least = (bias < F(0) ? -bias : bias) * F(Rounding<T>::value);
  return F(1) / (scale > least ? scale : least);
}

// ---- instance masks -----------------------------------------------------------------------------------------------

// First and one past the last pixel of [0, length) whose centre lies in [start, end]; NaN and inf give an empty or
// clipped range.
SEAMSEG_HD void pixel_range(float start, float end, int length, int& first, int& last) {
  const float low = ceilf(start - 0.5f), high = floorf(end - 0.5f) + 1.f;
  const float most = static_cast<float>(length);
  first = low > 0.f ? (low < most ? static_cast<int>(low) : length) : 0;
  last = high > 0.f ? (high < most ? static_cast<int>(high) : length) : 0;
  if (!(low <= high) || last < first) last = first;
}

// Where pixel `pixel` of the map falls on an axis of `side` mask bins, in bins with centres at whole numbers.
SEAMSEG_HD float mask_point(int pixel, float start, float end, int side) {
  return (static_cast<float>(pixel) + 0.5f - start) * (static_cast<float>(side) / (end - start)) - 0.5f;
}

// Bilinear sample with zero padding of probabilities [side, side].
SEAMSEG_HD float mask_sample(const float* mask, int side, float y, float x) {
  const float fy = floorf(y), fx = floorf(x);
  // Comparisons first: a point far outside, or NaN, must not become an integer.
  if (!(fy >= -1.f && fy < static_cast<float>(side) && fx >= -1.f && fx < static_cast<float>(side))) return 0.f;
  const int iy = static_cast<int>(fy), ix = static_cast<int>(fx);
  const float wy = y - fy, wx = x - fx;
  const bool has_top = iy >= 0, has_bottom = iy + 1 < side, has_left = ix >= 0, has_right = ix + 1 < side;
  const float* corner = mask + iy * side + ix;
  const float top_left = has_top && has_left ? corner[0] : 0.f;
  const float top_right = has_top && has_right ? corner[1] : 0.f;
  const float bottom_left = has_bottom && has_left ? corner[side] : 0.f;
  const float bottom_right = has_bottom && has_right ? corner[side + 1] : 0.f;
  const float top = top_left * (1.f - wx) + top_right * wx;
  const float bottom = bottom_left * (1.f - wx) + bottom_right * wx;
  return top * (1.f - wy) + bottom * wy;
}

// An instance of which more than this share is taken is left out; one without pixels (0 / 0) stays.
SEAMSEG_HD bool is_left_out(int64_t area, int64_t taken, double overlap_threshold) {
  return area > 0 && static_cast<double>(taken) / static_cast<double>(area) > overlap_threshold;
}

// ---- resizing -----------------------------------------------------------------------------------------------------

// Source row (or column) of an output pixel, edges repeated: as bilinear interpolation with align_corners false.
SEAMSEG_HD void resize_tap(int pixel, float ratio, int length, int& first, int& second, float& weight) {
  float point = (static_cast<float>(pixel) + 0.5f) * ratio - 0.5f;
  point = point > 0.f ? point : 0.f;
  first = static_cast<int>(point);
  first = first < length - 1 ? first : length - 1;
  second = first + 1 < length ? first + 1 : length - 1;
  weight = point - static_cast<float>(first);
}

}  // namespace seamseg
