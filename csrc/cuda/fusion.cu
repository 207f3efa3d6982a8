// Panoptic fusion on the GPU: checks, memory and launches. The kernels are in fusion_kernels.cuh.
//
// The host never waits, and the memory beside the results is a few bytes for each instance.
#include "fusion_kernels.cuh"
#include "order.cuh"

#include <tuple>

namespace seamseg {
namespace {

static_assert(THREADS == NUM_VALUES, "the painter loads one number a thread");
static_assert(TILE_ROWS * TILE_COLUMNS < 65536 && THREADS % TILE_COLUMNS == 0);

template <typename T>
T* part(uintptr_t& place, int64_t num) {
  T* begin = reinterpret_cast<T*>(place);
  place += static_cast<uintptr_t>(ceil_div(num * static_cast<int64_t>(sizeof(T)), 16) * 16);
  return begin;
}

// Where the parts of memory that begins at `memory` lie, and how many bytes they take.
int64_t divide(uintptr_t memory, int64_t num, Plan& plan, Totals*& totals) {
  uintptr_t place = memory;
  totals = part<Totals>(place, 1);
  plan.boxes = part<float4>(place, num);
  plan.ranges = part<int4>(place, num);
  plan.first_tile = part<int64_t>(place, num + 1);
  plan.areas = part<unsigned long long>(place, num);
  plan.taken = part<unsigned long long>(place, num);
  plan.states = part<int>(place, num);
  plan.tiles_done = part<int>(place, num);
  plan.new_ids = part<int32_t>(place, num);
  return static_cast<int64_t>(place - memory);
}

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> panoptic_fusion(
    const Tensor& semantic, const Tensor& boxes, const Tensor& categories, const Tensor& scores,
    const Tensor& mask_logits, int64_t num_stuff, double score_threshold, double overlap_threshold,
    double min_stuff_area) {
  const char* op = "panoptic_fusion";
  check_fusion(semantic, boxes, categories, scores, mask_logits, num_stuff, overlap_threshold);
  const OnDeviceOf device(semantic);
  const Tensor aligned = aligned_boxes(boxes);
  const cudaStream_t stream = device.stream();
  const int64_t num = boxes.size(0), pixels = semantic.numel(), most = 1 + num + NUM_CATEGORIES;
  const int height = static_cast<int>(semantic.size(0)), width = static_cast<int>(semantic.size(1));
  const int side = static_cast<int>(mask_logits.size(1)), count = static_cast<int>(num);
  Tensor ids = new_filled(semantic, {height, width}, ScalarType::Int, 0);
  Tensor out_categories = new_tensor(semantic, {most}, ScalarType::Long);
  Tensor out_scores = new_tensor(semantic, {most}, ScalarType::Float);
  Tensor out_crowd = new_tensor(semantic, {most}, ScalarType::Bool);
  Tensor out_count = new_tensor(semantic, {1}, ScalarType::Long);
  const Tensor order = falling_order(scores);
  Plan plan{};
  Totals* totals = nullptr;
  Tensor memory = new_tensor(semantic, {divide(0, num, plan, totals)}, ScalarType::Byte);
  divide(reinterpret_cast<uintptr_t>(memory.mutable_data_ptr()), num, plan, totals);
  const int64_t* order_data = order.const_data_ptr<int64_t>();
  const float* scores_data = scores.const_data_ptr<float>();
  int32_t* ids_data = ids.mutable_data_ptr<int32_t>();
  const uint8_t* semantic_data = semantic.const_data_ptr<uint8_t>();

  plan_kernel<<<1, SETUP_THREADS, 0, stream>>>(
      static_cast<const float4*>(aligned.const_data_ptr()), scores_data, order_data, count,
      static_cast<float>(score_threshold), height, width, plan, totals);
  check_launch(op);
  if (num > 0 && pixels > 0) {
    cover_kernel<<<static_cast<unsigned>(num_multiprocessors(op) * 6), THREADS, 0, stream>>>(
        mask_logits.const_data_ptr<float>(), order_data, count, side, overlap_threshold, width, plan, totals, ids_data);
    check_launch(op);
  }
  if (pixels > 0) {
    count_kernel<<<blocks_for(pixels, THREADS * 16), THREADS, 0, stream>>>(
        semantic_data, ids_data, plan.states, pixels, totals);
    check_launch(op);
  }
  const Segments segments{
      out_categories.mutable_data_ptr<int64_t>(), out_scores.mutable_data_ptr<float>(),
      out_crowd.mutable_data_ptr<bool>(), out_count.mutable_data_ptr<int64_t>(), static_cast<int>(most)};
  number_kernel<<<1, SETUP_THREADS, 0, stream>>>(
      categories.const_data_ptr<int64_t>(), scores_data, order_data, count, num_stuff, min_stuff_area, plan, totals,
      segments);
  check_launch(op);
  if (pixels > 0) {
    paint_kernel<<<blocks_for(pixels, THREADS * 4), THREADS, 0, stream>>>(
        semantic_data, plan, totals, pixels, is_aligned(semantic_data, 4) ? pixels / 4 : 0, ids_data);
    check_launch(op);
  }
  return {ids, out_categories, out_scores, out_crowd, out_count};
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CUDA, m) {
  m.impl("panoptic_fusion", TORCH_BOX(&seamseg::panoptic_fusion));
}
