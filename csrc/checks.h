// What every op checks before it touches memory. Messages name the op, the argument and what was received.
#pragma once

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace seamseg {

using torch::headeronly::ScalarType;
using torch::stable::Tensor;

constexpr int64_t ANY = -1;  // a size that is not checked

inline const char* dtype_name(ScalarType dtype) {
  switch (dtype) {
    case ScalarType::Float: return "float32";
    case ScalarType::Double: return "float64";
    case ScalarType::Half: return "float16";
    case ScalarType::BFloat16: return "bfloat16";
    case ScalarType::Byte: return "uint8";
    case ScalarType::Short: return "int16";
    case ScalarType::Int: return "int32";
    case ScalarType::Long: return "int64";
    case ScalarType::Bool: return "bool";
    default: return "another type";
  }
}

// "float32 [5, 4] on cuda:0"
inline std::string describe(const Tensor& tensor) {
  std::string text = dtype_name(tensor.scalar_type());
  text += " [";
  for (int64_t axis = 0; axis < tensor.dim(); ++axis) text += (axis ? ", " : "") + std::to_string(tensor.size(axis));
  text += "] on ";
  if (tensor.is_cuda()) return text + "cuda:" + std::to_string(tensor.get_device_index());
  return text + (tensor.is_cpu() ? "cpu" : "another device");
}

// Adds one part of a message. No streams: where the linker finds libstdc++ only as an archive, a second copy of their
// locales beside that of Python's process crashes at the first number printed.
template <typename Part>
void append(std::string& text, const Part& part) {
  if constexpr (std::is_same_v<Part, Tensor>) {
    text += describe(part);
  } else if constexpr (std::is_floating_point_v<Part>) {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%g", static_cast<double>(part));
    text += digits;
  } else if constexpr (std::is_integral_v<Part>) {
    text += std::to_string(part);
  } else {
    text += part;
  }
}

// Throws what Python shows as RuntimeError, without places in our source, which say nothing to the caller.
template <typename... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::string text;
  (append(text, parts), ...);
  throw std::runtime_error(text);
}

// The message is put together only where it is needed.
template <typename... Parts>
void check(bool condition, const Parts&... parts) {
  if (!condition) fail(parts...);
}

inline bool on_same_device(const Tensor& a, const Tensor& b) {
  return a.is_cuda() == b.is_cuda() && a.is_cpu() == b.is_cpu() && a.get_device_index() == b.get_device_index();
}

// Checks type, shape (ANY matches any size) and dense row-major layout.
inline void check_tensor(
    const char* op, const char* name, const Tensor& tensor, std::initializer_list<ScalarType> dtypes,
    std::initializer_list<int64_t> shape, bool contiguous = true) {
  bool fits = tensor.dim() == static_cast<int64_t>(shape.size());
  int64_t axis = 0;
  for (int64_t size : shape) {
    if (!fits) break;
    fits = size == ANY || tensor.size(axis) == size;
    ++axis;
  }
  bool typed = false;
  for (ScalarType dtype : dtypes) typed = typed || tensor.scalar_type() == dtype;
  if (!fits || !typed) {
    std::string wanted;
    for (ScalarType dtype : dtypes) wanted += (wanted.empty() ? "" : " or ") + std::string(dtype_name(dtype));
    const char* separator = " [";
    for (int64_t size : shape) {
      wanted += separator + (size == ANY ? "*" : std::to_string(size));
      separator = ", ";
    }
    wanted += shape.size() == 0 ? " []" : "]";
    fail(op, ": ", name, " must be ", wanted, ", got ", tensor);
  }
  check(
      !contiguous || tensor.is_contiguous(), op, ": ", name, " must be contiguous, got strided ", tensor);
}

inline void check_same_device(
    const char* op, const char* name, const Tensor& tensor, const char* with_name, const Tensor& with) {
  check(
      on_same_device(tensor, with), op, ": ", name, " must be on the device of ", with_name, " (", with,
      "), got ", tensor);
}

// Written so that NaN fails.
inline void check_range(const char* op, const char* name, double value, double lowest, double highest) {
  check(
      value >= lowest && value <= highest, op, ": ", name, " must be between ", lowest, " and ", highest, ", got ",
      value);
}

inline void check_at_most(const char* op, const char* what, int64_t value, int64_t most) {
  check(value <= most, op, ": ", what, " must be at most ", most, ", got ", value);
}

inline Tensor new_tensor(const Tensor& like, std::initializer_list<int64_t> shape, ScalarType dtype) {
  const std::vector<int64_t> sizes(shape);
  return torch::stable::new_empty(like, sizes, dtype);
}

inline Tensor new_filled(const Tensor& like, std::initializer_list<int64_t> shape, ScalarType dtype, double value) {
  Tensor result = new_tensor(like, shape, dtype);
  if (result.numel() > 0) torch::stable::fill_(result, value);
  return result;
}

}  // namespace seamseg
