// Rows of functions of one number. Oracles are libm in long double.
#include <cmath>
#include <set>

#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

Row unary(std::string name, Tensor (*op)(const Tensor&), Real (*formula)(Real), double low, double high,
          std::vector<double> kinks = {}) {
  Row row = elementwise_row(
      name, "", [op](std::span<const Tensor> in) { return op(in[0]); },
      {{{3, 4}, low, high, Kind::real, true, std::move(kinks)}},
      [formula](std::span<const Real> x) { return formula(x[0]); });
  row.complaints = {{[op] { op(zeros({2}, {i64})); }, {name, "expected a floating tensor, got int64"}},
                    {[op] { op(zeros({2}, {boolean})); }, {name, "got bool"}},
                    {[op] { op(Tensor()); }, {"undefined"}}};
  return row;
}

Real inverse_of_erf(Real x) {
  Real y = 0;
  for (int i = 0; i < 50; ++i) y -= (std::erf(y) - x) / (2 / std::sqrt(std::acos(-1.0L)) * std::exp(-y * y));
  return y;
}

// Psi of x + 30 by Stirling's series, less what lies between.
Real slope_of_lgamma(Real x) {
  Real between = 0;
  for (int i = 0; i < 30; ++i, x += 1) between += 1 / x;
  const Real q = 1 / (x * x);
  return std::log(x) - 1 / (2 * x) - q * (1 / 12.0L - q * (1 / 120.0L - q * (1 / 252.0L - q / 240.0L))) - between;
}

// Halves, signs of zero, numbers just beside a half, and what has no fraction.
void rounding() {
  const std::vector<double> in{0.5,  1.5, 2.5,    -0.5,    -1.5,     0.49999999999999994,
                               -0.0, 0.0, 0x1p52, -0x1p53, INFINITY, 4503599627370495.5};
  std::vector<double> out = round(from_vector(in, {12})).to_vector<double>();
  std::vector<double> up = ceil(from_vector(in, {12})).to_vector<double>();
  for (size_t i = 0; i < in.size(); ++i) {
    double want = std::nearbyint(in[i]);
    GG_CHECK(out[i] == want && std::signbit(out[i]) == std::signbit(want), "round of ", in[i], " is ", out[i]);
    want = std::ceil(in[i]);
    GG_CHECK(up[i] == want && std::signbit(up[i]) == std::signbit(want), "ceil of ", in[i], " is ", up[i]);
  }
  GG_CHECK(std::isnan(round(scalar(NAN)).item()), "round of NaN");
}

}  // namespace

std::vector<Row> elementwise_rows() {
  std::vector<Row> rows = {
      unary(
          "exp", exp, [](Real x) { return std::exp(x); }, -2, 2),
      unary(
          "expm1", expm1, [](Real x) { return std::expm1(x); }, -2, 2),
      unary(
          "log", log, [](Real x) { return std::log(x); }, 0.3, 4),
      unary(
          "log1p", log1p, [](Real x) { return std::log1p(x); }, -0.7, 3),
      unary(
          "sqrt", sqrt, [](Real x) { return std::sqrt(x); }, 0.3, 4),
      unary(
          "rsqrt", rsqrt, [](Real x) { return 1 / std::sqrt(x); }, 0.3, 4),
      unary(
          "reciprocal", reciprocal, [](Real x) { return 1 / x; }, 0.4, 3),
      unary(
          "square", square, [](Real x) { return x * x; }, -2, 2),
      unary("abs", abs, [](Real x) { return std::abs(x); }, -2, 2, {0}),
      unary(
          "sin", sin, [](Real x) { return std::sin(x); }, -4, 4),
      unary(
          "cos", cos, [](Real x) { return std::cos(x); }, -4, 4),
      unary(
          "erf", erf, [](Real x) { return std::erf(x); }, -2, 2),
      unary("erfinv", erfinv, inverse_of_erf, -0.8, 0.8),
      unary(
          "tan", tan, [](Real x) { return std::tan(x); }, -1.2, 1.2),
      unary(
          "asin", asin, [](Real x) { return std::asin(x); }, -0.8, 0.8),
      unary(
          "acos", acos, [](Real x) { return std::acos(x); }, -0.8, 0.8),
      unary(
          "atan", atan, [](Real x) { return std::atan(x); }, -3, 3),
      unary(
          "sinh", sinh, [](Real x) { return std::sinh(x); }, -2, 2),
      unary(
          "cosh", cosh, [](Real x) { return std::cosh(x); }, -2, 2),
      unary(
          "asinh", asinh, [](Real x) { return std::asinh(x); }, -3, 3),
      unary(
          "acosh", acosh, [](Real x) { return std::acosh(x); }, 1.3, 4),
      unary(
          "atanh", atanh, [](Real x) { return std::atanh(x); }, -0.8, 0.8),
      unary(
          "lgamma", lgamma, [](Real x) { return std::lgamma(x); }, 0.4, 12),
      unary("digamma", digamma, slope_of_lgamma, 0.4, 12),
      unary(
          "tanh", tanh, [](Real x) { return std::tanh(x); }, -2, 2),
      unary("sign", sign, [](Real x) -> Real { return (x > 0) - (x < 0); }, -2, 2, {0}),
      unary("floor", floor, [](Real x) { return std::floor(x); }, -2, 2, {-2, -1, 0, 1, 2}),
      unary("ceil", ceil, [](Real x) { return std::ceil(x); }, -2, 2, {-2, -1, 0, 1, 2}),
      unary("round", round, [](Real x) { return std::nearbyint(x); }, -3, 3, {-2.5, -1.5, -0.5, 0.5, 1.5, 2.5}),
  };
  for (Row& row : rows) {
    static const std::set<std::string> zero_outside{"log", "sqrt", "rsqrt", "reciprocal", "acosh", "lgamma", "digamma"};
    row.accepts_zeros = zero_outside.count(row.name) == 0;
    if (row.name == "round") row.extra = rounding;
  }
  auto unnamed = [&](std::string name, std::string variant, Run run, Input input, Real (*formula)(Real)) -> Row& {
    rows.push_back(elementwise_row(std::move(name), std::move(variant), std::move(run), {std::move(input)},
                                   [formula](std::span<const Real> x) { return formula(x[0]); }));
    return rows.back();
  };
  unnamed(
      "clamp", "", [](std::span<const Tensor> in) { return clamp(in[0], -0.5, 0.75); },
      {{3, 4}, -2, 2, Kind::real, true, {-0.5, 0.75}}, [](Real x) { return x < -0.5L   ? -0.5L
                                                                           : x > 0.75L ? 0.75L
                                                                                       : x; })
      .complaints = {{[] { clamp(ones({2}), 1, 0); }, {"clamp", "min must not exceed max, got 1 and 0"}}};
  Row& power = unnamed(
      "pow_scalar", "", [](std::span<const Tensor> in) { return pow(in[0], 2.5); }, {{3, 4}, 0.3, 3},
      [](Real x) { return std::pow(x, 2.5L); });
  power.accepts_zeros = false;
  power.complaints = {{[] { pow(zeros({2}, {i64}), 2); }, {"pow: expected a floating tensor, got int64"}}};
  unnamed(
      "pow_scalar", "cube_of_negative", [](std::span<const Tensor> in) { return pow(in[0], 3.0); }, {{3, 4}, -2, 2},
      [](Real x) { return x * x * x; });
  unnamed(
      "pow_scalar", "negative_exponent", [](std::span<const Tensor> in) { return pow(in[0], -1.5); }, {{3, 4}, 0.4, 3},
      [](Real x) { return std::pow(x, -1.5L); })
      .accepts_zeros = false;
  return rows;
}

std::vector<Row> activation_rows() {
  std::vector<Row> rows = {
      unary(
          "sigmoid", sigmoid, [](Real x) { return 1 / (1 + std::exp(-x)); }, -3, 3),
      unary(
          "silu", silu, [](Real x) { return x / (1 + std::exp(-x)); }, -3, 3),
      unary("relu", relu, [](Real x) { return x > 0 ? x : 0; }, -2, 2, {0}),
      unary(
          "gelu", gelu, [](Real x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0L))); }, -3, 3),
      unary(
          "gelu_tanh", gelu_tanh,
          [](Real x) {
            const Real pi = std::acos(-1.0L);
            return x / 2 * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715L * x * x * x)));
          },
          -3, 3),
      unary(
          "mish", mish, [](Real x) { return x * std::tanh(std::log1p(std::exp(x))); }, -3, 3),
      unary(
          "logsigmoid", logsigmoid, [](Real x) { return -std::log1p(std::exp(-x)); }, -3, 3),
      unary("softsign", softsign, [](Real x) { return x / (1 + std::abs(x)); }, -3, 3, {0}),
      unary("selu", selu,
            [](Real x) -> Real {
              return 1.0507009873554804934L * (x > 0 ? x : 1.6732632423543772848L * (std::exp(x) - 1));
            },
            -3, 3, {0}),
  };
  auto with = [&](std::string name, std::string variant, Run run, double kink, Formula formula) -> Row& {
    Input in{{3, 4}, -3, 3, Kind::real, true, {kink}};
    rows.push_back(elementwise_row(std::move(name), std::move(variant), std::move(run), {in}, std::move(formula)));
    return rows.back();
  };
  for (double slope : {0.01, 0.2}) {
    with(
        "leaky_relu", slope == 0.2 ? "steep" : "",
        [slope](std::span<const Tensor> in) { return leaky_relu(in[0], slope); }, 0,
        [slope](std::span<const Real> x) { return x[0] > 0 ? x[0] : slope * x[0]; });
  }
  for (double alpha : {1.0, 0.7}) {
    with(
        "elu", alpha == 1 ? "" : "alpha", [alpha](std::span<const Tensor> in) { return elu(in[0], alpha); }, 0,
        [alpha](std::span<const Real> x) { return x[0] > 0 ? x[0] : alpha * (std::exp(x[0]) - 1); });
  }
  for (double alpha : {1.0, 0.7}) {
    with(
        "celu", alpha == 1 ? "" : "alpha", [alpha](std::span<const Tensor> in) { return celu(in[0], alpha); }, 0,
        [alpha](std::span<const Real> x) { return x[0] > 0 ? x[0] : alpha * (std::exp(x[0] / alpha) - 1); })
        .complaints = {{[] { celu(ones({2}), 0); }, {"celu", "alpha must not be 0"}}};
  }
  Input limited{{3, 4}, -2, 2, Kind::real, true, {-0.5, 0.75}};
  rows.push_back(elementwise_row(
      "hardtanh", "", [](std::span<const Tensor> in) { return hardtanh(in[0], -0.5, 0.75); }, {limited},
      [](std::span<const Real> x) { return x[0] < -0.5L   ? -0.5L
                                           : x[0] > 0.75L ? 0.75L
                                                          : x[0]; }));
  rows.back().complaints = {{[] { hardtanh(ones({2}), 1, 0); }, {"hardtanh", "min must not exceed max, got 1 and 0"}}};
  for (double beta : {1.0, 2.5}) {
    with(
        "softplus", beta == 1 ? "" : "beta", [beta](std::span<const Tensor> in) { return softplus(in[0], beta); }, 99,
        [beta](std::span<const Real> x) { return std::log1p(std::exp(beta * x[0])) / beta; })
        .complaints = {{[] { softplus(ones({2}), 0); }, {"softplus", "beta must be positive, got 0"}}};
  }
  return rows;
}

}  // namespace gg::optable
