// Panoptic fusion on the CPU: each mask is looked at only inside its own box, and each pixel is written once or twice.
#include "../fusion_checks.h"
#include "../shared.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <tuple>
#include <vector>

namespace seamseg {
namespace {

struct Counts {
  int64_t area, taken;
};

// Writes `id` where the mask lies over free pixels; the caller takes it back if the instance is left out.
Counts lay_mask(const float* mask, int side, const float* box, int32_t id, int height, int width, int32_t* ids) {
  int top, bottom, left, right;
  pixel_range(box[0], box[2], height, top, bottom);
  pixel_range(box[1], box[3], width, left, right);
  std::atomic<int64_t> area{0}, taken{0};
  torch::stable::parallel_for(top, bottom, 64, [&](int64_t begin, int64_t end) {
    int64_t own_area = 0, own_taken = 0;
    for (int64_t y = begin; y < end; ++y) {
      const float point_y = mask_point(static_cast<int>(y), box[0], box[2], side);
      int32_t* row = ids + y * width;
      for (int x = left; x < right; ++x) {
        if (!(mask_sample(mask, side, point_y, mask_point(x, box[1], box[3], side)) > 0.5f)) continue;
        ++own_area;
        if (row[x] == 0) row[x] = id;
        else ++own_taken;
      }
    }
    area += own_area;
    taken += own_taken;
  });
  return {area, taken};
}

void take_back(const float* box, int32_t id, int height, int width, int32_t* ids) {
  int top, bottom, left, right;
  pixel_range(box[0], box[2], height, top, bottom);
  pixel_range(box[1], box[3], width, left, right);
  for (int64_t y = top; y < bottom; ++y) {
    int32_t* row = ids + y * width;
    std::replace(row + left, row + right, id, int32_t{0});
  }
}

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor> panoptic_fusion(
    const Tensor& semantic, const Tensor& boxes, const Tensor& categories, const Tensor& scores,
    const Tensor& mask_logits, int64_t num_stuff, double score_threshold, double overlap_threshold,
    double min_stuff_area) {
  check_fusion(semantic, boxes, categories, scores, mask_logits, num_stuff, overlap_threshold);
  const int64_t num = boxes.size(0);
  const int height = static_cast<int>(semantic.size(0)), width = static_cast<int>(semantic.size(1));
  const int side = static_cast<int>(mask_logits.size(1));
  const int64_t most = 1 + num + NUM_CATEGORIES;
  Tensor ids = new_filled(semantic, {height, width}, ScalarType::Int, 0);
  Tensor out_categories = new_filled(semantic, {most}, ScalarType::Long, 255);
  Tensor out_scores = new_filled(semantic, {most}, ScalarType::Float, 0);
  Tensor out_crowd = new_filled(semantic, {most}, ScalarType::Bool, 0);
  Tensor count = new_filled(semantic, {1}, ScalarType::Long, 1);
  int32_t* ids_data = ids.mutable_data_ptr<int32_t>();
  int64_t* category_data = out_categories.mutable_data_ptr<int64_t>();
  float* score_data = out_scores.mutable_data_ptr<float>();
  bool* crowd_data = out_crowd.mutable_data_ptr<bool>();
  const float* boxes_data = boxes.const_data_ptr<float>();
  const float* given_scores = scores.const_data_ptr<float>();

  std::vector<int64_t> order(static_cast<size_t>(num));
  std::iota(order.begin(), order.end(), 0);
  const float lowest = static_cast<float>(score_threshold);
  order.erase(
      std::remove_if(order.begin(), order.end(), [&](int64_t n) { return !(given_scores[n] > lowest); }), order.end());
  std::stable_sort(
      order.begin(), order.end(), [&](int64_t a, int64_t b) { return given_scores[a] > given_scores[b]; });

  int32_t next = 1;
  std::vector<float> mask(static_cast<size_t>(side) * side);
  for (int64_t n : order) {
    const float* logits = mask_logits.const_data_ptr<float>() + n * side * side;
    for (size_t i = 0; i < mask.size(); ++i) mask[i] = 1.f / (1.f + std::exp(-logits[i]));
    const float* box = boxes_data + 4 * n;
    const Counts counts = lay_mask(mask.data(), side, box, next, height, width, ids_data);
    if (is_left_out(counts.area, counts.taken, overlap_threshold)) {
      if (counts.taken < counts.area) take_back(box, next, height, width, ids_data);
      continue;
    }
    // Unsigned, so that a category of nonsense wraps around instead of overflowing.
    const uint64_t category = static_cast<uint64_t>(categories.const_data_ptr<int64_t>()[n]);
    category_data[next] = static_cast<int64_t>(category + static_cast<uint64_t>(num_stuff));
    score_data[next] = given_scores[n];
    ++next;
  }

  const uint8_t* semantic_data = semantic.const_data_ptr<uint8_t>();
  const int64_t pixels = static_cast<int64_t>(height) * width;
  std::vector<int64_t> areas(256, 0);
  for (int64_t i = 0; i < pixels; ++i) areas[semantic_data[i]] += ids_data[i] == 0;
  std::vector<uint8_t> seen(256, 0);
  for (int64_t i = 0; i < pixels; ++i) seen[semantic_data[i]] = 1;
  int64_t last = -1;
  for (int64_t c = 0; c < NUM_CATEGORIES; ++c) last = seen[c] ? c : last;
  if (seen[255]) last = NUM_CATEGORIES - 1;
  std::vector<int32_t> new_ids(256, 0);
  for (int64_t c = 0; c <= last; ++c) {
    if (!(static_cast<double>(areas[c]) >= min_stuff_area)) continue;
    category_data[next] = c;
    score_data[next] = 1.f;
    crowd_data[next] = c >= num_stuff;
    new_ids[c] = next++;
  }
  for (int64_t i = 0; i < pixels; ++i) ids_data[i] = ids_data[i] == 0 ? new_ids[semantic_data[i]] : ids_data[i];
  count.mutable_data_ptr<int64_t>()[0] = next;
  return {ids, out_categories, out_scores, out_crowd, count};
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CPU, m) {
  m.impl("panoptic_fusion", TORCH_BOX(&seamseg::panoptic_fusion));
}
