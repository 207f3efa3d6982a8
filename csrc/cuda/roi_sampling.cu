// Sampling of boxes from all levels of a pyramid in one launch, forward and backward, on the GPU.
//
// channels_last: a thread reads four neighbours of up to eight channels with 16-byte loads.
// contiguous: a thread owns a bin and walks over channels, so that its addresses are worked out once.
// Backward: a bin's gradient goes to four pixels, and neighbouring bins share pixels. A box's gradient is therefore
// first summed by pixel (rows and columns are independent), and each pixel is added to the map once.
#include "../sampling_checks.h"
#include "../shared.h"
#include "launch.cuh"

#include <vector>

namespace seamseg {
namespace {

constexpr int MAX_BINS = 56;  // a side, backward
constexpr int THREADS = 256;

template <typename T>
struct Maps {
  T* data[MAX_LEVELS];
};

struct Where {
  int level;
  int64_t batch;
  int height, width;
  float y0, x0, y1, x1;  // in pixels of the map
};

// False if the box asks for a map that is not there.
__device__ __forceinline__ bool locate(
    const float* boxes, const int64_t* batch_index, const int64_t* level, int64_t n, const SamplingShape& shape,
    Where& where) {
  const int64_t l = level[n], b = batch_index[n];
  if (l < 0 || l >= shape.num_levels || b < 0 || b >= shape.batch) return false;
  where.level = static_cast<int>(l);
  where.batch = b;
  where.height = static_cast<int>(shape.heights[l]);
  where.width = static_cast<int>(shape.widths[l]);
  where.y0 = to_map(boxes[4 * n], shape.ratio_y[l]);
  where.x0 = to_map(boxes[4 * n + 1], shape.ratio_x[l]);
  where.y1 = to_map(boxes[4 * n + 2], shape.ratio_y[l]);
  where.x1 = to_map(boxes[4 * n + 3], shape.ratio_x[l]);
  return true;
}

__device__ __forceinline__ Tap tap_y(const Where& where, int bin, const SamplingShape& shape) {
  return make_tap(bin_centre(bin, shape.rows, where.y0, where.y1), where.height, shape.nearest, shape.zero_padding);
}

__device__ __forceinline__ Tap tap_x(const Where& where, int bin, const SamplingShape& shape) {
  return make_tap(bin_centre(bin, shape.columns, where.x0, where.x1), where.width, shape.nearest, shape.zero_padding);
}

template <typename T, int V>
__global__ void __launch_bounds__(THREADS) forward_rows_kernel(
    const __grid_constant__ Maps<const T> maps, const float* __restrict__ boxes, const int64_t* __restrict__ batch_index,
    const int64_t* __restrict__ level, const __grid_constant__ SamplingShape shape, T* __restrict__ out) {
  const int64_t n = blockIdx.x;
  const int bins = shape.rows * shape.columns;
  const int packs = static_cast<int>(shape.channels / V);
  T* target = out + n * bins * shape.channels;
  Where where;
  if (!locate(boxes, batch_index, level, n, shape, where)) {
    for (int64_t i = threadIdx.x; i < bins * shape.channels; i += THREADS) target[i] = from_float<T>(0.f);
    return;
  }
  const T* map = maps.data[where.level] + where.batch * shape.channels * where.height * where.width;
  // blockIdx.y shares the bins of a box out, so that few boxes fill the GPU too.
  // Unsigned: the last step may go past 2^31.
  const unsigned step = gridDim.y * THREADS, items = bins * packs;
  for (unsigned item = blockIdx.y * THREADS + threadIdx.x; item < items; item += step) {
    const int bin = item / packs, channel = (item - bin * packs) * V;
    const int row = bin / shape.columns;
    const Tap y = tap_y(where, row, shape), x = tap_x(where, bin - row * shape.columns, shape);
    const int64_t top = static_cast<int64_t>(y.first) * where.width, bottom = static_cast<int64_t>(y.second) * where.width;
    const auto a = load_pack<T, V>(map + (top + x.first) * shape.channels + channel);
    const auto b = load_pack<T, V>(map + (top + x.second) * shape.channels + channel);
    const auto c = load_pack<T, V>(map + (bottom + x.first) * shape.channels + channel);
    const auto d = load_pack<T, V>(map + (bottom + x.second) * shape.channels + channel);
    const float wa = y.first_weight * x.first_weight, wb = y.first_weight * x.second_weight;
    const float wc = y.second_weight * x.first_weight, wd = y.second_weight * x.second_weight;
    Pack<T, V> result;
#pragma unroll
    for (int v = 0; v < V; ++v) {
      result.values[v] = from_float<T>(
          wa * to_float(a.values[v]) + wb * to_float(b.values[v]) + wc * to_float(c.values[v]) +
          wd * to_float(d.values[v]));
    }
    store_pack<T, V>(target + static_cast<int64_t>(bin) * shape.channels + channel, result);
  }
}

template <typename T>
__global__ void __launch_bounds__(THREADS) forward_planes_kernel(
    const __grid_constant__ Maps<const T> maps, const float* __restrict__ boxes, const int64_t* __restrict__ batch_index,
    const int64_t* __restrict__ level, const __grid_constant__ SamplingShape shape, int channels_per_block,
    T* __restrict__ out) {
  const int64_t n = blockIdx.x;
  const int bins = shape.rows * shape.columns;
  const int begin = blockIdx.y * channels_per_block;
  const int end = min(begin + channels_per_block, static_cast<int>(shape.channels));
  T* target = out + n * shape.channels * bins;
  Where where;
  if (!locate(boxes, batch_index, level, n, shape, where)) {
    for (int64_t i = int64_t{begin} * bins + threadIdx.x; i < int64_t{end} * bins; i += blockDim.x)
      target[i] = from_float<T>(0.f);
    return;
  }
  const int64_t plane = static_cast<int64_t>(where.height) * where.width;
  const T* map = maps.data[where.level] + where.batch * shape.channels * plane;
  for (int bin = threadIdx.x; bin < bins; bin += blockDim.x) {
    const int row = bin / shape.columns;
    const Tap y = tap_y(where, row, shape), x = tap_x(where, bin - row * shape.columns, shape);
    const int a = y.first * where.width + x.first, b = y.first * where.width + x.second;
    const int c = y.second * where.width + x.first, d = y.second * where.width + x.second;
    const float wa = y.first_weight * x.first_weight, wb = y.first_weight * x.second_weight;
    const float wc = y.second_weight * x.first_weight, wd = y.second_weight * x.second_weight;
    const T* source = map + begin * plane;
#pragma unroll 4
    for (int channel = begin; channel < end; ++channel, source += plane) {
      target[static_cast<int64_t>(channel) * bins + bin] = from_float<T>(
          wa * to_float(source[a]) + wb * to_float(source[b]) + wc * to_float(source[c]) + wd * to_float(source[d]));
    }
  }
}

// ---- backward ----------------------------------------------------------------------------------------------------

// A pixel along one axis that bins [first_bin, last_bin] touch.
struct Touched {
  int pixel, first_bin, last_bin;
};

struct Axis {
  Tap taps[MAX_BINS];
  Touched touched[2 * MAX_BINS];
  int num_touched;
};

__device__ __forceinline__ float weight_of(const Tap& tap, int pixel) {
  return (tap.first == pixel ? tap.first_weight : 0.f) + (tap.second == pixel ? tap.second_weight : 0.f);
}

// Lists the pixels of the taps. Points run along the axis, so that a pixel is among the last two or new (one that comes
// back later is listed again, with other bins).
__device__ void list_touched(Axis& axis, int bins) {
  int num = 0;
  for (int bin = 0; bin < bins; ++bin) {
    const Tap tap = axis.taps[bin];
    for (int side = 0; side < 2; ++side) {
      const int pixel = side == 0 ? tap.first : tap.second;
      int place = num - 1;
      while (place >= 0 && place >= num - 2 && axis.touched[place].pixel != pixel) --place;
      if (place >= 0 && place >= num - 2) axis.touched[place].last_bin = bin;
      else axis.touched[num++] = {pixel, bin, bin};
    }
  }
  axis.num_touched = num;
}

// Fills both axes; all threads of the block take part.
__device__ __forceinline__ void list_axes(const Where& where, const SamplingShape& shape, Axis& ys, Axis& xs) {
  for (int bin = threadIdx.x; bin < shape.rows; bin += blockDim.x) ys.taps[bin] = tap_y(where, bin, shape);
  for (int bin = threadIdx.x; bin < shape.columns; bin += blockDim.x) xs.taps[bin] = tap_x(where, bin, shape);
  __syncthreads();
  if (threadIdx.x == 0) list_touched(ys, shape.rows);
  if (threadIdx.x == 32) list_touched(xs, shape.columns);
  __syncthreads();
}

template <int V>
__device__ __forceinline__ void add_to(float* target, const float (&values)[V]) {
#if __CUDA_ARCH__ >= 900
  constexpr int AT_ONCE = V % 4 == 0 ? 4 : 1;
#else
  constexpr int AT_ONCE = 1;
#endif
#pragma unroll
  for (int v = 0; v < V; v += AT_ONCE) {
    if constexpr (AT_ONCE == 4) {
      asm volatile("red.global.add.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(target + v), "f"(values[v]),
                   "f"(values[v + 1]), "f"(values[v + 2]), "f"(values[v + 3])
                   : "memory");
    } else {
      atomicAdd(target + v, values[v]);
    }
  }
}

template <typename T, int V>
__global__ void __launch_bounds__(THREADS) backward_rows_kernel(
    const T* __restrict__ dy, const float* __restrict__ boxes, const int64_t* __restrict__ batch_index,
    const int64_t* __restrict__ level, const __grid_constant__ SamplingShape shape,
    const __grid_constant__ Maps<float> maps) {
  __shared__ Axis ys, xs;
  const int64_t n = blockIdx.x;
  Where where;
  if (!locate(boxes, batch_index, level, n, shape, where)) return;
  list_axes(where, shape, ys, xs);
  const int bins = shape.rows * shape.columns;
  const int packs = static_cast<int>(shape.channels / V);
  const T* source = dy + n * bins * shape.channels;
  float* map = maps.data[where.level] + where.batch * shape.channels * where.height * where.width;
  const int columns = xs.num_touched;
  const unsigned items = ys.num_touched * columns * packs, step = gridDim.y * THREADS;
  for (unsigned item = blockIdx.y * THREADS + threadIdx.x; item < items; item += step) {
    const int place = item / packs, channel = (item - place * packs) * V;
    const int row = place / columns;
    const Touched py = ys.touched[row], px = xs.touched[place - row * columns];
    float sums[V] = {};
    for (int by = py.first_bin; by <= py.last_bin; ++by) {
      const float wy = weight_of(ys.taps[by], py.pixel);
      for (int bx = px.first_bin; bx <= px.last_bin; ++bx) {
        const float weight = wy * weight_of(xs.taps[bx], px.pixel);
        const auto pack = load_pack<T, V>(source + static_cast<int64_t>(by * shape.columns + bx) * shape.channels + channel);
#pragma unroll
        for (int v = 0; v < V; ++v) sums[v] += weight * to_float(pack.values[v]);
      }
    }
    add_to<V>(map + (static_cast<int64_t>(py.pixel) * where.width + px.pixel) * shape.channels + channel, sums);
  }
}

template <typename T>
__global__ void __launch_bounds__(THREADS) backward_planes_kernel(
    const T* __restrict__ dy, const float* __restrict__ boxes, const int64_t* __restrict__ batch_index,
    const int64_t* __restrict__ level, const __grid_constant__ SamplingShape shape, int channels_per_turn,
    int channels_per_block, const __grid_constant__ Maps<float> maps) {
  extern __shared__ float buffer[];  // gradients [c, rows, columns], then by column pixel [c, rows, 2 columns]
  __shared__ Axis ys, xs;
  const int64_t n = blockIdx.x;
  Where where;
  if (!locate(boxes, batch_index, level, n, shape, where)) return;
  list_axes(where, shape, ys, xs);
  const int rows = shape.rows, columns = shape.columns, bins = rows * columns;
  const int num_y = ys.num_touched, num_x = xs.num_touched;
  float* by_column = buffer + channels_per_turn * bins;
  const int64_t plane = static_cast<int64_t>(where.height) * where.width;
  float* map = maps.data[where.level] + where.batch * shape.channels * plane;
  const int begin = blockIdx.y * channels_per_block;
  const int end = min(begin + channels_per_block, static_cast<int>(shape.channels));
  for (int first = begin; first < end; first += channels_per_turn) {
    const int num = min(channels_per_turn, end - first);
    const T* source = dy + (n * shape.channels + first) * bins;
    for (int i = threadIdx.x; i < num * bins; i += THREADS) buffer[i] = to_float(source[i]);
    __syncthreads();
    for (int i = threadIdx.x; i < num * rows * num_x; i += THREADS) {
      const int line = i / num_x;
      const Touched px = xs.touched[i - line * num_x];
      float sum = 0.f;
      for (int bx = px.first_bin; bx <= px.last_bin; ++bx)
        sum += weight_of(xs.taps[bx], px.pixel) * buffer[line * columns + bx];
      by_column[i] = sum;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < num * num_y * num_x; i += THREADS) {
      const int line = i / num_x, x = i - line * num_x;
      const int channel = line / num_y;
      const Touched py = ys.touched[line - channel * num_y];
      float sum = 0.f;
      for (int by = py.first_bin; by <= py.last_bin; ++by)
        sum += weight_of(ys.taps[by], py.pixel) * by_column[(channel * rows + by) * num_x + x];
      atomicAdd(map + (first + channel) * plane + static_cast<int64_t>(py.pixel) * where.width + xs.touched[x].pixel, sum);
    }
    __syncthreads();
  }
}

// ---- entries -----------------------------------------------------------------------------------------------------

// Values per access: as many as fit into 16 bytes and divide the channels.
template <typename T>
int pack_size(int64_t channels, bool aligned) {
  int size = aligned ? static_cast<int>(16 / sizeof(T)) : 1;
  while (size > 1 && channels % size != 0) size /= 2;
  return size;
}

// How many blocks share one box, so that about eight a multiprocessor run.
unsigned share_of_box(const char* op, int64_t num, int64_t items) {
  const int64_t wished = ceil_div(int64_t{8} * num_multiprocessors(op), num);
  return static_cast<unsigned>(std::clamp<int64_t>(wished, 1, std::max<int64_t>(1, std::min<int64_t>(items, 64))));
}

Tensor pyramid_sampling(
    std::vector<Tensor> levels, const Tensor& boxes, const Tensor& batch_index, const Tensor& level,
    std::vector<int64_t> out_size, std::vector<int64_t> image_size, bool nearest, bool zero_padding) {
  const char* op = "pyramid_sampling";
  const bool channels_last = check_levels(op, levels);
  const SamplingShape shape = sampling_shape(op, level_sizes(levels), out_size, image_size, nearest, zero_padding);
  check_boxes(op, boxes, batch_index, level, levels[0]);
  const OnDeviceOf device(levels[0]);
  const int64_t num = boxes.size(0), bins = int64_t{shape.rows} * shape.columns;
  Tensor out = new_samples(levels[0], num, shape, channels_last);
  if (out.numel() == 0) return out;
  check_at_most(op, "bins times channels of a box", bins * shape.channels, std::numeric_limits<int32_t>::max());
  const float* boxes_data = boxes.const_data_ptr<float>();
  const int64_t* batch_data = batch_index.const_data_ptr<int64_t>();
  const int64_t* level_data = level.const_data_ptr<int64_t>();
  dispatch_gpu_float(op, levels[0].scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    Maps<const T> maps{};
    bool aligned = true;
    for (size_t l = 0; l < levels.size(); ++l) {
      maps.data[l] = static_cast<const T*>(levels[l].const_data_ptr());
      aligned = aligned && is_aligned(maps.data[l], 16);
    }
    T* out_data = static_cast<T*>(out.mutable_data_ptr());
    if (channels_last) {
      constexpr int FULL = 16 / sizeof(T);
      const bool wide = pack_size<T>(shape.channels, aligned) == FULL;
      const int64_t items = bins * shape.channels / (wide ? FULL : 1);
      const dim3 grid(static_cast<unsigned>(num), share_of_box(op, num, ceil_div(items, THREADS)));
      if (wide)
        forward_rows_kernel<T, FULL><<<grid, THREADS, 0, device.stream()>>>(
            maps, boxes_data, batch_data, level_data, shape, out_data);
      else
        forward_rows_kernel<T, 1><<<grid, THREADS, 0, device.stream()>>>(
            maps, boxes_data, batch_data, level_data, shape, out_data);
    } else {
      const int threads = static_cast<int>(std::min<int64_t>(ceil_div(bins, 32) * 32, THREADS));
      const int64_t parts = std::clamp<int64_t>(ceil_div(shape.channels, 32), 1, 65535);
      const int channels_per_block = static_cast<int>(ceil_div(shape.channels, parts));
      forward_planes_kernel<T><<<dim3(static_cast<unsigned>(num), static_cast<unsigned>(parts)), threads, 0, device.stream()>>>(
          maps, boxes_data, batch_data, level_data, shape, channels_per_block, out_data);
    }
    check_launch(op);
  });
  return out;
}

std::vector<Tensor> pyramid_sampling_backward(
    const Tensor& dy, const Tensor& boxes, const Tensor& batch_index, const Tensor& level, std::vector<int64_t> sizes,
    std::vector<int64_t> image_size, bool nearest, bool zero_padding, bool channels_last) {
  const char* op = "pyramid_sampling_backward";
  const SamplingShape shape = gradient_shape(op, dy, sizes, image_size, nearest, zero_padding, channels_last);
  check_boxes(op, boxes, batch_index, level, dy);
  check_at_most(op, "the number of bins of a side", std::max(shape.rows, shape.columns), MAX_BINS);
  const OnDeviceOf device(dy);
  std::vector<Tensor> gradients = new_gradients(dy, shape, channels_last);
  const int64_t num = boxes.size(0), bins = int64_t{shape.rows} * shape.columns;
  if (dy.numel() == 0) return gradients;
  check_at_most(op, "bins times channels of a box", 4 * bins * shape.channels, std::numeric_limits<int32_t>::max());
  Maps<float> maps{};
  for (size_t l = 0; l < gradients.size(); ++l) maps.data[l] = gradients[l].mutable_data_ptr<float>();
  const float* boxes_data = boxes.const_data_ptr<float>();
  const int64_t* batch_data = batch_index.const_data_ptr<int64_t>();
  const int64_t* level_data = level.const_data_ptr<int64_t>();
  dispatch_gpu_float(op, dy.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const T* dy_data = static_cast<const T*>(dy.const_data_ptr());
    if (channels_last) {
      const bool wide = shape.channels % 4 == 0 && is_aligned(dy_data, 16);
      const dim3 grid(static_cast<unsigned>(num), share_of_box(op, num, ceil_div(bins * shape.channels, THREADS)));
      if (wide)
        backward_rows_kernel<T, 4><<<grid, THREADS, 0, device.stream()>>>(
            dy_data, boxes_data, batch_data, level_data, shape, maps);
      else
        backward_rows_kernel<T, 1><<<grid, THREADS, 0, device.stream()>>>(
            dy_data, boxes_data, batch_data, level_data, shape, maps);
    } else {
      const int64_t bytes_per_channel = 3 * bins * static_cast<int64_t>(sizeof(float));
      const int64_t turn = std::clamp<int64_t>((int64_t{40} << 10) / bytes_per_channel, 1, 16);
      const int64_t parts = std::clamp<int64_t>(ceil_div(shape.channels, 4 * turn), 1, 65535);
      const int64_t per_block = ceil_div(shape.channels, parts);
      backward_planes_kernel<T>
          <<<dim3(static_cast<unsigned>(num), static_cast<unsigned>(parts)), THREADS, turn * bytes_per_channel,
             device.stream()>>>(
              dy_data, boxes_data, batch_data, level_data, shape, static_cast<int>(turn), static_cast<int>(per_block),
              maps);
    }
    check_launch(op);
  });
  return gradients;
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CUDA, m) {
  m.impl("pyramid_sampling", TORCH_BOX(&seamseg::pyramid_sampling));
  m.impl("pyramid_sampling_backward", TORCH_BOX(&seamseg::pyramid_sampling_backward));
}
