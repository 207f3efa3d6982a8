// Arguments of pyramid sampling, checked and brought into one small struct, for CPU and GPU.
#pragma once

#include "checks.h"

namespace seamseg {

constexpr int MAX_LEVELS = 8;

struct SamplingShape {
  int64_t num_levels, batch, channels;
  int64_t heights[MAX_LEVELS], widths[MAX_LEVELS];
  float ratio_y[MAX_LEVELS], ratio_x[MAX_LEVELS];  // map size over image size
  int rows, columns;                               // bins
  bool nearest, zero_padding;
};

// Strides of axes of one element say nothing.
inline bool is_channels_last(const Tensor& x) {
  int64_t expected = 1;
  for (int64_t axis : {1, 3, 2, 0}) {
    if (x.size(axis) != 1 && x.stride(axis) != expected) return false;
    expected *= x.size(axis);
  }
  return true;
}

// Returns whether the maps are channels_last; they must all be, or all be contiguous.
inline bool check_levels(const char* op, const std::vector<Tensor>& levels) {
  check(!levels.empty(), op, ": levels must hold at least one feature map, got none");
  check_at_most(op, "the number of levels", static_cast<int64_t>(levels.size()), MAX_LEVELS);
  const Tensor& first = levels[0];
  check(first.dim() == 4, op, ": levels[0] must be [B, C, H, W], got ", first);
  const bool contiguous = first.is_contiguous();
  for (size_t i = 0; i < levels.size(); ++i) {
    const Tensor& x = levels[i];
    check(
        x.dim() == 4 && x.scalar_type() == first.scalar_type() && x.size(0) == first.size(0) &&
            x.size(1) == first.size(1) && on_same_device(x, first),
        op, ": levels[", i, "] must agree with levels[0] (", first, ") but in height and width, got ",
        x);
    check(
        contiguous ? x.is_contiguous() : is_channels_last(x), op, ": levels[", i, "] must be ",
        contiguous ? "contiguous as levels[0]" : "contiguous or channels_last", ", got strided ", x);
    check(x.size(2) > 0 && x.size(3) > 0, op, ": levels[", i, "] must have pixels, got ", x);
    check_at_most(op, "the number of pixels of a level", x.size(2) * x.size(3), std::numeric_limits<int32_t>::max());
  }
  return !contiguous;
}

inline std::vector<int64_t> level_sizes(const std::vector<Tensor>& levels) {
  std::vector<int64_t> sizes = {levels[0].size(0), levels[0].size(1)};
  for (const Tensor& x : levels) {
    sizes.push_back(x.size(2));
    sizes.push_back(x.size(3));
  }
  return sizes;
}

inline SamplingShape sampling_shape(
    const char* op, const std::vector<int64_t>& sizes, const std::vector<int64_t>& out_size,
    const std::vector<int64_t>& image_size, bool nearest, bool zero_padding) {
  check(
      sizes.size() >= 4 && sizes.size() % 2 == 0 && sizes.size() <= 2 + 2 * MAX_LEVELS, op,
      ": sizes must be B, C and the height and width of up to ", MAX_LEVELS, " levels, got ", sizes.size(), " numbers");
  check(
      out_size.size() == 2 && out_size[0] > 0 && out_size[1] > 0 && out_size[0] <= 4096 && out_size[1] <= 4096, op,
      ": out_size must be two numbers from 1 to 4096, got ", out_size.size() == 2 ? out_size[0] : -1, " x ",
      out_size.size() == 2 ? out_size[1] : -1);
  check(image_size.size() == 2, op, ": image_size must be two numbers, got ", image_size.size());
  SamplingShape shape{};
  shape.num_levels = static_cast<int64_t>(sizes.size()) / 2 - 1;
  shape.batch = sizes[0];
  shape.channels = sizes[1];
  for (int64_t l = 0; l < shape.num_levels; ++l) {
    shape.heights[l] = sizes[2 + 2 * l];
    shape.widths[l] = sizes[3 + 2 * l];
    check(shape.heights[l] > 0 && shape.widths[l] > 0, op, ": level ", l, " has no pixels");
    shape.ratio_y[l] =
        image_size[0] > 0 ? static_cast<float>(double(shape.heights[l]) / double(image_size[0])) : 1.f;
    shape.ratio_x[l] = image_size[1] > 0 ? static_cast<float>(double(shape.widths[l]) / double(image_size[1])) : 1.f;
  }
  shape.rows = static_cast<int>(out_size[0]);
  shape.columns = static_cast<int>(out_size[1]);
  shape.nearest = nearest;
  shape.zero_padding = zero_padding;
  return shape;
}

inline SamplingShape gradient_shape(
    const char* op, const Tensor& dy, const std::vector<int64_t>& sizes, const std::vector<int64_t>& image_size,
    bool nearest, bool zero_padding, bool channels_last) {
  check(dy.dim() == 4, op, ": dy must be [N, C, h, w], got ", dy);
  check(
      channels_last ? is_channels_last(dy) || dy.numel() == 0 : dy.is_contiguous(), op, ": dy must be ",
      channels_last ? "channels_last" : "contiguous", ", got strided ", dy);
  const SamplingShape shape =
      sampling_shape(op, sizes, {dy.size(2), dy.size(3)}, image_size, nearest, zero_padding);
  check(dy.size(1) == shape.channels, op, ": dy must have ", shape.channels, " channels, got ", dy);
  return shape;
}

inline void check_boxes(
    const char* op, const Tensor& boxes, const Tensor& batch_index, const Tensor& level, const Tensor& like) {
  check_tensor(op, "boxes", boxes, {ScalarType::Float}, {ANY, 4});
  check_tensor(op, "batch_index", batch_index, {ScalarType::Long}, {boxes.size(0)});
  check_tensor(op, "level", level, {ScalarType::Long}, {boxes.size(0)});
  check_same_device(op, "boxes", boxes, "the features", like);
  check_same_device(op, "batch_index", batch_index, "the features", like);
  check_same_device(op, "level", level, "the features", like);
}

inline void check_indices(
    const char* op, const int64_t* batch_index, const int64_t* level, int64_t num, const SamplingShape& shape) {
  for (int64_t n = 0; n < num; ++n) {
    check(
        batch_index[n] >= 0 && batch_index[n] < shape.batch, op, ": batch_index[", n, "] must be between 0 and ",
        shape.batch - 1, ", got ", batch_index[n]);
    check(
        level[n] >= 0 && level[n] < shape.num_levels, op, ": level[", n, "] must be between 0 and ",
        shape.num_levels - 1, ", got ", level[n]);
  }
}

// A tensor [N, C, h, w] in either layout.
inline Tensor new_map(
    const Tensor& like, std::initializer_list<int64_t> size, ScalarType dtype, bool channels_last) {
  const std::vector<int64_t> sizes(size);
  return torch::stable::empty(
      sizes, dtype, std::nullopt, like.device(), std::nullopt,
      channels_last ? torch::headeronly::MemoryFormat::ChannelsLast : torch::headeronly::MemoryFormat::Contiguous);
}

inline Tensor new_samples(const Tensor& like, int64_t num, const SamplingShape& shape, bool channels_last) {
  return new_map(like, {num, shape.channels, shape.rows, shape.columns}, like.scalar_type(), channels_last);
}

inline std::vector<Tensor> new_gradients(const Tensor& dy, const SamplingShape& shape, bool channels_last) {
  const ScalarType dtype = dy.scalar_type() == ScalarType::Double ? ScalarType::Double : ScalarType::Float;
  std::vector<Tensor> gradients;
  for (int64_t l = 0; l < shape.num_levels; ++l) {
    gradients.push_back(
        new_map(dy, {shape.batch, shape.channels, shape.heights[l], shape.widths[l]}, dtype, channels_last));
    if (gradients.back().numel() > 0) torch::stable::fill_(gradients.back(), 0.0);
  }
  return gradients;
}

}  // namespace seamseg
