// Bilinear resizing of category logits with the best two taken at once on the GPU: full-size logits never exist.
//
// Enlarging, a thread owns four neighbours of a row: they fall on three columns of the logits at most, each of which is
// read and blended between rows once. Categories that lie side by side are read 16 bytes at a time.
#include "../semantic_checks.h"
#include "../shared.h"
#include "launch.cuh"

#include <tuple>

namespace seamseg {
namespace {

constexpr int WIDE = 32, DEEP = 4;  // threads of a block
constexpr int ACROSS = 4;           // pixels of a thread
// Up to here four pixels reach no further than the next but one column, rounding errors included.
constexpr float MOST_RATIO = 0.3f;
constexpr int64_t MOST_WIDTH = 1 << 20;

struct Logits {
  int64_t step_k, step_y, step_x;
  int categories, height, width;
  float ratio_y, ratio_x;
};

struct Results {
  int height, width;
  uint8_t *best, *second;
  float* margin;
};

struct Ranks {
  float best = -INFINITY, runner_up = -INFINITY;
  int index = 0, second = 255;
};

template <bool TWO>
__device__ __forceinline__ void compare(Ranks& ranks, float value, int category) {
  const bool better = value > ranks.best;
  if constexpr (TWO) {
    const bool next = !better && value > ranks.runner_up;
    ranks.runner_up = better ? ranks.best : (next ? value : ranks.runner_up);
    ranks.second = better ? ranks.index : (next ? category : ranks.second);
  }
  ranks.best = better ? value : ranks.best;
  ranks.index = better ? category : ranks.index;
}

template <bool TWO>
__device__ __forceinline__ void store(const Results& results, int64_t pixel, const Ranks& ranks) {
  results.best[pixel] = static_cast<uint8_t>(ranks.index);
  if constexpr (TWO) {
    results.second[pixel] = static_cast<uint8_t>(ranks.runner_up == -INFINITY ? 255 : ranks.second);
    results.margin[pixel] = ranks.best - ranks.runner_up;
  }
}

__device__ __forceinline__ float blend(float a, float b, float weight) {
  return a + weight * (b - a);
}

template <typename T, int V, bool TWO>
__global__ void __launch_bounds__(WIDE * DEEP) enlarge_kernel(
    const T* __restrict__ data, const Logits logits, const Results results) {
  const int first = (blockIdx.x * WIDE + threadIdx.x) * ACROSS;
  if (first >= results.width) return;
  int left[ACROSS], right[ACROSS];
  float weight[ACROSS];
#pragma unroll
  for (int i = 0; i < ACROSS; ++i)
    resize_tap(min(first + i, results.width - 1), logits.ratio_x, logits.width, left[i], right[i], weight[i]);
  const int column = left[0], last = logits.width - 1;
  const int64_t at0 = column * logits.step_x;
  const int64_t at1 = min(column + 1, last) * logits.step_x, at2 = min(column + 2, last) * logits.step_x;
#pragma unroll
  for (int i = 0; i < ACROSS; ++i) {
    left[i] -= column;
    right[i] -= column;
  }
  for (int y = blockIdx.y * DEEP + threadIdx.y; y < results.height; y += gridDim.y * DEEP) {
    int above, below;
    float fraction;
    resize_tap(y, logits.ratio_y, logits.height, above, below, fraction);
    const T* top = data + above * logits.step_y;
    const T* bottom = data + below * logits.step_y;
    Ranks ranks[ACROSS];
#pragma unroll(V == 1 ? 4 : 1)
    for (int k = 0; k < logits.categories; k += V) {
      const int64_t at = k * logits.step_k;
      const auto a0 = load_pack<T, V>(top + at + at0), b0 = load_pack<T, V>(bottom + at + at0);
      const auto a1 = load_pack<T, V>(top + at + at1), b1 = load_pack<T, V>(bottom + at + at1);
      const auto a2 = load_pack<T, V>(top + at + at2), b2 = load_pack<T, V>(bottom + at + at2);
#pragma unroll
      for (int v = 0; v < V; ++v) {
        const float v0 = blend(finite_logit(to_float(a0.values[v])), finite_logit(to_float(b0.values[v])), fraction);
        const float v1 = blend(finite_logit(to_float(a1.values[v])), finite_logit(to_float(b1.values[v])), fraction);
        const float v2 = blend(finite_logit(to_float(a2.values[v])), finite_logit(to_float(b2.values[v])), fraction);
#pragma unroll
        for (int i = 0; i < ACROSS; ++i) {
          const float near = left[i] == 0 ? v0 : v1;
          const float far = right[i] == 0 ? v0 : (right[i] == 1 ? v1 : v2);
          compare<TWO>(ranks[i], blend(near, far, weight[i]), k + v);
        }
      }
    }
    const int64_t pixel = static_cast<int64_t>(y) * results.width + first;
#pragma unroll
    for (int i = 0; i < ACROSS; ++i)
      if (first + i < results.width) store<TWO>(results, pixel + i, ranks[i]);
  }
}

// Any ratio: a thread per pixel.
template <typename T, bool TWO>
__global__ void __launch_bounds__(WIDE * DEEP) resize_kernel(
    const T* __restrict__ data, const Logits logits, const Results results) {
  const int x = blockIdx.x * WIDE + threadIdx.x;
  if (x >= results.width) return;
  int left, right;
  float weight;
  resize_tap(x, logits.ratio_x, logits.width, left, right, weight);
  for (int y = blockIdx.y * DEEP + threadIdx.y; y < results.height; y += gridDim.y * DEEP) {
    int above, below;
    float fraction;
    resize_tap(y, logits.ratio_y, logits.height, above, below, fraction);
    const T* top = data + above * logits.step_y;
    const T* bottom = data + below * logits.step_y;
    Ranks ranks;
#pragma unroll 4
    for (int k = 0; k < logits.categories; ++k) {
      const int64_t near = k * logits.step_k + left * logits.step_x, far = k * logits.step_k + right * logits.step_x;
      const float a = blend(finite_logit(to_float(top[near])), finite_logit(to_float(bottom[near])), fraction);
      const float b = blend(finite_logit(to_float(top[far])), finite_logit(to_float(bottom[far])), fraction);
      compare<TWO>(ranks, blend(a, b, weight), k);
    }
    store<TWO>(results, static_cast<int64_t>(y) * results.width + x, ranks);
  }
}

template <typename T, bool TWO>
void launch(const OnDeviceOf& device, const T* data, const Logits& logits, const Results& results) {
  const dim3 block(WIDE, DEEP);
  const unsigned rows = blocks_for(results.height, DEEP, 65535);
  if (logits.ratio_x > MOST_RATIO || results.width > MOST_WIDTH) {
    const dim3 grid(static_cast<unsigned>(ceil_div(results.width, WIDE)), rows);
    resize_kernel<T, TWO><<<grid, block, 0, device.stream()>>>(data, logits, results);
    return;
  }
  constexpr int V = 16 / sizeof(T);
  const dim3 grid(static_cast<unsigned>(ceil_div(results.width, WIDE * ACROSS)), rows);
  const bool side_by_side = logits.step_k == 1 && logits.categories % V == 0 && logits.step_x % V == 0 &&
                            logits.step_y % V == 0 && is_aligned(data, 16);
  if (side_by_side) enlarge_kernel<T, V, TWO><<<grid, block, 0, device.stream()>>>(data, logits, results);
  else enlarge_kernel<T, 1, TWO><<<grid, block, 0, device.stream()>>>(data, logits, results);
}

std::tuple<Tensor, Tensor, Tensor> best_categories(
    const Tensor& logits, int64_t height, int64_t width, bool with_second) {
  const char* op = "best_categories";
  check_best_categories(logits, height, width);
  const OnDeviceOf device(logits);
  Tensor best = new_tensor(logits, {height, width}, ScalarType::Byte);
  Tensor second = new_tensor(logits, {with_second ? height : 0, with_second ? width : 0}, ScalarType::Byte);
  Tensor margin = new_tensor(logits, {with_second ? height : 0, with_second ? width : 0}, ScalarType::Float);
  if (best.numel() == 0) return {best, second, margin};
  const Logits source{
      logits.stride(0),
      logits.stride(1),
      logits.stride(2),
      static_cast<int>(logits.size(0)),
      static_cast<int>(logits.size(1)),
      static_cast<int>(logits.size(2)),
      resize_ratio(logits.size(1), height),
      resize_ratio(logits.size(2), width)};
  const Results results{
      static_cast<int>(height), static_cast<int>(width), best.mutable_data_ptr<uint8_t>(),
      with_second ? second.mutable_data_ptr<uint8_t>() : nullptr,
      with_second ? margin.mutable_data_ptr<float>() : nullptr};
  dispatch_gpu_float(op, logits.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const T* data = static_cast<const T*>(logits.const_data_ptr());
    if (with_second) launch<T, true>(device, data, source, results);
    else launch<T, false>(device, data, source, results);
    check_launch(op);
  });
  return {best, second, margin};
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CUDA, m) {
  m.impl("best_categories", TORCH_BOX(&seamseg::best_categories));
}
