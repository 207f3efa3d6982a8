// Activated batch normalisation on the GPU: checks and launches. The kernels are in abn_kernels.cuh.
#include "abn_kernels.cuh"

#include <tuple>

namespace seamseg {
namespace {

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
  check(num > 0, op, ": x must hold values, got ", x);
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
