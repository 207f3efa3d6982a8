// Non-maximum suppression on the CPU: sort once, then compare each box with those kept before it, vectorised, until one
// suppresses it or enough are kept.
#include "../checks.h"
#include "simd.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <tuple>
#include <vector>

namespace seamseg {
namespace {

// Boxes that stay, side by side by coordinate.
struct Kept {
  std::vector<float> y0, x0, y1, x1, area;
  std::vector<int32_t> category;
  int64_t num = 0;
};

struct Candidate {
  float y0, x0, y1, x1, area;
  int32_t category;
};

// Whether the IoU with one of boxes [begin, end) reaches the threshold. 0 / 0 is NaN, which reaches nothing.
SEAMSEG_CLONES
int32_t meets(
    const float* __restrict y0, const float* __restrict x0, const float* __restrict y1, const float* __restrict x1,
    const float* __restrict area, const int32_t* __restrict category, int64_t begin, int64_t end, Candidate box,
    float threshold) {
  int32_t found = 0;
  for (int64_t i = begin; i < end; ++i) {
    float height = (y1[i] < box.y1 ? y1[i] : box.y1) - (y0[i] > box.y0 ? y0[i] : box.y0);
    float width = (x1[i] < box.x1 ? x1[i] : box.x1) - (x0[i] > box.x0 ? x0[i] : box.x0);
    height = height > 0.f ? height : 0.f;
    width = width > 0.f ? width : 0.f;
    const float inter = height * width;
    found |= static_cast<int32_t>(inter / (area[i] + box.area - inter) >= threshold) &
             static_cast<int32_t>(category[i] == box.category);
  }
  return found;
}

bool is_suppressed(const Kept& kept, const Candidate& box, float threshold) {
  constexpr int64_t AT_ONCE = 128;
  for (int64_t begin = 0; begin < kept.num; begin += AT_ONCE) {
    const int64_t end = std::min(begin + AT_ONCE, kept.num);
    if (meets(
            kept.y0.data(), kept.x0.data(), kept.y1.data(), kept.x1.data(), kept.area.data(), kept.category.data(),
            begin, end, box, threshold)) {
      return true;
    }
  }
  return false;
}

// Falling, NaN first, ties in the order of the input: as torch.sort(descending=True, stable=True).
bool before(float a, float b) {
  return std::isnan(a) ? !std::isnan(b) : a > b;
}

int64_t nms_group(
    const float* boxes, const float* scores, const int64_t* categories, int64_t n, float threshold, int64_t max_keep,
    std::optional<double> score_threshold, int64_t* keep) {
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  if (score_threshold) {
    const float lowest = static_cast<float>(*score_threshold);
    order.erase(
        std::remove_if(order.begin(), order.end(), [&](int64_t i) { return !(scores[i] > lowest); }), order.end());
    n = static_cast<int64_t>(order.size());
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return before(scores[a], scores[b]); });

  Kept kept;
  const int64_t most = std::min(n, max_keep);
  for (auto* side : {&kept.y0, &kept.x0, &kept.y1, &kept.x1, &kept.area}) side->resize(most);
  kept.category.resize(most);
  for (int64_t i = 0; i < n && kept.num < max_keep; ++i) {
    const float* box = boxes + 4 * order[i];
    const Candidate candidate{
        box[0], box[1], box[2], box[3], (box[2] - box[0]) * (box[3] - box[1]),
        categories ? static_cast<int32_t>(categories[order[i]]) : 0};
    if (is_suppressed(kept, candidate, threshold)) continue;
    const int64_t k = kept.num++;
    keep[k] = order[i];
    kept.y0[k] = candidate.y0, kept.x0[k] = candidate.x0, kept.y1[k] = candidate.y1, kept.x1[k] = candidate.x1;
    kept.area[k] = candidate.area;
    kept.category[k] = candidate.category;
  }
  return kept.num;
}

std::tuple<Tensor, Tensor> nms(
    const Tensor& boxes, const Tensor& scores, std::optional<Tensor> categories, double threshold, int64_t max_keep,
    std::optional<double> score_threshold) {
  check_tensor("nms", "boxes", boxes, {ScalarType::Float}, {ANY, ANY, 4});
  check_tensor("nms", "scores", scores, {ScalarType::Float}, {boxes.size(0), boxes.size(1)});
  check_same_device("nms", "scores", scores, "boxes", boxes);
  if (categories) {
    check_tensor("nms", "categories", *categories, {ScalarType::Long}, {boxes.size(0), boxes.size(1)});
    check_same_device("nms", "categories", *categories, "boxes", boxes);
  }
  check_range("nms", "threshold", threshold, 0.0, 1.0);
  const int64_t groups = boxes.size(0), n = boxes.size(1);
  const int64_t most = max_keep > 0 ? std::min(max_keep, n) : n;
  Tensor keep = new_filled(boxes, {groups, most}, ScalarType::Long, -1);
  Tensor count = new_filled(boxes, {groups}, ScalarType::Long, 0);
  if (n == 0 || groups == 0) return {keep, count};

  const float* boxes_data = boxes.const_data_ptr<float>();
  const float* scores_data = scores.const_data_ptr<float>();
  const int64_t* categories_data = categories ? categories->const_data_ptr<int64_t>() : nullptr;
  int64_t* keep_data = keep.mutable_data_ptr<int64_t>();
  int64_t* count_data = count.mutable_data_ptr<int64_t>();
  torch::stable::parallel_for(0, groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t g = begin; g < end; ++g) {
      count_data[g] = nms_group(
          boxes_data + g * n * 4, scores_data + g * n, categories_data ? categories_data + g * n : nullptr, n,
          static_cast<float>(threshold), most, score_threshold, keep_data + g * most);
    }
  });
  return {keep, count};
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CPU, m) {
  m.impl("nms", TORCH_BOX(&seamseg::nms));
}
