// What every launch needs: the device of the tensor, its current stream, and a check afterwards.
#pragma once

#include "../checks.h"
#include "../shared.h"

#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/macros.h>
#include <torch/csrc/stable/ops.h>

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <algorithm>

namespace seamseg {

// Makes the tensor's device current for the life of this object.
class OnDeviceOf {
 public:
  explicit OnDeviceOf(const Tensor& tensor) : guard_(tensor.get_device_index()) {
    void* stream = nullptr;
    TORCH_ERROR_CODE_CHECK(aoti_torch_get_current_cuda_stream(tensor.get_device_index(), &stream));
    stream_ = static_cast<cudaStream_t>(stream);
  }
  cudaStream_t stream() const { return stream_; }

 private:
  torch::stable::accelerator::DeviceGuard guard_;
  cudaStream_t stream_ = nullptr;
};

inline void check_cuda(const char* op, cudaError_t error) {
  check(error == cudaSuccess, op, ": ", cudaGetErrorString(error));
}

inline void check_launch(const char* op) {
  check_cuda(op, cudaGetLastError());
}

inline int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

// Blocks for `items` of work, `per_block` each, with a loop over the rest.
inline unsigned blocks_for(int64_t items, int64_t per_block, int64_t most = 132 * 16) {
  return static_cast<unsigned>(std::clamp<int64_t>(ceil_div(items, per_block), 1, most));
}

inline int num_multiprocessors(const char* op) {
  int device = 0, count = 0;
  check_cuda(op, cudaGetDevice(&device));
  check_cuda(op, cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device));
  return count;
}

// ---- values ------------------------------------------------------------------------------------------------------

__device__ __forceinline__ float to_float(float value) { return value; }
__device__ __forceinline__ float to_float(__half value) { return __half2float(value); }
__device__ __forceinline__ float to_float(__nv_bfloat16 value) { return __bfloat162float(value); }

template <typename T>
__device__ __forceinline__ T from_float(float value);
template <>
__device__ __forceinline__ float from_float<float>(float value) { return value; }
template <>
__device__ __forceinline__ __half from_float<__half>(float value) { return __float2half_rn(value); }
template <>
__device__ __forceinline__ __nv_bfloat16 from_float<__nv_bfloat16>(float value) { return __float2bfloat16_rn(value); }

template <>
struct Rounding<__half> {
  static constexpr float value = 1.f / 2048;
};
template <>
struct Rounding<__nv_bfloat16> {
  static constexpr float value = 1.f / 256;
};

// V values read or written by one instruction of up to 16 bytes.
template <typename T, int V>
struct alignas(sizeof(T) * V) Pack {
  T values[V];
};

template <typename T, int V>
__device__ __forceinline__ Pack<T, V> load_pack(const T* source) {
  return *reinterpret_cast<const Pack<T, V>*>(source);
}

template <typename T, int V>
__device__ __forceinline__ void store_pack(T* target, const Pack<T, V>& pack) {
  *reinterpret_cast<Pack<T, V>*>(target) = pack;
}

inline bool is_aligned(const void* pointer, size_t bytes) {
  return reinterpret_cast<uintptr_t>(pointer) % bytes == 0;
}

// The boxes themselves, or a copy if they begin where four floats cannot be read at once.
inline Tensor aligned_boxes(const Tensor& boxes) {
  return is_aligned(boxes.const_data_ptr(), 16) ? boxes : torch::stable::clone(boxes);
}

template <typename Call>
void dispatch_gpu_float(const char* op, ScalarType dtype, const Call& call) {
  switch (dtype) {
    case ScalarType::Float: call(float{}); return;
    case ScalarType::Half: call(__half{}); return;
    case ScalarType::BFloat16: call(__nv_bfloat16{}); return;
    default: fail(op, ": values must be float32, float16 or bfloat16 on a GPU, got ", dtype_name(dtype));
  }
}

// ---- sums over a block -------------------------------------------------------------------------------------------

__device__ __forceinline__ float warp_sum(float value) {
  for (int step = 16; step > 0; step /= 2) value += __shfl_down_sync(0xffffffffu, value, step);
  return value;
}

// The sum is in thread 0. `scratch` holds 32 floats; the block has whole warps.
__device__ __forceinline__ float block_sum(float value, float* scratch) {
  value = warp_sum(value);
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x < blockDim.x / 32 ? scratch[threadIdx.x] : 0.f;
  return threadIdx.x < 32 ? warp_sum(value) : 0.f;
}

}  // namespace seamseg
