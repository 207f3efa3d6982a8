// Sorting by PyTorch, which does not wait for the GPU.
#pragma once

#include "../checks.h"

#include <array>
#include <optional>

namespace seamseg {

// Indices in falling order of the last axis, NaN first, ties by rising index.
inline Tensor falling_order(const Tensor& scores) {
  // aten::sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor, Tensor)
  std::array<StableIValue, 4> stack{
      torch::stable::detail::from(scores), torch::stable::detail::from(std::optional<bool>(true)),
      torch::stable::detail::from(int64_t{-1}), torch::stable::detail::from(true)};
  TORCH_ERROR_CODE_CHECK(torch_call_dispatcher("aten::sort", "stable", stack.data(), TORCH_ABI_VERSION));
  (void)torch::stable::detail::to<Tensor>(stack[0]);
  return torch::stable::detail::to<Tensor>(stack[1]);
}

}  // namespace seamseg
