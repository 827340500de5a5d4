// Rows of arithmetic with a plain number.
#include <cmath>
#include <limits>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Ints = std::vector<int64_t>;
constexpr int64_t kLarge = (int64_t{1} << 60) + 1;  // no double

// What `said` complains of besides, and how many derivatives there are: more than a functor has.
Row with_number(std::string name, std::string variant, Run run, Formula formula, std::string said) {
  Row row = elementwise_row(std::move(name), std::move(variant), run, {{{3, 4}}}, std::move(formula));
  row.complaints = {{[run] { run(std::vector<Tensor>{eq(ones({2}), ones({2}))}); }, {said + ": ", "got bool", "to(x"}},
                    {[run] { run(std::vector<Tensor>{Tensor()}); }, {"undefined"}}};
  return row;
}

void same(const Tensor& got, const Ints& want, const char* what) {
  GG_CHECK(got.dtype() == i64 && got.to_vector<int64_t>() == want, what, ": ", to_string(got));
}

// With numbers whose reciprocal is rounded, or overflows; in values and gradients.
void division_is_exact() {
  for (int n = 1; n <= 300; ++n) {
    Tensor whole = full({}, n), negative = full({}, -n, {f64});
    GG_CHECK((whole / n).item() == 1 && (negative / n).item() == -1, n, " / ", n, " is ", (whole / n).item());
    GG_CHECK(mean(full({n}, 0.1)).item() == static_cast<double>(0.1f) || n > 2, "mean of equal numbers");
    GG_CHECK((n / whole).item() == 1, n, " / ", n, " is ", (n / whole).item());
  }
  Tensor x = tensor({1e-30, -3e-39}).requires_grad_();
  double small = static_cast<double>(1e-39f);
  Tensor y = x / small;
  std::vector<float> in = x.to_vector<float>(), out = y.to_vector<float>();
  for (size_t i = 0; i < 2; ++i) GG_CHECK(out[i] == in[i] / 1e-39f, in[i], " / 1e-39 is ", out[i]);
  std::vector<float> g = grad(y, x, {.grad_outputs = {tensor({1e-5, 1})}}).to_vector<float>();
  GG_CHECK(g[0] == 1e-5f / 1e-39f && std::isinf(g[1]), "gradient of x / 1e-39: ", g[0], " and ", g[1]);
}

}  // namespace

std::vector<Row> scalar_rows() {
  std::vector<Row> rows;
  auto row = [&](std::string name, std::string variant, Run run, Real (*formula)(Real), std::string said) -> Row& {
    rows.push_back(with_number(
        std::move(name), std::move(variant), std::move(run),
        [formula](std::span<const Real> x) { return formula(x[0]); }, std::move(said)));
    return rows.back();
  };
  const Tensor i = arange(1, 4);
  const auto fraction = [i](auto fn, std::string said) -> Complaint {
    return {[i, fn] { fn(i, 0.5); }, {said + ": 0.5 is not a whole number", "int64", "to(x, f32)"}};
  };

  row(
      "neg", "", [](In in) { return -in[0]; }, [](Real x) { return -x; }, "neg")
      .extra = [i] {
    same(-i, {-1, -2, -3}, "neg of int64");
    for (DType t : {f32, f64}) {
      GG_CHECK(std::signbit(neg(scalar(0, {t})).item()) && !std::signbit(neg(scalar(-0.0, {t})).item()), "-0");
    }
    GG_CHECK(neg(symbolic_zeros({2}, {})).is_symbolic_zero(), "neg of a symbolic zero has memory");
  };
  Row& plus = row(
      "add_scalar", "", [](In in) { return 1.5 + (in[0] + 2); }, [](Real x) { return x + 3.5L; }, "add");
  plus.extra = [i] {
    same(i + kLarge, {kLarge + 1, kLarge + 2, kLarge + 3}, "add to int64");
    same(2.0 + i, {3, 4, 5}, "add to int64");
    same(i + std::numeric_limits<int64_t>::max(), {INT64_MIN, INT64_MIN + 1, INT64_MIN + 2}, "add wraps around");
    GG_CHECK(std::signbit((scalar(-0.0) + -0.0).item()) && std::signbit((scalar(-0.0) * 1).item()), "the sign of zero");
    Tensor x = ones({2}).requires_grad_(), g = ones({2});
    GG_CHECK(grad(x + 1, x, {.grad_outputs = {g}}).data<float>() == g.data<float>(), "the gradient of x + 1 is a copy");
  };
  plus.complaints.push_back(fraction([](const Tensor& x, double c) { return x + c; }, "add"));
  Row& minus = row(
      "add_scalar", "minus", [](In in) { return in[0] - 0.25; }, [](Real x) { return x - 0.25L; }, "sub");
  minus.extra = [i] { same(i - 3, {-2, -1, 0}, "sub from int64"); };
  minus.complaints.push_back(fraction([](const Tensor& x, double c) { return x - c; }, "sub"));
  Row& from = row(
      "scalar_sub", "", [](In in) { return 0.75 - in[0]; }, [](Real x) { return 0.75L - x; }, "sub");
  from.extra = [i] { same(kLarge - i, {kLarge - 1, kLarge - 2, kLarge - 3}, "sub of int64"); };
  from.complaints.push_back(fraction([](const Tensor& x, double c) { return c - x; }, "sub"));
  Row& times = row(
      "mul_scalar", "", [](In in) { return 3 * (in[0] * 0.25); }, [](Real x) { return 0.75L * x; }, "mul");
  times.extra = [i] {
    same(i * 2, {2, 4, 6}, "mul of int64");
    same(kLarge * i, {kLarge, 2 * kLarge, 3 * kLarge}, "mul of int64");
    GG_CHECK((symbolic_zeros({2}, {}) * 3).is_symbolic_zero(), "a multiple of a symbolic zero has memory");
  };
  times.complaints.push_back(fraction([](const Tensor& x, double c) { return x * c; }, "mul"));
  Row& over = row(
      "div_scalar", "", [](In in) { return in[0] / 3; }, [](Real x) { return x / 3; }, "div");
  over.extra = division_is_exact;
  over.complaints.push_back({[i] { i / 2; }, {"div: expected a floating tensor, got int64"}});
  Row& under = row(
      "scalar_div", "", [](In in) { return 3 / in[0]; }, [](Real x) { return 3 / x; }, "div");
  under.inputs[0] = {{3, 4}, 0.4, 3};
  under.accepts_zeros = false;
  row(
      "affine", "", [](In in) { return affine(in[0], 2.5, -0.75); }, [](Real x) { return 2.5L * x - 0.75L; }, "affine");
  row(
      "affine", "operators", [](In in) { return 3.0 - affine((in[0] + 1.0) * 2.0 - 0.5, 0.25, 1) / 4.0; },
      [](Real x) { return 3 - ((x + 1) * 2 + 3.5L) / 16; }, "add");
  return rows;
}

}  // namespace gg::optable
