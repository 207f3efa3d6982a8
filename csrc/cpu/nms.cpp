// Non-maximum suppression on the CPU: sort once, then compare each kept box with all later ones, vectorised.
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

struct SortedBoxes {
  std::vector<float> y0, x0, y1, x1, area;
  std::vector<int32_t> category;
};

// Marks every later box whose IoU with box i reaches the threshold. 0 / 0 is NaN, which reaches nothing.
SEAMSEG_CLONES
void suppress(
    const float* __restrict y0, const float* __restrict x0, const float* __restrict y1, const float* __restrict x1,
    const float* __restrict area, const int32_t* __restrict category, uint8_t* __restrict gone, int64_t i, int64_t n,
    float threshold) {
  const float top = y0[i], left = x0[i], bottom = y1[i], right = x1[i], own = area[i];
  const int32_t kind = category[i];
  for (int64_t j = i + 1; j < n; ++j) {
    float height = (bottom < y1[j] ? bottom : y1[j]) - (top > y0[j] ? top : y0[j]);
    float width = (right < x1[j] ? right : x1[j]) - (left > x0[j] ? left : x0[j]);
    height = height > 0.f ? height : 0.f;
    width = width > 0.f ? width : 0.f;
    const float inter = height * width;
    const bool overlaps = inter / (own + area[j] - inter) >= threshold;
    gone[j] |= static_cast<uint8_t>(overlaps & (category[j] == kind));
  }
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

  SortedBoxes sorted;
  for (auto* side : {&sorted.y0, &sorted.x0, &sorted.y1, &sorted.x1, &sorted.area}) side->resize(n);
  sorted.category.assign(n, 0);
  for (int64_t i = 0; i < n; ++i) {
    if (categories) sorted.category[i] = static_cast<int32_t>(categories[order[i]]);
    const float* box = boxes + 4 * order[i];
    sorted.y0[i] = box[0], sorted.x0[i] = box[1], sorted.y1[i] = box[2], sorted.x1[i] = box[3];
    sorted.area[i] = (box[2] - box[0]) * (box[3] - box[1]);
  }
  std::vector<uint8_t> gone(n, 0);
  int64_t count = 0;
  for (int64_t i = 0; i < n && count < max_keep; ++i) {
    if (gone[i]) continue;
    keep[count++] = order[i];
    suppress(
        sorted.y0.data(), sorted.x0.data(), sorted.y1.data(), sorted.x1.data(), sorted.area.data(),
        sorted.category.data(), gone.data(), i, n, threshold);
  }
  return count;
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
