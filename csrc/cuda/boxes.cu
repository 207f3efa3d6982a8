// Boxes on the GPU: decoding, encoding, boxes of ids, and mask pixels in boxes through an integral image.
#include "../box_checks.h"
#include "../box_math.h"
#include "launch.cuh"

namespace seamseg {
namespace {

constexpr int THREADS = 256;
constexpr int FAR = 0x7fffffff;

// ---- moving and comparing ----------------------------------------------------------------------------------------

__global__ void __launch_bounds__(THREADS) shift_kernel(
    const float4* __restrict__ boxes, const float4* __restrict__ shifts, int64_t num, CutTo cut,
    float4* __restrict__ out) {
  const int64_t step = int64_t{gridDim.x} * THREADS;
  for (int64_t n = int64_t{blockIdx.x} * THREADS + threadIdx.x; n < num; n += step) {
    const float4 box = boxes[n], shift = shifts[n];
    float4 result;
    shift_box(&box.x, &shift.x, cut, &result.x);
    out[n] = result;
  }
}

__global__ void __launch_bounds__(THREADS) between_kernel(
    const float4* __restrict__ source, const float4* __restrict__ target, int64_t num, float4* __restrict__ out) {
  const int64_t step = int64_t{gridDim.x} * THREADS;
  for (int64_t n = int64_t{blockIdx.x} * THREADS + threadIdx.x; n < num; n += step) {
    const float4 from = source[n], to = target[n];
    float4 result;
    shift_between(&from.x, &to.x, &result.x);
    out[n] = result;
  }
}

const float4* as_boxes(const Tensor& aligned) {
  return static_cast<const float4*>(aligned.const_data_ptr());
}

Tensor shift_boxes(const Tensor& boxes, const Tensor& shifts, double height, double width) {
  const char* op = "shift_boxes";
  check_two_boxes(op, "boxes", boxes, "shifts", shifts);
  const OnDeviceOf device(boxes);
  Tensor out = torch::stable::empty_like(boxes);
  const int64_t num = boxes.size(0);
  if (num == 0) return out;
  const Tensor aligned = aligned_boxes(boxes), aligned_shifts = aligned_boxes(shifts);
  shift_kernel<<<blocks_for(num, THREADS), THREADS, 0, device.stream()>>>(
      as_boxes(aligned), as_boxes(aligned_shifts), num,
      CutTo{static_cast<float>(height), static_cast<float>(width)}, static_cast<float4*>(out.mutable_data_ptr()));
  check_launch(op);
  return out;
}

Tensor box_shifts(const Tensor& source, const Tensor& target) {
  const char* op = "box_shifts";
  check_two_boxes(op, "source", source, "target", target);
  const OnDeviceOf device(source);
  Tensor out = torch::stable::empty_like(source);
  const int64_t num = source.size(0);
  if (num == 0) return out;
  const Tensor aligned_source = aligned_boxes(source), aligned_target = aligned_boxes(target);
  between_kernel<<<blocks_for(num, THREADS), THREADS, 0, device.stream()>>>(
      as_boxes(aligned_source), as_boxes(aligned_target), num,
      static_cast<float4*>(out.mutable_data_ptr()));
  check_launch(op);
  return out;
}

// ---- boxes of ids ------------------------------------------------------------------------------------------------

// Most pixels change nothing: they look first, and only what is new is written.
__device__ __forceinline__ void lower(int* place, int value) {
  if (*reinterpret_cast<volatile int*>(place) > value) atomicMin(place, value);
}

__device__ __forceinline__ void raise(int* place, int value) {
  if (*reinterpret_cast<volatile int*>(place) < value) atomicMax(place, value);
}

// One block per row: the first and the last pixel of each run of an id speak for the run.
template <typename T>
__global__ void __launch_bounds__(THREADS) corners_kernel(
    const T* __restrict__ ids, int height, int width, int64_t num_ids, int4* __restrict__ corners) {
  for (int y = blockIdx.x; y < height; y += gridDim.x) {
    const T* row = ids + static_cast<int64_t>(y) * width;
    for (int x = threadIdx.x; x < width; x += THREADS) {
      const T id = row[x];
      if (static_cast<int64_t>(id) < 0 || static_cast<int64_t>(id) >= num_ids) continue;
      int4* box = corners + static_cast<int64_t>(id);
      if (x == 0 || row[x - 1] != id) {
        lower(&box->x, y);
        lower(&box->y, x);
        raise(&box->z, y + 1);
      }
      if (x == width - 1 || row[x + 1] != id) raise(&box->w, x + 1);
    }
  }
}

__global__ void __launch_bounds__(THREADS) begin_corners_kernel(int4* corners, int64_t num_ids) {
  const int64_t id = int64_t{blockIdx.x} * THREADS + threadIdx.x;
  if (id < num_ids) corners[id] = make_int4(FAR, FAR, -1, -1);
}

// In place: whole numbers become floats, an id without pixels -1.
__global__ void __launch_bounds__(THREADS) end_corners_kernel(int4* corners, int64_t num_ids) {
  const int64_t id = int64_t{blockIdx.x} * THREADS + threadIdx.x;
  if (id >= num_ids) return;
  const int4 box = corners[id];
  const bool found = box.z >= 0;
  reinterpret_cast<float4*>(corners)[id] = make_float4(
      found ? static_cast<float>(box.x) : -1.f, found ? static_cast<float>(box.y) : -1.f,
      found ? static_cast<float>(box.z) : -1.f, found ? static_cast<float>(box.w) : -1.f);
}

Tensor extract_boxes(const Tensor& ids, int64_t num_ids) {
  const char* op = "extract_boxes";
  check_extract_boxes(ids, num_ids);
  const OnDeviceOf device(ids);
  Tensor out = new_tensor(ids, {num_ids, 4}, ScalarType::Float);
  if (num_ids == 0) return out;
  int4* corners = static_cast<int4*>(out.mutable_data_ptr());
  const int height = static_cast<int>(ids.size(0)), width = static_cast<int>(ids.size(1));
  const unsigned blocks = static_cast<unsigned>(ceil_div(num_ids, THREADS));
  begin_corners_kernel<<<blocks, THREADS, 0, device.stream()>>>(corners, num_ids);
  check_launch(op);
  if (ids.numel() > 0) {
    const unsigned rows = blocks_for(height, 1);
    const auto find = [&](const auto* data) {
      corners_kernel<<<rows, THREADS, 0, device.stream()>>>(data, height, width, num_ids, corners);
    };
    if (ids.scalar_type() == ScalarType::Int) find(ids.const_data_ptr<int32_t>());
    else if (ids.scalar_type() == ScalarType::Long) find(ids.const_data_ptr<int64_t>());
    else find(ids.const_data_ptr<uint8_t>());
    check_launch(op);
  }
  end_corners_kernel<<<blocks, THREADS, 0, device.stream()>>>(corners, num_ids);
  check_launch(op);
  return out;
}

// ---- mask pixels in boxes ----------------------------------------------------------------------------------------

// integral[y + 1][x + 1] = sum of row y up to x. One block per row.
__global__ void __launch_bounds__(THREADS) row_sums_kernel(
    const uint8_t* __restrict__ mask, int height, int width, int32_t* __restrict__ integral) {
  __shared__ int32_t warp_totals[THREADS / 32];
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int y = blockIdx.x; y < height; y += gridDim.x) {
    const uint8_t* row = mask + static_cast<int64_t>(y) * width;
    int32_t* out = integral + (static_cast<int64_t>(y) + 1) * (width + 1);
    if (threadIdx.x == 0) out[0] = 0;
    int32_t before = 0;  // sum of the pixels left of this turn's
    for (int first = 0; first < width; first += THREADS) {
      const int x = first + threadIdx.x;
      int32_t sum = x < width ? row[x] : 0;
      for (int step = 1; step < 32; step *= 2) {
        const int32_t other = __shfl_up_sync(0xffffffffu, sum, step);
        if (lane >= step) sum += other;
      }
      if (lane == 31) warp_totals[warp] = sum;
      __syncthreads();
      int32_t own = before, all = before;
      for (int w = 0; w < THREADS / 32; ++w) {
        own += w < warp ? warp_totals[w] : 0;
        all += warp_totals[w];
      }
      if (x < width) out[x + 1] = own + sum;
      before = all;
      __syncthreads();
    }
  }
}

// Adds rows up, a thread per column; the first row of the integral is 0.
__global__ void __launch_bounds__(THREADS) column_sums_kernel(int32_t* __restrict__ integral, int height, int width) {
  const int64_t column = int64_t{blockIdx.x} * THREADS + threadIdx.x, step = int64_t{width} + 1;
  if (column > width) return;
  int32_t* place = integral + column;
  *place = 0;
  int32_t sum = 0;
  constexpr int AHEAD = 8;  // loads on their way at once
  int y = 1;
  for (; y + AHEAD <= height + 1; y += AHEAD) {
    int32_t values[AHEAD];
#pragma unroll
    for (int i = 0; i < AHEAD; ++i) values[i] = place[(y + i) * step];
#pragma unroll
    for (int i = 0; i < AHEAD; ++i) {
      sum += values[i];
      place[(y + i) * step] = sum;
    }
  }
  for (; y <= height; ++y) {
    sum += place[y * step];
    place[y * step] = sum;
  }
}

__global__ void __launch_bounds__(THREADS) count_kernel(
    const float4* __restrict__ boxes, int64_t num, const int32_t* __restrict__ integral, int height, int width,
    float* __restrict__ counts) {
  const int64_t turn = int64_t{gridDim.x} * THREADS, step = int64_t{width} + 1;
  for (int64_t n = int64_t{blockIdx.x} * THREADS + threadIdx.x; n < num; n += turn) {
    const float4 box = boxes[n];
    const int64_t y0 = whole_corner(box.x, height), x0 = whole_corner(box.y, width);
    const int64_t y1 = whole_corner(box.z, height), x1 = whole_corner(box.w, width);
    counts[n] = static_cast<float>(
        integral[y1 * step + x1] - integral[y0 * step + x1] - integral[y1 * step + x0] + integral[y0 * step + x0]);
  }
}

Tensor mask_counts(const Tensor& boxes, const Tensor& mask) {
  const char* op = "mask_counts";
  check_mask_counts(boxes, mask);
  const OnDeviceOf device(boxes);
  const int64_t num = boxes.size(0);
  const int height = static_cast<int>(mask.size(0)), width = static_cast<int>(mask.size(1));
  Tensor out = new_tensor(boxes, {num}, ScalarType::Float);
  if (num == 0) return out;
  Tensor integral = new_tensor(boxes, {int64_t{height} + 1, int64_t{width} + 1}, ScalarType::Int);
  int32_t* sums = integral.mutable_data_ptr<int32_t>();
  if (height > 0) {
    row_sums_kernel<<<blocks_for(height, 1), THREADS, 0, device.stream()>>>(
        static_cast<const uint8_t*>(mask.const_data_ptr()), height, width, sums);
    check_launch(op);
  }
  const unsigned columns = static_cast<unsigned>(ceil_div(int64_t{width} + 1, THREADS));
  column_sums_kernel<<<columns, THREADS, 0, device.stream()>>>(sums, height, width);
  check_launch(op);
  const Tensor aligned = aligned_boxes(boxes);
  count_kernel<<<blocks_for(num, THREADS), THREADS, 0, device.stream()>>>(
      as_boxes(aligned), num, sums, height, width, out.mutable_data_ptr<float>());
  check_launch(op);
  return out;
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CUDA, m) {
  m.impl("shift_boxes", TORCH_BOX(&seamseg::shift_boxes));
  m.impl("box_shifts", TORCH_BOX(&seamseg::box_shifts));
  m.impl("extract_boxes", TORCH_BOX(&seamseg::extract_boxes));
  m.impl("mask_counts", TORCH_BOX(&seamseg::mask_counts));
}
