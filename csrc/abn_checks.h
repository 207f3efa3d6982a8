// Arguments of the activated normalisation, checked, for CPU and GPU.
#pragma once

#include "checks.h"
#include "sampling_checks.h"

namespace seamseg {

// How values lie in memory: [outer, channels, inner], or rows of channels side by side (outer rows, inner 1).
struct ABNLayout {
  int64_t outer, channels, inner;
  bool rows;
};

inline ABNLayout abn_layout(const char* op, const char* name, const Tensor& x) {
  check(x.dim() >= 2, op, ": ", name, " must be [B, C, ...], got ", x);
  const int64_t channels = x.size(1);
  const int64_t plane = channels > 0 && x.size(0) > 0 ? x.numel() / (channels * x.size(0)) : 0;
  if (x.is_contiguous()) {
    if (plane == 1) return {x.size(0), channels, 1, true};
    return {x.size(0), channels, plane, false};
  }
  check(
      x.dim() == 4 && is_channels_last(x), op, ": ", name, " must be contiguous or channels_last, got strided ",
      x);
  return {x.size(0) * plane, channels, 1, true};
}

inline ScalarType statistics_type(const Tensor& x) {
  return x.scalar_type() == ScalarType::Double ? ScalarType::Double : ScalarType::Float;
}

inline void check_channel_values(const char* op, const char* name, const Tensor& values, const Tensor& x) {
  check_tensor(op, name, values, {statistics_type(x)}, {x.size(1)});
  check_same_device(op, name, values, "x", x);
}

inline void check_activation(const char* op, int64_t activation, double slope) {
  check(activation >= 0 && activation <= 2, op, ": activation must be 0, 1 or 2, got ", activation);
  check(activation != 1 || slope > 0.0, op, ": slope must be above 0, got ", slope);
}

inline ABNLayout check_output_and_gradient(const char* op, const Tensor& y, const Tensor& dy) {
  const ABNLayout layout = abn_layout(op, "y", y);
  bool agrees = y.dim() == dy.dim() && y.scalar_type() == dy.scalar_type() && on_same_device(y, dy);
  for (int64_t axis = 0; agrees && axis < y.dim(); ++axis) agrees = y.size(axis) == dy.size(axis);
  check(agrees, op, ": dy must be as y (", y, "), got ", dy);
  const ABNLayout other = abn_layout(op, "dy", dy);
  check(layout.rows == other.rows, op, ": dy must be laid out in memory as y, got ", dy);
  return layout;
}

}  // namespace seamseg
