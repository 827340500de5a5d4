// Rows of functions of one number. Oracles are libm in long double.
#include <cmath>

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
      unary(
          "tanh", tanh, [](Real x) { return std::tanh(x); }, -2, 2),
      unary("sign", sign, [](Real x) -> Real { return (x > 0) - (x < 0); }, -2, 2, {0}),
      unary("floor", floor, [](Real x) { return std::floor(x); }, -2, 2, {-2, -1, 0, 1, 2}),
      unary("ceil", ceil, [](Real x) { return std::ceil(x); }, -2, 2, {-2, -1, 0, 1, 2}),
      unary("round", round, [](Real x) { return std::nearbyint(x); }, -3, 3, {-2.5, -1.5, -0.5, 0.5, 1.5, 2.5}),
  };
  for (Row& row : rows) {
    bool zero_outside = row.name == "log" || row.name == "sqrt" || row.name == "rsqrt" || row.name == "reciprocal";
    row.accepts_zeros = !zero_outside;
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
  for (double beta : {1.0, 2.5}) {
    with(
        "softplus", beta == 1 ? "" : "beta", [beta](std::span<const Tensor> in) { return softplus(in[0], beta); }, 99,
        [beta](std::span<const Real> x) { return std::log1p(std::exp(beta * x[0])) / beta; })
        .complaints = {{[] { softplus(ones({2}), 0); }, {"softplus", "beta must be positive, got 0"}}};
  }
  return rows;
}

}  // namespace gg::optable
