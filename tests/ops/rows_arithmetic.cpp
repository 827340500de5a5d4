// Rows of functions of two and three numbers: arithmetic, comparisons, choice, casts.
#include <algorithm>
#include <cmath>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using Binary = Tensor (*)(const Tensor&, const Tensor&);

Row binary(std::string name, std::string variant, Binary op, Real (*formula)(Real, Real), Input a = {{3, 4}},
           Input b = {{3, 4}}, int order = 3) {
  Row row = elementwise_row(
      name, std::move(variant), [op](std::span<const Tensor> in) { return op(in[0], in[1]); }, {a, b},
      [formula](std::span<const Real> x) { return formula(x[0], x[1]); }, order);
  row.complaints = {
      {[op] { op(ones({2}), ones({2}, {f64})); }, {name, "types differ: float32 and float64", "to(x, dtype)"}},
      {[op] {
         op(ones({2, 3}), ones({4}));
       },
       {name, "[2,3]", "[4]"}},
      {[op] { op(ones({2}), Tensor()); }, {"undefined"}}};
  return row;
}

Row comparison(std::string name, Binary op, bool (*formula)(Real, Real)) {
  Row row = elementwise_row(
      name, "", [op](std::span<const Tensor> in) { return op(in[0], in[1]); },
      {{{3, 4}, 0, 1, Kind::real, false}, {{3, 4}, 0, 1, Kind::real, false}},
      [formula](std::span<const Real> x) -> Real { return formula(x[0], x[1]); }, 0);
  row.extra = [op, formula, name] {  // equal numbers, whole numbers, NaN
    for (auto [a, b] :
         std::vector<std::pair<double, double>>{{1, 1}, {0, 1}, {1, 0}, {NAN, 1}, {1, NAN}, {INFINITY, INFINITY}}) {
      GG_CHECK(op(scalar(a), scalar(b)).item() == formula(a, b), name, " of ", a, " and ", b);
      if (std::isfinite(a) && std::isfinite(b)) {
        GG_CHECK(op(scalar(a, {i64}), scalar(b, {i64})).item() == formula(a, b), name, " of integers ", a, " and ", b);
      }
    }
    Tensor x = ones({2}).requires_grad_();
    GG_CHECK(!op(x, x).requires_grad(), name, " is recorded");
  };
  row.complaints = {{[op] { op(ones({2}), ones({2}, {i64})); }, {name, "types differ: float32 and int64"}}};
  return row;
}

}  // namespace

std::vector<Row> arithmetic_rows() {
  Input positive{{3, 4}, 0.4, 3};
  std::vector<Row> rows = {
      binary("add", "", add, [](Real a, Real b) { return a + b; }),
      binary("sub", "", sub, [](Real a, Real b) { return a - b; }),
      binary("mul", "", mul, [](Real a, Real b) { return a * b; }),
      binary(
          "div", "", div, [](Real a, Real b) { return a / b; }, {{3, 4}}, positive),
      binary(
          "div", "one_domain", div, [](Real a, Real b) { return a / b; }, positive, positive),
      binary("pow", "", pow, [](Real a, Real b) { return std::pow(a, b); }, positive, {{3, 4}, -2, 2}),
      binary("maximum", "", maximum, [](Real a, Real b) { return std::max(a, b); }, {{3, 4}, -2, 2},
             {{3, 4}, -2.3, 1.9}),
      binary("minimum", "", minimum, [](Real a, Real b) { return std::min(a, b); }, {{3, 4}, -2, 2},
             {{3, 4}, -2.3, 1.9}),
      binary("atan2", "", atan2, [](Real a, Real b) { return std::atan2(a, b); }, {{3, 4}, -2, 2}, {{3, 4}, 0.3, 3}),
      binary("hypot", "", hypot, [](Real a, Real b) { return std::hypot(a, b); }, {{3, 4}, -2, 2}, {{3, 4}, 0.3, 3}),
      binary(
          "lerp", "", [](const Tensor& a, const Tensor& b) { return lerp(a, b, 0.3); },
          [](Real a, Real b) { return a + 0.3 * (b - a); }, {{3, 4}, -2, 2}, {{3, 4}, -2, 2}),
      comparison("eq", eq, [](Real a, Real b) { return a == b; }),
      comparison("ne", ne, [](Real a, Real b) { return a != b; }),
      comparison("lt", lt, [](Real a, Real b) { return a < b; }),
      comparison("le", le, [](Real a, Real b) { return a <= b; }),
      comparison("gt", gt, [](Real a, Real b) { return a > b; }),
      comparison("ge", ge, [](Real a, Real b) { return a >= b; }),
  };
  for (Row& row : rows) {
    const bool has_poles = row.name == "div" || row.name == "pow" || row.name == "atan2" || row.name == "hypot";
    if (has_poles) row.accepts_zeros = false;
    if (row.name == "maximum" || row.name == "minimum") {
      row.check_step = 1e-4;
      row.order = 2;
    }
  }
  for (Row& row : rows) {
    if (row.name != "lerp") continue;
    row.extra = [] {  // weights of their own
      Tensor a = rand({3, 4}, {f64}), b = rand({3, 4}, {f64}), w = rand({4}, {f64});
      const auto got = lerp(a, b, w).to_vector<double>(), x = a.to_vector<double>(), y = b.to_vector<double>(),
                 z = w.to_vector<double>();
      for (size_t i = 0; i < got.size(); ++i) {
        const double want = x[i] + z[i % 4] * (y[i] - x[i]);
        GG_CHECK(std::abs(got[i] - want) < 1e-15, "lerp with weights: ", got[i], " for ", want);
      }
    };
  }
  Row operators = elementwise_row(
      "mul", "operators",
      [](std::span<const Tensor> in) { return -(in[0] * in[1] - in[0]) / (in[1] * in[1] + 1.0) + in[1]; },
      {{{3, 4}}, {{3, 4}}}, [](std::span<const Real> x) { return -(x[0] * x[1] - x[0]) / (x[1] * x[1] + 1) + x[1]; },
      3);
  rows.push_back(operators);
  Row chosen = elementwise_row(
      "where", "", [](std::span<const Tensor> in) { return where(in[0], in[1], in[2]); },
      {truths({3, 4}), {{3, 4}}, {{3, 4}}}, [](std::span<const Real> x) { return x[0] != 0 ? x[1] : x[2]; });
  chosen.complaints = {
      {[] { where(ones({2}), ones({2}), ones({2})); }, {"where", "condition must be bool, got float32"}},
      {[] { where(eq(ones({2}), ones({2})), ones({2}), ones({2}, {i64})); }, {"where", "types differ"}}};
  rows.push_back(chosen);

  auto logical = [&](std::string name, std::vector<Input> in, Run run, bool (*formula)(bool, bool)) -> Row& {
    rows.push_back(elementwise_row(
        name, "", run, std::move(in),
        [formula](std::span<const Real> x) -> Real { return formula(x[0] != 0, x.back() != 0); }, 0));
    rows.back().complaints = {{[run] {
                                 run(std::vector<Tensor>{ones({2}), ones({2})});
                               },
                               {name + ": expected a bool tensor, got float32", "to(x, boolean)"}}};
    return rows.back();
  };
  logical(
      "logical_not", {truths({3, 4})}, [](std::span<const Tensor> in) { return logical_not(in[0]); },
      [](bool a, bool) { return !a; });
  Row& both = logical(
      "logical_and", {truths({3, 4}), truths({3, 4})},
      [](std::span<const Tensor> in) { return logical_and(in[0], in[1]); }, [](bool a, bool b) { return a && b; });
  both.complaints.push_back(
      {[] { logical_and(eq(ones({2}), ones({2})), ones({2})); }, {"logical_and: types differ: bool and float32"}});
  logical(
      "logical_or", {truths({3, 4}), truths({3, 4})},
      [](std::span<const Tensor> in) { return logical_or(in[0], in[1]); }, [](bool a, bool b) { return a || b; });

  Row widen{"to_dtype",
            "widen",
            [](std::span<const Tensor> in) { return to(to(in[0] * in[0], f32), f64); },
            {{{3, 4}}},
            [](std::span<const Host> in) {
              Host out(in[0].shape);
              for (size_t i = 0; i < out.v.size(); ++i) {
                auto x = static_cast<double>(in[0].v[i]);
                out.v[i] = static_cast<float>(x * x);
              }
              return out;
            }};
  widen.tolerance32 = 1e-6;
  widen.order = 0;  // rounding to float32 leaves gradcheck no digits; gradients are checked below
  widen.tolerance64 = 1e-7;
  widen.extra = [] {
    Tensor x = tensor({1.5, -2}, {f64}).requires_grad_();
    Tensor y = to(x, f32);
    GG_CHECK(y.dtype() == f32 && y.requires_grad() && to(x, f64).is_same(x), "to_dtype: history or type is wrong");
    Tensor g = grad(sum(y * y), x);
    GG_CHECK(g.dtype() == f64 && g.to_vector<double>() == (std::vector<double>{3, -4}), "to_dtype: gradient ",
             to_string(g));
    GG_CHECK(!to(x, i64).requires_grad() && to(x, i64).to_vector<int64_t>() == (std::vector<int64_t>{1, -2}),
             "to_dtype: to int64");
    GG_CHECK(
        to(tensor({NAN, 1e30, -INFINITY}), i64).to_vector<int64_t>() == (std::vector<int64_t>{0, INT64_MAX, INT64_MIN}),
        "to_dtype: to int64 beyond its range");
    GG_CHECK(to(tensor({0, 2}), boolean).to_vector<bool>() == (std::vector<bool>{false, true}), "to_dtype: to bool");
  };
  rows.push_back(widen);
  return rows;
}

}  // namespace gg::optable
