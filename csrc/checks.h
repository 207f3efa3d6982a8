// What every op checks before it touches memory. Messages name the op, the argument and what was received.
#pragma once

#include <torch/csrc/stable/library.h>
#include <torch/csrc/stable/ops.h>
#include <torch/csrc/stable/tensor.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
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
  std::ostringstream text;
  text << dtype_name(tensor.scalar_type()) << " [";
  for (int64_t axis = 0; axis < tensor.dim(); ++axis) text << (axis ? ", " : "") << tensor.size(axis);
  text << "] on ";
  if (tensor.is_cuda()) {
    text << "cuda:" << tensor.get_device_index();
  } else {
    text << (tensor.is_cpu() ? "cpu" : "another device");
  }
  return text.str();
}

// Throws what Python shows as RuntimeError, without places in our source, which say nothing to the caller.
template <typename... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw std::runtime_error(text.str());
}

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
    std::ostringstream wanted;
    const char* separator = "";
    for (ScalarType dtype : dtypes) {
      wanted << separator << dtype_name(dtype);
      separator = " or ";
    }
    wanted << " [";
    separator = "";
    for (int64_t size : shape) {
      wanted << separator;
      if (size == ANY) wanted << "*"; else wanted << size;
      separator = ", ";
    }
    wanted << "]";
    fail(op, ": ", name, " must be ", wanted.str(), ", got ", describe(tensor));
  }
  check(
      !contiguous || tensor.is_contiguous(), op, ": ", name, " must be contiguous, got strided ", describe(tensor));
}

inline void check_same_device(
    const char* op, const char* name, const Tensor& tensor, const char* with_name, const Tensor& with) {
  check(
      on_same_device(tensor, with), op, ": ", name, " must be on the device of ", with_name, " (", describe(with),
      "), got ", describe(tensor));
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
