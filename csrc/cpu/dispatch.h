// Calls a generic lambda with a value of the C++ type of a floating point tensor.
#pragma once

#include "../checks.h"
#include "../shared.h"
#include "simd.h"

#include <torch/headeronly/util/BFloat16.h>
#include <torch/headeronly/util/Half.h>

namespace seamseg {

// What sums are taken in.
template <typename T>
struct Accumulator {
  using type = float;
};
template <>
struct Accumulator<double> {
  using type = double;
};

template <>
struct Rounding<c10::Half> {
  static constexpr float value = 1.f / 2048;
};
template <>
struct Rounding<c10::BFloat16> {
  static constexpr float value = 1.f / 256;
};

template <typename Call>
void dispatch_float(const char* op, ScalarType dtype, const Call& call) {
  switch (dtype) {
    case ScalarType::Float: call(float{}); return;
    case ScalarType::Double: call(double{}); return;
    case ScalarType::Half: call(c10::Half{}); return;
    case ScalarType::BFloat16: call(c10::BFloat16{}); return;
    default: fail(op, ": values must be floating point, got ", dtype_name(dtype));
  }
}

}  // namespace seamseg
