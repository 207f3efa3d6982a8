// Activated batch normalisation on the CPU. The backward pass reconstructs its input from the output.
#include "../abn_checks.h"
#include "../shared.h"
#include "dispatch.h"

#include <tuple>
#include <vector>

namespace seamseg {
namespace {

// Calls run(offset, length, step) for every run of values of channel c.
template <typename Run>
void for_runs(const ABNLayout& layout, int64_t c, const Run& run) {
  if (layout.rows) {
    run(c, layout.outer, layout.channels);
    return;
  }
  for (int64_t n = 0; n < layout.outer; ++n) run((n * layout.channels + c) * layout.inner, layout.inner, int64_t{1});
}

int64_t channel_grain(const ABNLayout& layout) {
  const int64_t values = layout.outer * layout.inner;
  return values > 0 ? 1 + 32768 / values : layout.channels + 1;
}

std::tuple<Tensor, Tensor> abn_statistics(const Tensor& x) {
  const ABNLayout layout = abn_layout("abn_statistics", "x", x);
  const int64_t num = layout.outer * layout.inner;
  check(num > 0, "abn_statistics: x must hold values, got ", x);
  Tensor mean = new_tensor(x, {layout.channels}, statistics_type(x));
  Tensor var = new_tensor(x, {layout.channels}, statistics_type(x));
  dispatch_float("abn_statistics", x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    using F = typename Accumulator<T>::type;
    const T* data = static_cast<const T*>(x.const_data_ptr());
    F* mean_data = static_cast<F*>(mean.mutable_data_ptr());
    F* var_data = static_cast<F*>(var.mutable_data_ptr());
    torch::stable::parallel_for(0, layout.channels, channel_grain(layout), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        double sum = 0.0, squares = 0.0;
        for_runs(layout, c, [&](int64_t offset, int64_t length, int64_t step) {
          for (int64_t i = 0; i < length; ++i) sum += static_cast<double>(static_cast<F>(data[offset + i * step]));
        });
        const double centre = sum / static_cast<double>(num);
        for_runs(layout, c, [&](int64_t offset, int64_t length, int64_t step) {
          for (int64_t i = 0; i < length; ++i) {
            const double off = static_cast<double>(static_cast<F>(data[offset + i * step])) - centre;
            squares += off * off;
          }
        });
        mean_data[c] = static_cast<F>(centre);
        var_data[c] = static_cast<F>(squares / static_cast<double>(num));
      }
    });
  });
  return {mean, var};
}

Tensor abn_apply(
    const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& weight, const Tensor& bias, double eps,
    double weight_eps, int64_t activation, double slope) {
  const char* op = "abn_apply";
  const ABNLayout layout = abn_layout(op, "x", x);
  check_channel_values(op, "mean", mean, x);
  check_channel_values(op, "var", var, x);
  check_channel_values(op, "weight", weight, x);
  check_channel_values(op, "bias", bias, x);
  check_activation(op, activation, slope);
  Tensor y = torch::stable::empty_like(x);
  dispatch_float(op, x.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    using F = typename Accumulator<T>::type;
    const T* in = static_cast<const T*>(x.const_data_ptr());
    T* out = static_cast<T*>(y.mutable_data_ptr());
    const F* means = static_cast<const F*>(mean.const_data_ptr());
    const F* vars = static_cast<const F*>(var.const_data_ptr());
    const F* weights = static_cast<const F*>(weight.const_data_ptr());
    const F* biases = static_cast<const F*>(bias.const_data_ptr());
    std::vector<F> scales(layout.channels), shifts(layout.channels);
    for (int64_t c = 0; c < layout.channels; ++c) {
      scales[c] = absolute_scale(weights[c], F(weight_eps)) / std::sqrt(vars[c] + F(eps));
      shifts[c] = biases[c] - means[c] * scales[c];
    }
    const int kind = static_cast<int>(activation);
    const F negative_slope = F(slope);
    const int64_t channels = layout.channels, inner = layout.inner;
    const int64_t length = layout.rows ? channels : inner;
    const int64_t runs = layout.rows ? layout.outer : layout.outer * channels;
    torch::stable::parallel_for(0, runs, 1 + 32768 / (length + 1), [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t first = r * length;
        if (layout.rows) {
          for (int64_t c = 0; c < channels; ++c)
            out[first + c] = static_cast<T>(
                activated(static_cast<F>(in[first + c]) * scales[c] + shifts[c], kind, negative_slope));
        } else {
          const F scale = scales[r % channels], shift = shifts[r % channels];
          for (int64_t i = 0; i < length; ++i)
            out[first + i] =
                static_cast<T>(activated(static_cast<F>(in[first + i]) * scale + shift, kind, negative_slope));
        }
      }
    });
  });
  return y;
}

std::tuple<Tensor, Tensor> abn_sums(
    const Tensor& y, const Tensor& dy, const Tensor& weight, const Tensor& bias, double weight_eps, int64_t activation,
    double slope) {
  const char* op = "abn_sums";
  const ABNLayout layout = check_output_and_gradient(op, y, dy);
  check_channel_values(op, "weight", weight, y);
  check_channel_values(op, "bias", bias, y);
  check_activation(op, activation, slope);
  Tensor sum = new_tensor(y, {layout.channels}, statistics_type(y));
  Tensor weighted_sum = new_tensor(y, {layout.channels}, statistics_type(y));
  dispatch_float(op, y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    using F = typename Accumulator<T>::type;
    const T* outputs = static_cast<const T*>(y.const_data_ptr());
    const T* gradients = static_cast<const T*>(dy.const_data_ptr());
    const F* weights = static_cast<const F*>(weight.const_data_ptr());
    const F* biases = static_cast<const F*>(bias.const_data_ptr());
    F* sums = static_cast<F*>(sum.mutable_data_ptr());
    F* weighted_sums = static_cast<F*>(weighted_sum.mutable_data_ptr());
    const int kind = static_cast<int>(activation);
    const F forth = F(slope), back = F(1.0 / slope);
    torch::stable::parallel_for(0, layout.channels, channel_grain(layout), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        const F inverse = inverse_scale<T>(weights[c], biases[c], F(weight_eps));
        double total = 0.0, weighted = 0.0;
        for_runs(layout, c, [&](int64_t offset, int64_t length, int64_t step) {
          for (int64_t i = 0; i < length; ++i) {
            F gradient = static_cast<F>(gradients[offset + i * step]);
            const F before = deactivated(static_cast<F>(outputs[offset + i * step]), gradient, kind, back, forth);
            total += static_cast<double>(gradient);
            weighted += static_cast<double>((before - biases[c]) * inverse * gradient);
          }
        });
        sums[c] = static_cast<F>(total);
        weighted_sums[c] = static_cast<F>(weighted);
      }
    });
  });
  return {sum, weighted_sum};
}

Tensor abn_gradient(
    const Tensor& y, const Tensor& dy, const Tensor& var, const Tensor& weight, const Tensor& bias, const Tensor& sum,
    const Tensor& weighted_sum, double num, double eps, double weight_eps, int64_t activation, double slope) {
  const char* op = "abn_gradient";
  const ABNLayout layout = check_output_and_gradient(op, y, dy);
  check_channel_values(op, "var", var, y);
  check_channel_values(op, "weight", weight, y);
  check_channel_values(op, "bias", bias, y);
  check_channel_values(op, "sum", sum, y);
  check_channel_values(op, "weighted_sum", weighted_sum, y);
  check_activation(op, activation, slope);
  Tensor dx = torch::stable::empty_like(y);
  dispatch_float(op, y.scalar_type(), [&](auto zero) {
    using T = decltype(zero);
    using F = typename Accumulator<T>::type;
    const T* outputs = static_cast<const T*>(y.const_data_ptr());
    const T* gradients = static_cast<const T*>(dy.const_data_ptr());
    T* out = static_cast<T*>(dx.mutable_data_ptr());
    const F* vars = static_cast<const F*>(var.const_data_ptr());
    const F* weights = static_cast<const F*>(weight.const_data_ptr());
    const F* biases = static_cast<const F*>(bias.const_data_ptr());
    const F* sums = static_cast<const F*>(sum.const_data_ptr());
    const F* weighted_sums = static_cast<const F*>(weighted_sum.const_data_ptr());
    const int kind = static_cast<int>(activation);
    const F forth = F(slope), back = F(1.0 / slope), inverse_num = num > 0.0 ? F(1.0 / num) : F(0);
    torch::stable::parallel_for(0, layout.channels, channel_grain(layout), [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) {
        const F scale = absolute_scale(weights[c], F(weight_eps));
        const F inverse = inverse_scale<T>(weights[c], biases[c], F(weight_eps));
        const F factor = scale / std::sqrt(vars[c] + F(eps));
        const F mean_gradient = sums[c] * inverse_num, mean_weighted = weighted_sums[c] * inverse_num;
        for_runs(layout, c, [&](int64_t offset, int64_t length, int64_t step) {
          for (int64_t i = 0; i < length; ++i) {
            F gradient = static_cast<F>(gradients[offset + i * step]);
            const F before = deactivated(static_cast<F>(outputs[offset + i * step]), gradient, kind, back, forth);
            const F normalised = (before - biases[c]) * inverse;
            out[offset + i * step] =
                static_cast<T>((gradient - mean_gradient - normalised * mean_weighted) * factor);
          }
        });
      }
    });
  });
  return dx;
}

}  // namespace
}  // namespace seamseg

STABLE_TORCH_LIBRARY_IMPL(seamseg, CPU, m) {
  m.impl("abn_statistics", TORCH_BOX(&seamseg::abn_statistics));
  m.impl("abn_apply", TORCH_BOX(&seamseg::abn_apply));
  m.impl("abn_sums", TORCH_BOX(&seamseg::abn_sums));
  m.impl("abn_gradient", TORCH_BOX(&seamseg::abn_gradient));
}
