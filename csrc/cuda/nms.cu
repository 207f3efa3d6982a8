// Non-maximum suppression on the GPU, selection included: the host never waits.
//
// Up to 1024 boxes a group: one launch, one block per group sorts, compares and selects. More: sort, gather, a bit
// matrix of suppressions (upper triangle only), and one block per group that walks down its diagonal.
#include "launch.cuh"
#include "order.cuh"

#include <optional>
#include <tuple>

namespace seamseg {
namespace {

constexpr int SMALL = 1024;
constexpr int TILE = 64;  // boxes per word of the bit matrix

struct Options {
  float threshold, score_threshold;
  bool has_score_threshold;
};

// Products and sums rounded one by one, as PyTorch does: thresholds then fall alike.
__device__ __forceinline__ float area_of(float4 box) {
  return __fmul_rn(box.z - box.x, box.w - box.y);
}

__device__ __forceinline__ bool overlaps(float4 a, float area_a, float4 b, float area_b, float threshold) {
  const float height = fmaxf(fminf(a.z, b.z) - fmaxf(a.x, b.x), 0.f);
  const float width = fmaxf(fminf(a.w, b.w) - fmaxf(a.y, b.y), 0.f);
  const float inter = __fmul_rn(height, width);
  return __fdiv_rn(inter, __fsub_rn(__fadd_rn(area_a, area_b), inter)) >= threshold;
}

// Falling order of score as rising order of an integer, NaN first.
__device__ __forceinline__ uint32_t falling_key(float score) {
  if (isnan(score)) return 0u;
  const uint32_t bits = __float_as_uint(score + 0.f);  // -0 and +0 are equal
  const uint32_t rising = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return ~rising;
}

__global__ void __launch_bounds__(SMALL) small_kernel(
    const float4* __restrict__ boxes, const float* __restrict__ scores, const int64_t* __restrict__ categories, int n,
    int most, Options options, int64_t* __restrict__ keep, int64_t* __restrict__ count) {
  __shared__ uint64_t keys[SMALL];
  __shared__ float4 shared_boxes[SMALL];
  __shared__ float shared_areas[SMALL];
  __shared__ int32_t shared_categories[SMALL];
  __shared__ uint32_t alive[SMALL / 32];
  __shared__ int num_valid;
  const int64_t group = blockIdx.x;
  const int thread = threadIdx.x;
  boxes += group * n;
  scores += group * n;
  keep += group * most;
  if (categories) categories += group * n;
  if (thread == 0) num_valid = 0;
  int size = 32;
  while (size < n) size *= 2;

  const float score = thread < n ? scores[thread] : 0.f;
  const bool valid = thread < n && (!options.has_score_threshold || score > options.score_threshold);
  keys[thread] = valid ? static_cast<uint64_t>(falling_key(score)) << 32 | static_cast<uint32_t>(thread) : ~0ull;
  __syncthreads();
  const int num_here = __syncthreads_count(valid);
  if (thread == 0) num_valid = num_here;

  for (int width = 2; width <= size; width *= 2) {
    for (int step = width / 2; step > 0; step /= 2) {
      const int other = thread ^ step;
      if (other > thread && other < size) {
        const bool rising = (thread & width) == 0;
        const uint64_t a = keys[thread], b = keys[other];
        if ((a > b) == rising) {
          keys[thread] = b;
          keys[other] = a;
        }
      }
      __syncthreads();
    }
  }

  const int num = num_valid;
  const bool mine = thread < num;
  const int index = mine ? static_cast<int>(keys[thread] & 0xffffffffu) : 0;
  const float4 box = mine ? boxes[index] : make_float4(0.f, 0.f, 0.f, 0.f);
  const float area = area_of(box);
  const int32_t category = mine && categories ? static_cast<int32_t>(categories[index]) : 0;
  shared_boxes[thread] = box;
  shared_areas[thread] = area;
  shared_categories[thread] = category;
  const uint32_t ballot = __ballot_sync(0xffffffffu, mine);
  if (thread % 32 == 0) alive[thread / 32] = ballot;
  __syncthreads();

  // Each turn settles 32 boxes: among themselves in one warp, then against all later ones.
  bool stays = mine;
  int kept = 0;
  for (int first = 0; first < num && kept < most; first += 32) {
    const int word = first / 32;
    if (thread / 32 == word) {
      uint32_t suppressed_by = 0;  // earlier boxes of these 32 that overlap mine
      for (int j = 0; j < 32; ++j) {
        const int other = first + j;
        if (other < thread && mine && shared_categories[other] == category &&
            overlaps(shared_boxes[other], shared_areas[other], box, area, options.threshold)) {
          suppressed_by |= 1u << j;
        }
      }
      uint32_t chosen = alive[word];
      for (int j = 0; j < 32; ++j) {
        // Earlier ones are settled by now; mine goes if one of them is still chosen.
        const bool gone = thread % 32 == j && (suppressed_by & chosen) != 0;
        chosen &= ~__ballot_sync(0xffffffffu, gone);
      }
      __syncwarp();  // all lanes have read the old word
      if (thread % 32 == 0) alive[word] = chosen;
      stays = chosen >> (thread % 32) & 1u;
    }
    __syncthreads();
    const uint32_t chosen = alive[word];
    if (thread / 32 == word && stays) {
      const int place = kept + __popc(chosen & ((1u << (thread % 32)) - 1u));
      if (place < most) keep[place] = index;
    }
    if (thread / 32 > word) {
      for (uint32_t rest = chosen; rest && stays; rest &= rest - 1u) {
        const int other = first + __ffs(rest) - 1;
        if (shared_categories[other] == category &&
            overlaps(shared_boxes[other], shared_areas[other], box, area, options.threshold)) {
          stays = false;
        }
      }
      const uint32_t still = __ballot_sync(0xffffffffu, stays);
      if (thread % 32 == 0) alive[thread / 32] = still;
    }
    kept += __popc(chosen);
    __syncthreads();
  }
  kept = min(kept, most);
  for (int place = kept + thread; place < most; place += blockDim.x) keep[place] = -1;
  if (thread == 0) count[group] = kept;
}

// Boxes in order of score, and how many of them may stay or suppress.
__global__ void gather_kernel(
    const float4* __restrict__ boxes, const float* __restrict__ scores, const int64_t* __restrict__ categories,
    const int64_t* __restrict__ order, int n, Options options, float4* __restrict__ sorted,
    int32_t* __restrict__ sorted_categories, uint8_t* __restrict__ valid) {
  const int64_t group = blockIdx.y, offset = group * n;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    const int64_t index = offset + order[offset + i];
    sorted[offset + i] = boxes[index];
    sorted_categories[offset + i] = categories ? static_cast<int32_t>(categories[index]) : 0;
    valid[offset + i] = !options.has_score_threshold || scores[index] > options.score_threshold;
  }
}

// matrix[group][row][word]: which boxes of `word` row suppresses; only words from the row's own on are written.
__global__ void __launch_bounds__(TILE) matrix_kernel(
    const float4* __restrict__ sorted, const int32_t* __restrict__ categories, int n, int words, float threshold,
    uint64_t* __restrict__ matrix) {
  const int row_tile = blockIdx.y, column_tile = blockIdx.x;
  if (column_tile < row_tile) return;
  __shared__ float4 columns[TILE];
  __shared__ float areas[TILE];
  __shared__ int32_t kinds[TILE];
  const int64_t group = blockIdx.z;
  sorted += group * n;
  categories += group * n;
  const int column = column_tile * TILE + threadIdx.x;
  if (column < n) {
    columns[threadIdx.x] = sorted[column];
    areas[threadIdx.x] = area_of(sorted[column]);
    kinds[threadIdx.x] = categories[column];
  }
  __syncthreads();
  const int row = row_tile * TILE + threadIdx.x;
  if (row >= n) return;
  const float4 box = sorted[row];
  const float area = area_of(box);
  const int32_t kind = categories[row];
  const int num = min(TILE, n - column_tile * TILE);
  uint64_t bits = 0;
  for (int j = row_tile == column_tile ? threadIdx.x + 1 : 0; j < num; ++j) {
    if (kinds[j] == kind && overlaps(box, area, columns[j], areas[j], threshold)) bits |= 1ull << j;
  }
  matrix[(group * n + row) * words + column_tile] = bits;
}

// One block per group. `gone` (a bit per box) lives in shared memory.
__global__ void __launch_bounds__(1024) select_kernel(
    const uint64_t* __restrict__ matrix, const uint8_t* __restrict__ valid, const int64_t* __restrict__ order, int n,
    int words, int most, int64_t* __restrict__ keep, int64_t* __restrict__ count) {
  extern __shared__ unsigned long long gone[];
  __shared__ uint64_t diagonal[2][TILE];
  __shared__ int chosen[TILE];
  __shared__ int num_chosen, kept;
  const int64_t group = blockIdx.x;
  matrix += group * n * words;
  valid += group * n;
  order += group * n;
  keep += group * most;
  const int thread = threadIdx.x;
  for (int word = thread; word < words; word += blockDim.x) {
    uint64_t bits = 0;
    for (int j = 0; j < TILE; ++j) {
      const int box = word * TILE + j;
      if (box >= n || !valid[box]) bits |= 1ull << j;
    }
    gone[word] = bits;
  }
  if (thread == 0) kept = 0;
  if (thread < TILE && thread < n) diagonal[0][thread] = matrix[static_cast<int64_t>(thread) * words];
  __syncthreads();

  for (int word = 0; word < words; ++word) {
    // Fetched while this word is settled, so that its latency is hidden.
    const int next_row = (word + 1) * TILE + thread;
    uint64_t next_diagonal = 0;
    if (thread < TILE && word + 1 < words && next_row < n)
      next_diagonal = matrix[static_cast<int64_t>(next_row) * words + word + 1];
    if (thread == 0) {
      uint64_t alive = ~gone[word];
      int num = 0;
      const int room = most - kept;
      while (alive && num < room) {
        const int j = __ffsll(static_cast<long long>(alive)) - 1;
        chosen[num++] = word * TILE + j;
        alive &= ~(diagonal[word & 1][j] | 1ull << j);
      }
      num_chosen = num;
    }
    __syncthreads();
    const int num = num_chosen, first = kept;
    for (int i = thread; i < num; i += blockDim.x) keep[first + i] = order[chosen[i]];
    // Threads share the chosen rows out in eights; each ORs its rows' words into `gone`.
    const int rest = words - word - 1;
    const int lanes = blockDim.x / 8, lane = thread % lanes, part = thread / lanes;
    for (int w = lane; w < rest; w += lanes) {
      uint64_t bits = 0;
      for (int i = part; i < num; i += 8) bits |= matrix[static_cast<int64_t>(chosen[i]) * words + word + 1 + w];
      if (bits) atomicOr(&gone[word + 1 + w], bits);
    }
    if (thread < TILE) diagonal[(word + 1) & 1][thread] = next_diagonal;
    __syncthreads();
    if (thread == 0) kept = first + num;
    __syncthreads();
    if (first + num >= most) break;
  }
  for (int place = kept + thread; place < most; place += blockDim.x) keep[place] = -1;
  if (thread == 0) count[group] = kept;
}

std::tuple<Tensor, Tensor> nms(
    const Tensor& boxes, const Tensor& scores, std::optional<Tensor> categories, double threshold, int64_t max_keep,
    std::optional<double> score_threshold) {
  const char* op = "nms";
  check_tensor(op, "boxes", boxes, {ScalarType::Float}, {ANY, ANY, 4});
  check_tensor(op, "scores", scores, {ScalarType::Float}, {boxes.size(0), boxes.size(1)});
  check_same_device(op, "scores", scores, "boxes", boxes);
  if (categories) {
    check_tensor(op, "categories", *categories, {ScalarType::Long}, {boxes.size(0), boxes.size(1)});
    check_same_device(op, "categories", *categories, "boxes", boxes);
  }
  check_range(op, "threshold", threshold, 0.0, 1.0);
  const int64_t groups = boxes.size(0), n = boxes.size(1);
  check_at_most(op, "the number of groups", groups, 65535);
  check_at_most(op, "the number of boxes of a group", n, 300000);
  const int64_t most = max_keep > 0 ? std::min(max_keep, n) : n;
  const OnDeviceOf device(boxes);
  Tensor keep = new_tensor(boxes, {groups, most}, ScalarType::Long);
  if (n == 0 || groups == 0) return {keep, new_filled(boxes, {groups}, ScalarType::Long, 0)};
  Tensor count = new_tensor(boxes, {groups}, ScalarType::Long);

  const Tensor aligned = aligned_boxes(boxes);
  const float4* boxes_data = static_cast<const float4*>(aligned.const_data_ptr());
  const float* scores_data = scores.const_data_ptr<float>();
  const int64_t* categories_data = categories ? categories->const_data_ptr<int64_t>() : nullptr;
  int64_t* keep_data = keep.mutable_data_ptr<int64_t>();
  int64_t* count_data = count.mutable_data_ptr<int64_t>();
  const Options options{
      static_cast<float>(threshold), static_cast<float>(score_threshold.value_or(0.0)), score_threshold.has_value()};
  if (n <= SMALL) {
    small_kernel<<<static_cast<unsigned>(groups), SMALL, 0, device.stream()>>>(
        boxes_data, scores_data, categories_data, static_cast<int>(n), static_cast<int>(most), options, keep_data,
        count_data);
    check_launch(op);
    return {keep, count};
  }

  const int64_t words = ceil_div(n, TILE);
  const Tensor order = falling_order(scores);
  Tensor sorted = new_tensor(boxes, {groups, n, 4}, ScalarType::Float);
  Tensor sorted_categories = new_tensor(boxes, {groups, n}, ScalarType::Int);
  Tensor valid = new_tensor(boxes, {groups, n}, ScalarType::Byte);
  Tensor matrix = new_tensor(boxes, {groups * n, words}, ScalarType::Long);
  float4* sorted_data = static_cast<float4*>(sorted.mutable_data_ptr());
  const dim3 gather_grid(blocks_for(n, 256), static_cast<unsigned>(groups));
  gather_kernel<<<gather_grid, 256, 0, device.stream()>>>(
      boxes_data, scores_data, categories_data, order.const_data_ptr<int64_t>(), static_cast<int>(n), options,
      sorted_data, sorted_categories.mutable_data_ptr<int32_t>(), valid.mutable_data_ptr<uint8_t>());
  check_launch(op);
  const unsigned tiles = static_cast<unsigned>(words);
  matrix_kernel<<<dim3(tiles, tiles, static_cast<unsigned>(groups)), TILE, 0, device.stream()>>>(
      sorted_data, sorted_categories.const_data_ptr<int32_t>(), static_cast<int>(n), static_cast<int>(words),
      options.threshold, reinterpret_cast<uint64_t*>(matrix.mutable_data_ptr()));
  check_launch(op);
  const size_t shared = static_cast<size_t>(words) * sizeof(uint64_t);
  select_kernel<<<static_cast<unsigned>(groups), 1024, shared, device.stream()>>>(
      reinterpret_cast<const uint64_t*>(matrix.const_data_ptr()), valid.const_data_ptr<uint8_t>(),
      order.const_data_ptr<int64_t>(), static_cast<int>(n), static_cast<int>(words), static_cast<int>(most), keep_data,
      count_data);
  check_launch(op);
  return {keep, count};
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CUDA, m) {
  m.impl("nms", TORCH_BOX(&seamseg::nms));
}
