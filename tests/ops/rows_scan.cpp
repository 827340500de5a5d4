// Rows of running sums and products.
#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

// Runs over each line of a [a, b, c] along one of its axes; step(so far, element) gives the next result.
Oracle running(int axis, bool reverse, Real start, Real (*step)(Real, Real)) {
  return [=](std::span<const Host> in) {
    const Shape& s = in[0].shape;
    Host out(s);
    const int64_t n = s[axis], inner = s.part(axis + 1, s.rank()).numel(), outer = s.part(0, axis).numel();
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t i = 0; i < inner; ++i) {
        Real sum = start;
        for (int64_t k = 0; k < n; ++k) {
          const auto at = static_cast<size_t>((o * n + (reverse ? n - 1 - k : k)) * inner + i);
          out.v[at] = sum = step(sum, in[0].v[at]);
        }
      }
    }
    return out;
  };
}
Real plus(Real a, Real b) { return a + b; }
Real times(Real a, Real b) { return a * b; }

void expect_counts(const Tensor& x, const std::vector<int64_t>& expected) {
  GG_CHECK(x.dtype() == i64 && x.to_vector<int64_t>() == expected, "got ", to_string(x));
}

}  // namespace

std::vector<Row> scan_rows() {
  using In = std::span<const Tensor>;
  const Tensor x = ones({2, 3});
  std::vector<Row> rows;
  auto sums = [&](std::string variant, Shape shape, int axis, bool reverse) -> Row& {
    rows.push_back({"cumsum",
                    std::move(variant),
                    [=](In in) { return cumsum(in[0], axis, {.reverse = reverse}); },
                    {{shape}},
                    running(axis < 0 ? axis + shape.rank() : axis, reverse, 0, plus)});
    return rows.back();
  };
  sums("", {2, 3, 5}, -1, false).large = {{3, 2, 20001}};
  rows.back().complaints = {{[x] { cumsum(x, 2); }, {"cumsum", "axis 2 is out of range"}},
                            {[] { cumsum(ones({}), 1); }, {"cumsum", "axis 1"}}};
  rows.back().extra = [] {
    expect_counts(cumsum(from_vector<bool>({true, false, true, true}, {4}), 0), {1, 1, 2, 3});
    const int64_t big = int64_t{1} << 62;  // wraps around
    expect_counts(cumsum(from_vector<int64_t>({big, big, 1}, {3}), 0), {big, INT64_MIN, INT64_MIN + 1});
  };
  sums("down", {2, 3, 5}, 1, false).large = {{1, 5000, 150}};
  sums("first", {4, 3, 2}, 0, true).large = {{300, 30, 40}};
  sums("reverse", {3, 7}, -1, true).large = {{1, 300001}};
  sums("long", {3, 5000}, 1, false);  // in parts on a device
  rows.back().order = 0;
  sums("deep", {5000, 3}, 0, true);
  rows.back().order = 0;
  sums("nothing", {2, 0}, 1, false);
  sums("no_lines", {0, 3}, 1, false);
  const Oracle itself = [](std::span<const Host> in) { return in[0]; };
  rows.push_back({"cumsum", "scalar", [](In in) { return cumsum(in[0], -1); }, {{{}}}, itself});
  rows.push_back(
      {"cumsum", "counts", [](In in) { return cumsum(in[0], 0); }, {truths({9, 5})}, running(0, false, 0, plus), 0});
  rows.push_back({"cumsum",
                  "integers",
                  [](In in) { return cumsum(in[0], 1); },
                  {integers({3, 9}, 100)},
                  running(1, false, 0, plus),
                  0});

  auto products = [&](std::string variant, Input in, int axis) -> Row& {
    const int from_front = axis < 0 ? axis + in.shape.rank() : axis;
    rows.push_back({"cumprod",
                    std::move(variant),
                    [=](In t) { return cumprod(t[0], axis); },
                    {std::move(in)},
                    running(from_front, false, 1, times)});
    return rows.back();
  };
  products("", {{2, 5}}, 1).complaints = {{[x] { cumprod(x, -3); }, {"cumprod", "axis -3 is out of range"}}};
  rows.back().extra = [] {
    // d/dx₁ of the last product of (2, 0, 3, 0, 5) is 0, since another factor is 0; of (2, 0, 3) it is 6.
    Tensor a = tensor({{2, 0, 3}, {0, 0, 3}}, {f64}).requires_grad_();
    Tensor g = grad(sum(select(cumprod(a, 1), 1, -1)), a, {.create_graph = true});
    GG_CHECK(g.to_vector<double>() == (std::vector<double>{0, 6, 0, 0, 0, 0}), "cumprod at zeros: ", to_string(g));
    Tensor second = grad(select(select(g, 0, 1), 0, 1) + select(select(g, 0, 1), 0, 1), a);  // g₁₁ = a₁₀·a₁₂
    GG_CHECK(second.to_vector<double>() == (std::vector<double>{0, 0, 0, 6, 0, 0}), "second: ", to_string(second));
    expect_counts(cumprod(from_vector<bool>({true, false, true}, {3}), 0), {1, 0, 0});
    Tensor one = full({}, 3).requires_grad_(), y = cumprod(one, -1);
    GG_CHECK(y.rank() == 0 && y.item() == 3 && grad(y, one).item() == 1, "cumprod of a scalar: ", to_string(y));
  };
  products("down", {{7, 2}}, 0).large = {{37, 999}};
  products("integers", integers({3, 5}, 9), -1).order = 0;
  return rows;
}

}  // namespace gg::optable
