// Boxes on the CPU: decoding, encoding, boxes of ids, and mask pixels in boxes through an integral image.
#include "../box_checks.h"
#include "../box_math.h"

#include <algorithm>
#include <vector>

namespace seamseg {
namespace {

Tensor shift_boxes(const Tensor& boxes, const Tensor& shifts, double height, double width) {
  check_two_boxes("shift_boxes", "boxes", boxes, "shifts", shifts);
  Tensor out = torch::stable::empty_like(boxes);
  const float *source = boxes.const_data_ptr<float>(), *moves = shifts.const_data_ptr<float>();
  float* target = out.mutable_data_ptr<float>();
  const CutTo cut{static_cast<float>(height), static_cast<float>(width)};
  torch::stable::parallel_for(0, boxes.size(0), 4096, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) shift_box(source + 4 * n, moves + 4 * n, cut, target + 4 * n);
  });
  return out;
}

Tensor box_shifts(const Tensor& source, const Tensor& target) {
  check_two_boxes("box_shifts", "source", source, "target", target);
  Tensor out = torch::stable::empty_like(source);
  const float *from = source.const_data_ptr<float>(), *to = target.const_data_ptr<float>();
  float* shifts = out.mutable_data_ptr<float>();
  torch::stable::parallel_for(0, source.size(0), 4096, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) shift_between(from + 4 * n, to + 4 * n, shifts + 4 * n);
  });
  return out;
}

struct Corners {
  int32_t y0, x0, y1, x1;
};

template <typename T>
void find_corners(const T* ids, int64_t height, int64_t width, std::vector<Corners>& corners) {
  const int64_t num = static_cast<int64_t>(corners.size());
  for (int64_t y = 0; y < height; ++y) {
    const T* row = ids + y * width;
    for (int64_t start = 0; start < width;) {
      const T id = row[start];
      int64_t end = start + 1;
      while (end < width && row[end] == id) ++end;
      if (static_cast<int64_t>(id) >= 0 && static_cast<int64_t>(id) < num) {
        Corners& box = corners[static_cast<size_t>(id)];
        box.y0 = std::min(box.y0, static_cast<int32_t>(y));
        box.x0 = std::min(box.x0, static_cast<int32_t>(start));
        box.y1 = static_cast<int32_t>(y + 1);
        box.x1 = std::max(box.x1, static_cast<int32_t>(end));
      }
      start = end;
    }
  }
}

Tensor extract_boxes(const Tensor& ids, int64_t num_ids) {
  check_extract_boxes(ids, num_ids);
  Tensor out = new_tensor(ids, {num_ids, 4}, ScalarType::Float);
  const int64_t height = ids.size(0), width = ids.size(1);
  constexpr int32_t FAR = std::numeric_limits<int32_t>::max();
  std::vector<Corners> corners(static_cast<size_t>(num_ids), Corners{FAR, FAR, -1, -1});
  if (ids.scalar_type() == ScalarType::Int) find_corners(ids.const_data_ptr<int32_t>(), height, width, corners);
  else if (ids.scalar_type() == ScalarType::Long) find_corners(ids.const_data_ptr<int64_t>(), height, width, corners);
  else find_corners(ids.const_data_ptr<uint8_t>(), height, width, corners);
  float* target = out.mutable_data_ptr<float>();
  for (const Corners& box : corners) {
    const bool found = box.y1 >= 0;
    for (int32_t side : {box.y0, box.x0, box.y1, box.x1}) *target++ = found ? static_cast<float>(side) : -1.f;
  }
  return out;
}

Tensor mask_counts(const Tensor& boxes, const Tensor& mask) {
  check_mask_counts(boxes, mask);
  const int64_t num = boxes.size(0), height = mask.size(0), width = mask.size(1);
  Tensor out = new_tensor(boxes, {num}, ScalarType::Float);
  const uint8_t* pixels = static_cast<const uint8_t*>(mask.const_data_ptr());
  std::vector<int32_t> integral(static_cast<size_t>((height + 1) * (width + 1)), 0);
  for (int64_t y = 0; y < height; ++y) {
    const int32_t* above = integral.data() + y * (width + 1);
    int32_t* row = integral.data() + (y + 1) * (width + 1);
    int32_t sum = 0;
    for (int64_t x = 0; x < width; ++x) {
      sum += pixels[y * width + x];
      row[x + 1] = above[x + 1] + sum;
    }
  }
  const float* box = boxes.const_data_ptr<float>();
  float* counts = out.mutable_data_ptr<float>();
  for (int64_t n = 0; n < num; ++n, box += 4) {
    const int64_t y0 = whole_corner(box[0], height), x0 = whole_corner(box[1], width);
    const int64_t y1 = whole_corner(box[2], height), x1 = whole_corner(box[3], width), step = width + 1;
    counts[n] = static_cast<float>(
        integral[y1 * step + x1] - integral[y0 * step + x1] - integral[y1 * step + x0] + integral[y0 * step + x0]);
  }
  return out;
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CPU, m) {
  m.impl("shift_boxes", TORCH_BOX(&seamseg::shift_boxes));
  m.impl("box_shifts", TORCH_BOX(&seamseg::box_shifts));
  m.impl("extract_boxes", TORCH_BOX(&seamseg::extract_boxes));
  m.impl("mask_counts", TORCH_BOX(&seamseg::mask_counts));
}
