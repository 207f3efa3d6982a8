// Kernels of the activated batch normalisation on the GPU. The backward pass reconstructs its input from the output.
//
// Two layouts: planes [outer, channels, inner], where a block sums one channel, and rows of channels side by side,
// where a thread keeps a few channels and walks down the rows. Sums are taken in float32 by thread, in float64 over
// blocks; those of squares are taken about the channel's first value, so that a large mean costs no digits.
#pragma once

#include "../abn_checks.h"
#include "../shared.h"
#include "launch.cuh"

namespace seamseg {
namespace {

constexpr int THREADS = 256;
constexpr int MAX_SPLITS = 512;

struct Sums {
  float a, b;
};

// ---- what is summed ----------------------------------------------------------------------------------------------

template <typename T>
struct Moments {
  const T* x;
  int64_t first_step;  // where the first value of the next channel lies
  struct Channel { float centre; };
  __device__ Channel channel(int c) const { return {to_float(x[c * first_step])}; }
  template <int V>
  __device__ void add(int64_t offset, const Channel* channels, int step, Sums* sums) const {
    const auto pack = load_pack<T, V>(x + offset);
#pragma unroll
    for (int v = 0; v < V; ++v) {
      const float off = to_float(pack.values[v]) - channels[v * step].centre;
      sums[v * step].a += off;
      sums[v * step].b += off * off;
    }
  }
};

template <typename T>
struct GradientSums {
  const T *y, *dy;
  const float *weight, *bias;
  float weight_eps, slope, inverse_slope;
  int activation;
  struct Channel { float bias, inverse_scale; };
  __device__ Channel channel(int c) const {
    return {bias[c], seamseg::inverse_scale<T>(weight[c], bias[c], weight_eps)};
  }
  template <int V>
  __device__ void add(int64_t offset, const Channel* channels, int step, Sums* sums) const {
    const auto outputs = load_pack<T, V>(y + offset);
    const auto gradients = load_pack<T, V>(dy + offset);
#pragma unroll
    for (int v = 0; v < V; ++v) {
      float gradient = to_float(gradients.values[v]);
      const float before = deactivated(to_float(outputs.values[v]), gradient, activation, inverse_slope, slope);
      const Channel& c = channels[v * step];
      sums[v * step].a += gradient;
      sums[v * step].b += (before - c.bias) * c.inverse_scale * gradient;
    }
  }
};

// partial[split][channel]: grid (channels, splits); a block takes every gridDim.y-th segment of its channel.
template <typename Source, int V>
__global__ void __launch_bounds__(THREADS) plane_sums_kernel(
    const Source source, int64_t outer, int64_t channels, int64_t inner, Sums* __restrict__ partial) {
  __shared__ float scratch[32];
  constexpr int64_t SEGMENT = int64_t{THREADS} * V * 4;
  const int c = blockIdx.x;
  const typename Source::Channel channel = source.channel(c);
  Sums sums{0.f, 0.f};
  const int64_t per_plane = (inner + SEGMENT - 1) / SEGMENT, segments = outer * per_plane;
  for (int64_t segment = blockIdx.y; segment < segments; segment += gridDim.y) {
    const int64_t plane = segment / per_plane, begin = (segment - plane * per_plane) * SEGMENT;
    const int64_t end = min(begin + SEGMENT, inner), base = (plane * channels + c) * inner;
#pragma unroll 4
    for (int64_t i = begin + threadIdx.x * V; i < end; i += THREADS * V)
      source.template add<V>(base + i, &channel, 0, &sums);
  }
  const float a = block_sum(sums.a, scratch), b = block_sum(sums.b, scratch);
  if (threadIdx.x == 0) partial[blockIdx.y * channels + c] = {a, b};
}

// Grid (channel groups, splits); a thread keeps V channels, blockDim.x threads lie side by side, blockDim.y rows deep.
template <typename Source, int V>
__global__ void __launch_bounds__(THREADS) row_sums_kernel(
    const Source source, int64_t rows, int64_t channels, Sums* __restrict__ partial) {
  __shared__ Sums shared[THREADS];
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * V;
  const bool inside = first < channels;
  typename Source::Channel kept[V];
  Sums sums[V] = {};
  if (inside) {
#pragma unroll
    for (int v = 0; v < V; ++v) kept[v] = source.channel(static_cast<int>(first) + v);
    const int64_t step = static_cast<int64_t>(gridDim.y) * blockDim.y;
#pragma unroll 4
    for (int64_t row = static_cast<int64_t>(blockIdx.y) * blockDim.y + threadIdx.y; row < rows; row += step)
      source.template add<V>(row * channels + first, kept, 1, sums);
  }
  const int thread = threadIdx.y * blockDim.x + threadIdx.x;
#pragma unroll
  for (int v = 0; v < V; ++v) {
    __syncthreads();
    shared[thread] = sums[v];
    __syncthreads();
    if (threadIdx.y == 0 && inside) {
      Sums total{0.f, 0.f};
      for (int y = 0; y < blockDim.y; ++y) {
        total.a += shared[y * blockDim.x + threadIdx.x].a;
        total.b += shared[y * blockDim.x + threadIdx.x].b;
      }
      partial[blockIdx.y * channels + first + v] = total;
    }
  }
}

// Joins the splits of a channel: one warp each.
template <typename Finish>
__global__ void __launch_bounds__(THREADS) join_kernel(
    const Sums* __restrict__ partial, int splits, int64_t channels, const Finish finish) {
  const int64_t c = (static_cast<int64_t>(blockIdx.x) * THREADS + threadIdx.x) / 32;
  if (c >= channels) return;
  double a = 0.0, b = 0.0;
  for (int split = threadIdx.x % 32; split < splits; split += 32) {
    a += partial[split * channels + c].a;
    b += partial[split * channels + c].b;
  }
  for (int step = 16; step > 0; step /= 2) {
    a += __shfl_down_sync(0xffffffffu, a, step);
    b += __shfl_down_sync(0xffffffffu, b, step);
  }
  if (threadIdx.x % 32 == 0) finish(static_cast<int>(c), a, b);
}

template <typename T>
struct FinishMoments {
  Moments<T> source;
  double inverse_num;
  float *mean, *var;
  __device__ void operator()(int c, double a, double b) const {
    const double off = a * inverse_num, spread = b * inverse_num - off * off;
    mean[c] = static_cast<float>(source.channel(c).centre + off);
    var[c] = static_cast<float>(spread > 0.0 || spread != spread ? spread : 0.0);
  }
};

struct FinishSums {
  float *first, *second;
  __device__ void operator()(int c, double a, double b) const {
    first[c] = static_cast<float>(a);
    second[c] = static_cast<float>(b);
  }
};

// ---- what is computed value by value -----------------------------------------------------------------------------

template <typename T>
struct Normalise {
  const T* x;
  T* y;
  const float *mean, *var, *weight, *bias;
  float eps, weight_eps, slope;
  int activation;
  struct Channel { float scale, shift; };
  __device__ Channel channel(int c) const {
    const float scale = absolute_scale(weight[c], weight_eps) * rsqrtf(var[c] + eps);
    return {scale, bias[c] - mean[c] * scale};
  }
  template <int V>
  __device__ void run(int64_t offset, const Channel* channels, int step) const {
    auto pack = load_pack<T, V>(x + offset);
#pragma unroll
    for (int v = 0; v < V; ++v) {
      const Channel& c = channels[v * step];
      pack.values[v] = from_float<T>(activated(to_float(pack.values[v]) * c.scale + c.shift, activation, slope));
    }
    store_pack<T, V>(y + offset, pack);
  }
};

template <typename T>
struct Gradient {
  const T *y, *dy;
  T* dx;
  const float *var, *weight, *bias, *sum, *weighted_sum;
  float inverse_num, eps, weight_eps, slope, inverse_slope;
  int activation;
  struct Channel { float bias, factor, spread, mean; };
  __device__ Channel channel(int c) const {
    const float scale = absolute_scale(weight[c], weight_eps), factor = scale * rsqrtf(var[c] + eps);
    const float spread = weighted_sum[c] * inverse_num * inverse_scale<T>(weight[c], bias[c], weight_eps) * factor;
    return {bias[c], factor, spread, sum[c] * inverse_num * factor};
  }
  template <int V>
  __device__ void run(int64_t offset, const Channel* channels, int step) const {
    const auto outputs = load_pack<T, V>(y + offset);
    auto pack = load_pack<T, V>(dy + offset);
#pragma unroll
    for (int v = 0; v < V; ++v) {
      const Channel& c = channels[v * step];
      float gradient = to_float(pack.values[v]);
      const float before = deactivated(to_float(outputs.values[v]), gradient, activation, inverse_slope, slope);
      pack.values[v] = from_float<T>(gradient * c.factor - (before - c.bias) * c.spread - c.mean);
    }
    store_pack<T, V>(dx + offset, pack);
  }
};

template <typename Op, int V, typename Index>
__global__ void __launch_bounds__(THREADS) plane_kernel(const Op op, Index packs, Index packs_per_plane, Index channels) {
  const Index step = static_cast<Index>(gridDim.x) * THREADS;
  for (Index i = static_cast<Index>(blockIdx.x) * THREADS + threadIdx.x; i < packs; i += step) {
    const typename Op::Channel channel = op.channel(static_cast<int>(i / packs_per_plane % channels));
    op.template run<V>(static_cast<int64_t>(i) * V, &channel, 0);
  }
}

template <typename Op, int V>
__global__ void __launch_bounds__(THREADS) row_kernel(const Op op, int64_t rows, int64_t channels) {
  const int64_t first = (static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x) * V;
  if (first >= channels) return;
  typename Op::Channel kept[V];
#pragma unroll
  for (int v = 0; v < V; ++v) kept[v] = op.channel(static_cast<int>(first) + v);
  const int64_t step = static_cast<int64_t>(gridDim.y) * blockDim.y;
#pragma unroll 4
  for (int64_t row = static_cast<int64_t>(blockIdx.y) * blockDim.y + threadIdx.y; row < rows; row += step)
    op.template run<V>(row * channels + first, kept, 1);
}

}  // namespace
}  // namespace seamseg
