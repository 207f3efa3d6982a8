// Sampling of boxes from the levels of a pyramid, forward and backward, on the CPU.
#include "../checks.h"
#include "../sampling_checks.h"
#include "../shared.h"
#include "dispatch.h"

#include <vector>

namespace seamseg {
namespace {

struct Axes {
  std::vector<Tap> ys, xs;
};

// The sampled points of one box as pixels and weights along both axes.
Axes axes_of(const float* box, const SamplingShape& shape, int64_t level) {
  const int height = static_cast<int>(shape.heights[level]), width = static_cast<int>(shape.widths[level]);
  const float y0 = to_map(box[0], shape.ratio_y[level]), y1 = to_map(box[2], shape.ratio_y[level]);
  const float x0 = to_map(box[1], shape.ratio_x[level]), x1 = to_map(box[3], shape.ratio_x[level]);
  Axes axes;
  for (int i = 0; i < shape.rows; ++i)
    axes.ys.push_back(make_tap(bin_centre(i, shape.rows, y0, y1), height, shape.nearest, shape.zero_padding));
  for (int i = 0; i < shape.columns; ++i)
    axes.xs.push_back(make_tap(bin_centre(i, shape.columns, x0, x1), width, shape.nearest, shape.zero_padding));
  return axes;
}

template <typename T, typename F>
void blend(
    const T* __restrict a, const T* __restrict b, const T* __restrict c, const T* __restrict d, F wa, F wb, F wc, F wd,
    T* __restrict out, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    out[i] = static_cast<T>(
        wa * static_cast<F>(a[i]) + wb * static_cast<F>(b[i]) + wc * static_cast<F>(c[i]) + wd * static_cast<F>(d[i]));
  }
}

SEAMSEG_CLONES
void blend_rows(
    const float* a, const float* b, const float* c, const float* d, float wa, float wb, float wc, float wd, float* out,
    int64_t n) {
  blend<float, float>(a, b, c, d, wa, wb, wc, wd, out, n);
}

template <typename T, typename F>
void blend_rows(const T* a, const T* b, const T* c, const T* d, F wa, F wb, F wc, F wd, T* out, int64_t n) {
  blend<T, F>(a, b, c, d, wa, wb, wc, wd, out, n);
}

// All channels of one box; channels lie side by side where the map is channels_last.
template <typename T>
void sample_box(
    const T* map, const Axes& axes, int64_t channels, int64_t height, int64_t width, bool channels_last, T* out) {
  using F = typename Accumulator<T>::type;
  const int64_t bins = static_cast<int64_t>(axes.ys.size() * axes.xs.size());
  if (channels_last) {
    for (const Tap& y : axes.ys) {
      for (const Tap& x : axes.xs) {
        const T* top = map + y.first * width * channels;
        const T* bottom = map + y.second * width * channels;
        blend_rows(
            top + x.first * channels, top + x.second * channels, bottom + x.first * channels,
            bottom + x.second * channels, F(y.first_weight) * F(x.first_weight), F(y.first_weight) * F(x.second_weight),
            F(y.second_weight) * F(x.first_weight), F(y.second_weight) * F(x.second_weight), out, channels);
        out += channels;
      }
    }
    return;
  }
  for (int64_t c = 0; c < channels; ++c) {
    const T* plane = map + c * height * width;
    T* target = out + c * bins;
    for (const Tap& y : axes.ys) {
      const T* top = plane + y.first * width;
      const T* bottom = plane + y.second * width;
      for (const Tap& x : axes.xs) {
        const F upper = F(top[x.first]) * F(x.first_weight) + F(top[x.second]) * F(x.second_weight);
        const F lower = F(bottom[x.first]) * F(x.first_weight) + F(bottom[x.second]) * F(x.second_weight);
        *target++ = static_cast<T>(upper * F(y.first_weight) + lower * F(y.second_weight));
      }
    }
  }
}

Tensor pyramid_sampling(
    std::vector<Tensor> levels, const Tensor& boxes, const Tensor& batch_index, const Tensor& level,
    std::vector<int64_t> out_size, std::vector<int64_t> image_size, bool nearest, bool zero_padding) {
  const char* op = "pyramid_sampling";
  const bool channels_last = check_levels(op, levels);
  const SamplingShape shape = sampling_shape(op, level_sizes(levels), out_size, image_size, nearest, zero_padding);
  check_boxes(op, boxes, batch_index, level, levels[0]);
  const int64_t num = boxes.size(0);
  Tensor out = new_samples(levels[0], num, shape, channels_last);
  const float* boxes_data = boxes.const_data_ptr<float>();
  const int64_t* batch_data = batch_index.const_data_ptr<int64_t>();
  const int64_t* level_data = level.const_data_ptr<int64_t>();
  check_indices(op, batch_data, level_data, num, shape);
  dispatch_float(op, levels[0].scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<const T*> maps;
    for (const Tensor& map : levels) maps.push_back(static_cast<const T*>(map.const_data_ptr()));
    T* out_data = static_cast<T*>(out.mutable_data_ptr());
    const int64_t step = shape.channels * shape.rows * shape.columns;
    torch::stable::parallel_for(0, num, 1, [&](int64_t begin, int64_t end) {
      for (int64_t n = begin; n < end; ++n) {
        const int64_t l = level_data[n], height = shape.heights[l], width = shape.widths[l];
        sample_box(
            maps[l] + batch_data[n] * shape.channels * height * width, axes_of(boxes_data + 4 * n, shape, l),
            shape.channels, height, width, channels_last, out_data + n * step);
      }
    });
  });
  return out;
}

template <typename T, typename F>
void add_weighted(const T* __restrict source, F weight, F* __restrict target, int64_t n) {
  for (int64_t i = 0; i < n; ++i) target[i] += weight * static_cast<F>(source[i]);
}

SEAMSEG_CLONES
void add_rows(const float* source, float weight, float* target, int64_t n) {
  add_weighted<float, float>(source, weight, target, n);
}

template <typename T, typename F>
void add_rows(const T* source, F weight, F* target, int64_t n) {
  add_weighted<T, F>(source, weight, target, n);
}

// Adds the gradient of one box to that of its channels_last map, for `num` of its channels.
template <typename T, typename F>
void spread_rows(const T* dy, const Axes& axes, int64_t channels, int64_t num, int64_t width, F* map) {
  for (const Tap& y : axes.ys) {
    for (const Tap& x : axes.xs) {
      const auto add = [&](int64_t row, int64_t column, F weight) {
        if (weight != F(0)) add_rows(dy, weight, map + (row * width + column) * channels, num);
      };
      add(y.first, x.first, F(y.first_weight) * F(x.first_weight));
      add(y.first, x.second, F(y.first_weight) * F(x.second_weight));
      add(y.second, x.first, F(y.second_weight) * F(x.first_weight));
      add(y.second, x.second, F(y.second_weight) * F(x.second_weight));
      dy += channels;
    }
  }
}

// The same for one channel of a contiguous map.
template <typename T, typename F>
void spread_plane(const T* dy, const Axes& axes, int64_t width, F* plane) {
  for (const Tap& y : axes.ys) {
    F* top = plane + y.first * width;
    F* bottom = plane + y.second * width;
    for (const Tap& x : axes.xs) {
      const F gradient = static_cast<F>(*dy++);
      const F upper = gradient * F(y.first_weight), lower = gradient * F(y.second_weight);
      top[x.first] += upper * F(x.first_weight);
      top[x.second] += upper * F(x.second_weight);
      bottom[x.first] += lower * F(x.first_weight);
      bottom[x.second] += lower * F(x.second_weight);
    }
  }
}

std::vector<Tensor> pyramid_sampling_backward(
    const Tensor& dy, const Tensor& boxes, const Tensor& batch_index, const Tensor& level, std::vector<int64_t> sizes,
    std::vector<int64_t> image_size, bool nearest, bool zero_padding, bool channels_last) {
  const char* op = "pyramid_sampling_backward";
  const SamplingShape shape = gradient_shape(op, dy, sizes, image_size, nearest, zero_padding, channels_last);
  check_boxes(op, boxes, batch_index, level, dy);
  std::vector<Tensor> gradients = new_gradients(dy, shape, channels_last);
  const int64_t num = boxes.size(0);
  const float* boxes_data = boxes.const_data_ptr<float>();
  const int64_t* batch_data = batch_index.const_data_ptr<int64_t>();
  const int64_t* level_data = level.const_data_ptr<int64_t>();
  check_indices(op, batch_data, level_data, num, shape);
  std::vector<Axes> axes;
  for (int64_t n = 0; n < num; ++n) axes.push_back(axes_of(boxes_data + 4 * n, shape, level_data[n]));
  dispatch_float(op, dy.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    using F = typename Accumulator<T>::type;
    const T* dy_data = static_cast<const T*>(dy.const_data_ptr());
    std::vector<F*> maps;
    for (const Tensor& map : gradients) maps.push_back(static_cast<F*>(map.mutable_data_ptr()));
    const int64_t bins = int64_t{shape.rows} * shape.columns, step = shape.channels * bins;
    const auto map_of = [&](int64_t n) {
      const int64_t l = level_data[n];
      return maps[l] + batch_data[n] * shape.channels * shape.heights[l] * shape.widths[l];
    };
    // Threads own channels, so that none adds where another does.
    torch::stable::parallel_for(0, shape.channels, 16, [&](int64_t begin, int64_t end) {
      if (channels_last) {
        for (int64_t n = 0; n < num; ++n)
          spread_rows(
              dy_data + n * step + begin, axes[n], shape.channels, end - begin, shape.widths[level_data[n]],
              map_of(n) + begin);
        return;
      }
      // Channel by channel, so that its map stays in the cache.
      for (int64_t c = begin; c < end; ++c) {
        for (int64_t n = 0; n < num; ++n) {
          const int64_t l = level_data[n], plane = shape.heights[l] * shape.widths[l];
          spread_plane(dy_data + n * step + c * bins, axes[n], shape.widths[l], map_of(n) + c * plane);
        }
      }
    });
  });
  return gradients;
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CPU, m) {
  m.impl("pyramid_sampling", TORCH_BOX(&seamseg::pyramid_sampling));
  m.impl("pyramid_sampling_backward", TORCH_BOX(&seamseg::pyramid_sampling_backward));
}
