// Activated batch normalisation on the GPU. The backward pass reconstructs its input from the output.
//
// Two layouts: planes [outer, channels, inner], where a block sums one channel, and rows of channels side by side,
// where a thread keeps a few channels and walks down the rows. Sums are taken in float32 by thread, in float64 over
// blocks; those of squares are taken about the channel's first value, so that a large mean costs no digits.
#include "../abn_checks.h"
#include "../shared.h"
#include "launch.cuh"

#include <tuple>

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
  __device__ Channel channel(int c) const { return {bias[c], 1.f / absolute_scale(weight[c], weight_eps)}; }
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
    return {bias[c], factor, weighted_sum[c] * inverse_num / scale * factor, sum[c] * inverse_num * factor};
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

// ---- launching ---------------------------------------------------------------------------------------------------

struct RowGrid {
  dim3 grid, block;
};

RowGrid row_grid(int64_t rows, int64_t channels, int packed, int64_t most_splits) {
  const int64_t lanes = ceil_div(channels, packed);
  int wide = 1;
  while (wide < lanes && wide < 64) wide *= 2;
  const int deep = THREADS / wide;
  const int64_t across = ceil_div(lanes, wide);
  const int64_t wished = ceil_div(int64_t{132} * 8, across);
  // At least eight rows a thread: less is not worth a block.
  const int64_t splits = std::clamp<int64_t>(std::min(wished, ceil_div(rows, int64_t{8} * deep)), 1, most_splits);
  return {dim3(static_cast<unsigned>(across), static_cast<unsigned>(splits)), dim3(wide, deep)};
}

template <typename T>
bool is_wide(const ABNLayout& layout, std::initializer_list<const void*> pointers) {
  constexpr int64_t FULL = 16 / sizeof(T);
  for (const void* pointer : pointers)
    if (!is_aligned(pointer, 16)) return false;
  return (layout.rows ? layout.channels : layout.inner) % FULL == 0;
}

template <int V, typename Source, typename Finish>
void launch_sums(
    const char* op, const OnDeviceOf& device, const Tensor& like, const ABNLayout& layout, const Source& source,
    const Finish& finish) {
  int splits = 1;
  Tensor partial;
  if (layout.rows) {
    const RowGrid at = row_grid(layout.outer, layout.channels, V, MAX_SPLITS);
    splits = static_cast<int>(at.grid.y);
    partial = new_tensor(like, {splits, layout.channels, 2}, ScalarType::Float);
    row_sums_kernel<Source, V><<<at.grid, at.block, 0, device.stream()>>>(
        source, layout.outer, layout.channels, static_cast<Sums*>(partial.mutable_data_ptr()));
  } else {
    const int64_t segments = layout.outer * ceil_div(layout.inner, int64_t{THREADS} * V * 4);
    const int64_t wished = ceil_div(int64_t{132} * 16, layout.channels);
    splits = static_cast<int>(std::clamp<int64_t>(std::min(wished, segments), 1, MAX_SPLITS));
    partial = new_tensor(like, {splits, layout.channels, 2}, ScalarType::Float);
    const dim3 grid(static_cast<unsigned>(layout.channels), static_cast<unsigned>(splits));
    plane_sums_kernel<Source, V><<<grid, THREADS, 0, device.stream()>>>(
        source, layout.outer, layout.channels, layout.inner, static_cast<Sums*>(partial.mutable_data_ptr()));
  }
  check_launch(op);
  join_kernel<<<static_cast<unsigned>(ceil_div(layout.channels * 32, THREADS)), THREADS, 0, device.stream()>>>(
      static_cast<const Sums*>(partial.const_data_ptr()), splits, layout.channels, finish);
  check_launch(op);
}

template <int V, typename Op>
void launch_values(const char* name, const OnDeviceOf& device, const ABNLayout& layout, const Op& op) {
  if (layout.rows) {
    const RowGrid at = row_grid(layout.outer, layout.channels, V, 65535);
    row_kernel<Op, V><<<at.grid, at.block, 0, device.stream()>>>(op, layout.outer, layout.channels);
  } else {
    const int64_t packs = layout.outer * layout.channels * layout.inner / V;
    const unsigned blocks = blocks_for(packs, THREADS);
    // 32-bit divisions are several times cheaper.
    if (packs + int64_t{blocks} * THREADS < std::numeric_limits<uint32_t>::max())
      plane_kernel<Op, V, uint32_t><<<blocks, THREADS, 0, device.stream()>>>(
          op, static_cast<uint32_t>(packs), static_cast<uint32_t>(layout.inner / V),
          static_cast<uint32_t>(layout.channels));
    else
      plane_kernel<Op, V, uint64_t><<<blocks, THREADS, 0, device.stream()>>>(
          op, static_cast<uint64_t>(packs), static_cast<uint64_t>(layout.inner / V),
          static_cast<uint64_t>(layout.channels));
  }
  check_launch(name);
}

std::tuple<Tensor, Tensor> abn_statistics(const Tensor& x) {
  const char* op = "abn_statistics";
  const ABNLayout layout = abn_layout(op, "x", x);
  const int64_t num = layout.outer * layout.inner;
  check(num > 0, op, ": x must hold values, got ", describe(x));
  const OnDeviceOf device(x);
  Tensor mean = new_tensor(x, {layout.channels}, ScalarType::Float);
  Tensor var = new_tensor(x, {layout.channels}, ScalarType::Float);
  dispatch_gpu_float(op, x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const Moments<T> source{static_cast<const T*>(x.const_data_ptr()), layout.rows ? 1 : layout.inner};
    const FinishMoments<T> finish{
        source, 1.0 / static_cast<double>(num), mean.mutable_data_ptr<float>(), var.mutable_data_ptr<float>()};
    if (is_wide<T>(layout, {source.x})) launch_sums<16 / sizeof(T)>(op, device, x, layout, source, finish);
    else launch_sums<1>(op, device, x, layout, source, finish);
  });
  return {mean, var};
}

Tensor abn_apply(
    const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& weight, const Tensor& bias, double eps,
    double weight_eps, int64_t activation, double slope) {
  const char* op = "abn_apply";
  const ABNLayout layout = abn_layout(op, "x", x);
  check_channel_values(op, "mean", mean, x);
  check_channel_values(op, "var", var, x);
  check_channel_values(op, "weight", weight, x);
  check_channel_values(op, "bias", bias, x);
  check_activation(op, activation, slope);
  const OnDeviceOf device(x);
  Tensor y = torch::stable::empty_like(x);
  if (x.numel() == 0) return y;
  dispatch_gpu_float(op, x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const Normalise<T> values{
        static_cast<const T*>(x.const_data_ptr()), static_cast<T*>(y.mutable_data_ptr()),
        mean.const_data_ptr<float>(),              var.const_data_ptr<float>(),
        weight.const_data_ptr<float>(),            bias.const_data_ptr<float>(),
        static_cast<float>(eps),                   static_cast<float>(weight_eps),
        static_cast<float>(slope),                 static_cast<int>(activation)};
    if (is_wide<T>(layout, {values.x, values.y})) launch_values<16 / sizeof(T)>(op, device, layout, values);
    else launch_values<1>(op, device, layout, values);
  });
  return y;
}

std::tuple<Tensor, Tensor> abn_sums(
    const Tensor& y, const Tensor& dy, const Tensor& weight, const Tensor& bias, double weight_eps, int64_t activation,
    double slope) {
  const char* op = "abn_sums";
  const ABNLayout layout = check_output_and_gradient(op, y, dy);
  check_channel_values(op, "weight", weight, y);
  check_channel_values(op, "bias", bias, y);
  check_activation(op, activation, slope);
  const OnDeviceOf device(y);
  if (y.numel() == 0) {
    return {new_filled(y, {layout.channels}, ScalarType::Float, 0), new_filled(y, {layout.channels}, ScalarType::Float, 0)};
  }
  Tensor sum = new_tensor(y, {layout.channels}, ScalarType::Float);
  Tensor weighted_sum = new_tensor(y, {layout.channels}, ScalarType::Float);
  dispatch_gpu_float(op, y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const GradientSums<T> source{
        static_cast<const T*>(y.const_data_ptr()), static_cast<const T*>(dy.const_data_ptr()),
        weight.const_data_ptr<float>(),            bias.const_data_ptr<float>(),
        static_cast<float>(weight_eps),            static_cast<float>(slope),
        static_cast<float>(1.0 / slope),           static_cast<int>(activation)};
    const FinishSums finish{sum.mutable_data_ptr<float>(), weighted_sum.mutable_data_ptr<float>()};
    if (is_wide<T>(layout, {source.y, source.dy})) launch_sums<16 / sizeof(T)>(op, device, y, layout, source, finish);
    else launch_sums<1>(op, device, y, layout, source, finish);
  });
  return {sum, weighted_sum};
}

Tensor abn_gradient(
    const Tensor& y, const Tensor& dy, const Tensor& var, const Tensor& weight, const Tensor& bias, const Tensor& sum,
    const Tensor& weighted_sum, double num, double eps, double weight_eps, int64_t activation, double slope) {
  const char* op = "abn_gradient";
  const ABNLayout layout = check_output_and_gradient(op, y, dy);
  check_channel_values(op, "var", var, y);
  check_channel_values(op, "weight", weight, y);
  check_channel_values(op, "bias", bias, y);
  check_channel_values(op, "sum", sum, y);
  check_channel_values(op, "weighted_sum", weighted_sum, y);
  check_activation(op, activation, slope);
  const OnDeviceOf device(y);
  Tensor dx = torch::stable::empty_like(y);
  if (y.numel() == 0) return dx;
  dispatch_gpu_float(op, y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const Gradient<T> values{
        static_cast<const T*>(y.const_data_ptr()), static_cast<const T*>(dy.const_data_ptr()),
        static_cast<T*>(dx.mutable_data_ptr()),    var.const_data_ptr<float>(),
        weight.const_data_ptr<float>(),            bias.const_data_ptr<float>(),
        sum.const_data_ptr<float>(),               weighted_sum.const_data_ptr<float>(),
        num > 0.0 ? static_cast<float>(1.0 / num) : 0.f, static_cast<float>(eps),
        static_cast<float>(weight_eps),            static_cast<float>(slope),
        static_cast<float>(1.0 / slope),           static_cast<int>(activation)};
    if (is_wide<T>(layout, {values.y, values.dy, values.dx})) launch_values<16 / sizeof(T)>(op, device, layout, values);
    else launch_values<1>(op, device, layout, values);
  });
  return dx;
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CUDA, m) {
  m.impl("abn_statistics", TORCH_BOX(&seamseg::abn_statistics));
  m.impl("abn_apply", TORCH_BOX(&seamseg::abn_apply));
  m.impl("abn_sums", TORCH_BOX(&seamseg::abn_sums));
  m.impl("abn_gradient", TORCH_BOX(&seamseg::abn_gradient));
}
