// Bilinear resizing of category logits with the argmax taken at once: full-size logits never exist.
#include "../semantic_checks.h"
#include "../shared.h"
#include "dispatch.h"

#include <tuple>
#include <vector>

namespace seamseg {
namespace {

struct Row {
  std::vector<float> best, runner_up;
  std::vector<uint8_t> index, second;
};

// One more category: `left` and `weight` say where each output pixel falls in `tall`, a row of resized logits.
SEAMSEG_CLONES
void compare(
    const float* __restrict values, const int32_t* __restrict left, const int32_t* __restrict right,
    const float* __restrict weight, int64_t width, uint8_t category, float* __restrict best,
    uint8_t* __restrict index) {
  for (int64_t x = 0; x < width; ++x) {
    const float a = values[left[x]], value = a + weight[x] * (values[right[x]] - a);
    const bool better = value > best[x];
    best[x] = better ? value : best[x];
    index[x] = better ? category : index[x];
  }
}

void compare_two(
    const float* values, const int32_t* left, const int32_t* right, const float* weight, int64_t width,
    uint8_t category, Row& row) {
  for (int64_t x = 0; x < width; ++x) {
    const float a = values[left[x]], value = a + weight[x] * (values[right[x]] - a);
    const bool better = value > row.best[x], second = !better && value > row.runner_up[x];
    row.runner_up[x] = better ? row.best[x] : (second ? value : row.runner_up[x]);
    row.second[x] = better ? row.index[x] : (second ? category : row.second[x]);
    row.best[x] = better ? value : row.best[x];
    row.index[x] = better ? category : row.index[x];
  }
}

std::tuple<Tensor, Tensor, Tensor> best_categories(
    const Tensor& logits, int64_t height, int64_t width, bool with_second) {
  const char* op = "best_categories";
  check_best_categories(logits, height, width);
  const int64_t categories = logits.size(0), low_height = logits.size(1), low_width = logits.size(2);
  Tensor best = new_tensor(logits, {height, width}, ScalarType::Byte);
  Tensor second = new_tensor(logits, {with_second ? height : 0, with_second ? width : 0}, ScalarType::Byte);
  Tensor margin = new_tensor(logits, {with_second ? height : 0, with_second ? width : 0}, ScalarType::Float);
  uint8_t* best_data = best.mutable_data_ptr<uint8_t>();
  uint8_t* second_data = with_second ? second.mutable_data_ptr<uint8_t>() : nullptr;
  float* margin_data = with_second ? margin.mutable_data_ptr<float>() : nullptr;

  std::vector<int32_t> left(width), right(width);
  std::vector<float> weight(width);
  const float ratio_x = resize_ratio(low_width, width), ratio_y = resize_ratio(low_height, height);
  for (int64_t x = 0; x < width; ++x)
    resize_tap(static_cast<int>(x), ratio_x, static_cast<int>(low_width), left[x], right[x], weight[x]);
  const int64_t step_k = logits.stride(0), step_y = logits.stride(1), step_x = logits.stride(2);
  dispatch_float(op, logits.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    const T* data = static_cast<const T*>(logits.const_data_ptr());
    torch::stable::parallel_for(0, height, 8, [&](int64_t begin, int64_t end) {
      Row row;
      row.best.resize(width), row.runner_up.resize(width), row.index.resize(width), row.second.resize(width);
      std::vector<float> values(low_width);
      for (int64_t y = begin; y < end; ++y) {
        int above, below;
        float fraction;
        resize_tap(static_cast<int>(y), ratio_y, static_cast<int>(low_height), above, below, fraction);
        std::fill(row.best.begin(), row.best.end(), -std::numeric_limits<float>::infinity());
        std::fill(row.runner_up.begin(), row.runner_up.end(), -std::numeric_limits<float>::infinity());
        std::fill(row.index.begin(), row.index.end(), uint8_t{0});
        std::fill(row.second.begin(), row.second.end(), uint8_t{255});
        for (int64_t k = 0; k < categories; ++k) {
          const T* top = data + k * step_k + above * step_y;
          const T* bottom = data + k * step_k + below * step_y;
          for (int64_t x = 0; x < low_width; ++x) {
            const float a = finite_logit(static_cast<float>(top[x * step_x]));
            const float b = finite_logit(static_cast<float>(bottom[x * step_x]));
            values[x] = a + fraction * (b - a);
          }
          const uint8_t category = static_cast<uint8_t>(k);
          if (with_second) compare_two(values.data(), left.data(), right.data(), weight.data(), width, category, row);
          else compare(values.data(), left.data(), right.data(), weight.data(), width, category, row.best.data(), row.index.data());
        }
        std::copy(row.index.begin(), row.index.end(), best_data + y * width);
        if (!with_second) continue;
        for (int64_t x = 0; x < width; ++x) {
          const bool has_second = row.runner_up[x] != -std::numeric_limits<float>::infinity();
          second_data[y * width + x] = has_second ? row.second[x] : uint8_t{255};
          margin_data[y * width + x] = row.best[x] - row.runner_up[x];
        }
      }
    });
  });
  return {best, second, margin};
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CPU, m) {
  m.impl("best_categories", TORCH_BOX(&seamseg::best_categories));
}
