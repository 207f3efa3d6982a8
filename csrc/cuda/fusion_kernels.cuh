// Kernels of the panoptic fusion on the GPU.
//
// Instances are decided in order of score, although all of them are worked on at once. The pixels of every box are cut
// into tiles, numbered by instance, and blocks draw tiles in that order. Before a tile is looked at, its block waits
// until all earlier instances whose boxes reach into it are decided; those are in tiles drawn before, hence in blocks
// that run already, so that the wait always ends. The id image meanwhile holds places in the order of score plus one;
// what belongs to an instance that was left out counts as free. Nothing is written for each instance but its pixels.
#pragma once

#include "../fusion_checks.h"
#include "../shared.h"
#include "launch.cuh"

namespace seamseg {
namespace {

constexpr int THREADS = 256;
constexpr int SETUP_THREADS = 1024;
constexpr int TILE_ROWS = 32, TILE_COLUMNS = 128;  // pixels of a tile fit into 16 bits
constexpr int PENDING = 0, TAKEN_IN = 1, LEFT_OUT = 2;
constexpr int NUM_VALUES = 256;

// Instances by place in the order of score.
struct Plan {
  float4* boxes;
  int4* ranges;                // pixels: top, left, bottom, right
  int64_t* first_tile;         // [num + 1]
  int* states;
  unsigned long long* areas;   // pixels of the mask
  unsigned long long* taken;   // of these, not free
  int* tiles_done;
  int32_t* new_ids;
};

struct Totals {
  unsigned long long next_tile;
  unsigned long long free_pixels[NUM_VALUES];  // by value of the semantic image
  int highest_value;                           // -1 if there are no pixels
  int32_t new_ids[NUM_VALUES];
};

// Inclusive sums over the block; `scratch` holds 32 values and may be used again after the next barrier.
template <typename V>
__device__ __forceinline__ V block_scan(V value, V* scratch) {
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int step = 1; step < 32; step *= 2) {
    const V other = __shfl_up_sync(0xffffffffu, value, step);
    if (lane >= step) value += other;
  }
  __syncthreads();
  if (lane == 31) scratch[warp] = value;
  __syncthreads();
  for (int w = 0; w < warp; ++w) value += scratch[w];
  return value;
}

__device__ __forceinline__ int64_t tiles_of(const int4& range) {
  const int64_t rows = range.z - range.x, columns = range.w - range.y;
  return (rows + TILE_ROWS - 1) / TILE_ROWS * ((columns + TILE_COLUMNS - 1) / TILE_COLUMNS);
}

// One block.
__global__ void __launch_bounds__(SETUP_THREADS) plan_kernel(
    const float4* __restrict__ boxes, const float* __restrict__ scores, const int64_t* __restrict__ order, int num,
    float score_threshold, int height, int width, Plan plan, Totals* totals) {
  __shared__ int64_t scratch[32];
  __shared__ int64_t before;
  for (int i = threadIdx.x; i < NUM_VALUES; i += SETUP_THREADS) totals->free_pixels[i] = 0;
  if (threadIdx.x == 0) {
    totals->next_tile = 0;
    totals->highest_value = -1;
    plan.first_tile[0] = 0;
    before = 0;
  }
  __syncthreads();
  for (int first = 0; first < num; first += SETUP_THREADS) {
    const int place = first + threadIdx.x;
    int64_t tiles = 0;
    if (place < num) {
      const int64_t n = order[place];
      const float4 box = boxes[n];
      const bool counts = scores[n] > score_threshold;
      int4 range = make_int4(0, 0, 0, 0);
      if (counts) {
        pixel_range(box.x, box.z, height, range.x, range.z);
        pixel_range(box.y, box.w, width, range.y, range.w);
        tiles = tiles_of(range);
      }
      plan.boxes[place] = box;
      plan.ranges[place] = range;
      // One without pixels is nowhere overlapped, so that it stays.
      plan.states[place] = counts ? (tiles > 0 ? PENDING : TAKEN_IN) : LEFT_OUT;
      plan.areas[place] = plan.taken[place] = 0;
      plan.tiles_done[place] = 0;
    }
    const int64_t sum = block_scan(tiles, scratch) + before;
    if (place < num) plan.first_tile[place + 1] = sum;
    __syncthreads();
    if (threadIdx.x == SETUP_THREADS - 1) before = sum;
    __syncthreads();
  }
}

// The instance that a tile belongs to.
__device__ __forceinline__ int place_of(int64_t tile, const int64_t* first_tile, int num) {
  int low = 0, high = num - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (first_tile[middle] <= tile) low = middle;
    else high = middle - 1;
  }
  return low;
}

__device__ __forceinline__ bool meet(const int4& a, const int4& b) {
  return max(a.x, b.x) < min(a.z, b.z) && max(a.y, b.y) < min(a.w, b.w);
}

__global__ void __launch_bounds__(THREADS) cover_kernel(
    const float* __restrict__ mask_logits, const int64_t* __restrict__ order, int num, int side,
    double overlap_threshold, int width, Plan plan, Totals* totals, int32_t* ids) {
  __shared__ float mask[MAX_MASK_SIDE * MAX_MASK_SIDE];
  __shared__ int64_t drawn;
  __shared__ int drawn_place, in_mask, not_free;
  const int64_t num_tiles = plan.first_tile[num];
  int loaded = -1;
  while (true) {
    if (threadIdx.x == 0) {
      drawn = static_cast<int64_t>(atomicAdd(&totals->next_tile, 1ull));
      drawn_place = drawn < num_tiles ? place_of(drawn, plan.first_tile, num) : 0;
      in_mask = not_free = 0;
    }
    __syncthreads();
    if (drawn >= num_tiles) return;
    const int place = drawn_place;
    const int64_t number = drawn - plan.first_tile[place];
    const float4 box = plan.boxes[place];
    const int4 range = plan.ranges[place];
    const int across = (range.w - range.y + TILE_COLUMNS - 1) / TILE_COLUMNS;
    int4 tile;
    tile.x = range.x + static_cast<int>(number / across) * TILE_ROWS;
    tile.y = range.y + static_cast<int>(number % across) * TILE_COLUMNS;
    tile.z = min(tile.x + TILE_ROWS, range.z);
    tile.w = min(tile.y + TILE_COLUMNS, range.w);
    if (loaded != place) {
      const float* logits = mask_logits + order[place] * side * side;
      for (int i = threadIdx.x; i < side * side; i += THREADS) mask[i] = 1.f / (1.f + expf(-logits[i]));
      loaded = place;
    }
    for (int earlier = threadIdx.x; earlier < place; earlier += THREADS) {
      if (!meet(plan.ranges[earlier], tile)) continue;
      while (*reinterpret_cast<volatile int*>(plan.states + earlier) == PENDING) __nanosleep(40);
    }
    __threadfence();
    __syncthreads();

    int area = 0, taken = 0;
    const int x = tile.y + threadIdx.x % TILE_COLUMNS;
    if (x < tile.w) {
      const float point_x = mask_point(x, box.y, box.w, side);
      for (int y = tile.x + threadIdx.x / TILE_COLUMNS; y < tile.z; y += THREADS / TILE_COLUMNS) {
        if (!(mask_sample(mask, side, mask_point(y, box.x, box.z, side), point_x) > 0.5f)) continue;
        ++area;
        // Past the first-level cache, which does not see what other blocks write.
        int32_t* pixel = ids + static_cast<int64_t>(y) * width + x;
        const int32_t owner = __ldcg(pixel);
        if (owner != 0 && __ldcg(plan.states + owner - 1) == TAKEN_IN) ++taken;
        else *pixel = place + 1;
      }
    }
    __threadfence();
    for (int step = 16; step > 0; step /= 2) {
      area += __shfl_down_sync(0xffffffffu, area, step);
      taken += __shfl_down_sync(0xffffffffu, taken, step);
    }
    if (threadIdx.x % 32 == 0 && area > 0) {
      atomicAdd(&in_mask, area);
      atomicAdd(&not_free, taken);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      atomicAdd(plan.areas + place, static_cast<unsigned long long>(in_mask));
      atomicAdd(plan.taken + place, static_cast<unsigned long long>(not_free));
      __threadfence();
      const int64_t tiles = plan.first_tile[place + 1] - plan.first_tile[place];
      if (atomicAdd(plan.tiles_done + place, 1) == tiles - 1) {
        __threadfence();
        const auto whole = static_cast<int64_t>(atomicAdd(plan.areas + place, 0ull));
        const auto lost = static_cast<int64_t>(atomicAdd(plan.taken + place, 0ull));
        atomicExch(plan.states + place, is_left_out(whole, lost, overlap_threshold) ? LEFT_OUT : TAKEN_IN);
      }
    }
    // The next turn writes what this one read.
    __syncthreads();
  }
}

__device__ __forceinline__ bool is_free(int32_t owner, const int* states) {
  return owner == 0 || states[owner - 1] != TAKEN_IN;
}

// Free pixels by value of the semantic image, and the highest value anywhere. A thread counts runs of equal pixels.
__global__ void __launch_bounds__(THREADS) count_kernel(
    const uint8_t* __restrict__ semantic, const int32_t* __restrict__ ids, const int* __restrict__ states,
    int64_t pixels, Totals* totals) {
  constexpr int COPIES = 4, RUN = 16;  // copies, so that warps rarely meet
  __shared__ unsigned int counts[COPIES][NUM_VALUES];
  __shared__ int highest;
  for (int i = threadIdx.x; i < COPIES * NUM_VALUES; i += THREADS) counts[i / NUM_VALUES][i % NUM_VALUES] = 0;
  if (threadIdx.x == 0) highest = -1;
  __syncthreads();
  unsigned int* own = counts[threadIdx.x / 32 % COPIES];
  int most = -1;
  const int64_t step = int64_t{gridDim.x} * THREADS * RUN;
  for (int64_t first = (int64_t{blockIdx.x} * THREADS + threadIdx.x) * RUN; first < pixels; first += step) {
    const int64_t end = min(first + RUN, pixels);
    int value = -1, length = 0;
    int32_t owner = 0;
    bool free = true;
    for (int64_t i = first; i < end; ++i) {
      const int here = semantic[i];
      const int32_t owner_here = ids[i];
      most = max(most, here);
      if (owner_here != owner) {
        owner = owner_here;
        free = is_free(owner, states);
      }
      if (here != value) {
        if (length) atomicAdd(own + value, length);
        value = here;
        length = 0;
      }
      length += free;
    }
    if (length) atomicAdd(own + value, length);
  }
  for (int other = 16; other > 0; other /= 2) most = max(most, __shfl_down_sync(0xffffffffu, most, other));
  if (threadIdx.x % 32 == 0) atomicMax(&highest, most);
  __syncthreads();
  for (int i = threadIdx.x; i < NUM_VALUES; i += THREADS) {
    unsigned long long sum = 0;
    for (int copy = 0; copy < COPIES; ++copy) sum += counts[copy][i];
    if (sum) atomicAdd(totals->free_pixels + i, sum);
  }
  if (threadIdx.x == 0 && highest >= 0) atomicMax(&totals->highest_value, highest);
}

struct Segments {
  int64_t* categories;
  float* scores;
  bool* is_crowd;
  int64_t* count;
  int most;
};

// One block: numbers the segments, instances first, and writes their records.
__global__ void __launch_bounds__(SETUP_THREADS) number_kernel(
    const int64_t* __restrict__ categories, const float* __restrict__ scores, const int64_t* __restrict__ order,
    int num, int64_t num_stuff, double min_stuff_area, Plan plan, Totals* totals, Segments out) {
  __shared__ int scratch[32];
  __shared__ int before;
  for (int i = threadIdx.x; i < out.most; i += SETUP_THREADS) {
    out.categories[i] = NUM_CATEGORIES;
    out.scores[i] = 0.f;
    out.is_crowd[i] = false;
  }
  if (threadIdx.x == 0) before = 1;
  __syncthreads();
  for (int first = 0; first < num; first += SETUP_THREADS) {
    const int place = first + threadIdx.x;
    const bool stays = place < num && plan.states[place] == TAKEN_IN;
    const int sum = block_scan(static_cast<int>(stays), scratch) + before;
    if (place < num) plan.new_ids[place] = stays ? sum - 1 : 0;
    if (stays) {
      const int64_t n = order[place];
      out.categories[sum - 1] = categories[n] + num_stuff;
      out.scores[sum - 1] = scores[n];
    }
    __syncthreads();
    if (threadIdx.x == SETUP_THREADS - 1) before = sum;
    __syncthreads();
  }
  const int value = threadIdx.x, last = min(totals->highest_value, static_cast<int>(NUM_CATEGORIES) - 1);
  const bool stays = value <= last && static_cast<double>(totals->free_pixels[value]) >= min_stuff_area;
  const int sum = block_scan(static_cast<int>(stays), scratch) + before;
  if (value < NUM_VALUES) totals->new_ids[value] = stays ? sum - 1 : 0;
  if (stays) {
    out.categories[sum - 1] = value;
    out.scores[sum - 1] = 1.f;
    out.is_crowd[sum - 1] = value >= num_stuff;
  }
  if (threadIdx.x == SETUP_THREADS - 1) *out.count = sum;
}

__device__ __forceinline__ int32_t final_id(
    int32_t owner, int value, const int* states, const int32_t* instance_ids, const int32_t* stuff_ids) {
  return is_free(owner, states) ? stuff_ids[value] : instance_ids[owner - 1];
}

__global__ void __launch_bounds__(THREADS) paint_kernel(
    const uint8_t* __restrict__ semantic, Plan plan, const Totals* __restrict__ totals, int64_t pixels, int64_t packs,
    int32_t* ids) {
  __shared__ int32_t stuff_ids[NUM_VALUES];
  stuff_ids[threadIdx.x] = totals->new_ids[threadIdx.x];
  __syncthreads();
  const int64_t step = int64_t{gridDim.x} * THREADS, begin = int64_t{blockIdx.x} * THREADS + threadIdx.x;
  for (int64_t i = begin; i < packs; i += step) {
    auto owners = load_pack<int32_t, 4>(ids + 4 * i);
    const auto values = load_pack<uint8_t, 4>(semantic + 4 * i);
#pragma unroll
    for (int v = 0; v < 4; ++v)
      owners.values[v] = final_id(owners.values[v], values.values[v], plan.states, plan.new_ids, stuff_ids);
    store_pack<int32_t, 4>(ids + 4 * i, owners);
  }
  for (int64_t i = 4 * packs + begin; i < pixels; i += step)
    ids[i] = final_id(ids[i], semantic[i], plan.states, plan.new_ids, stuff_ids);
}

}  // namespace
}  // namespace seamseg
