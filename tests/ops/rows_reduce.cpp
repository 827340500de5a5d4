// Rows of reductions.
#include <cmath>
#include <limits>
#include <type_traits>

#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

// Reduces x [a, b, c] over the axes named, which are dropped; `fn` gets the numbers that are put together.
Oracle reducing(std::vector<bool> over, Real (*fn)(const std::vector<Real>&)) {
  return [over, fn](std::span<const Host> in) {
    const Shape& s = in[0].shape;
    Shape shape;
    for (int i = 0; i < s.rank(); ++i) {
      if (!over[static_cast<size_t>(i)]) shape.push_back(s[i]);
    }
    std::vector<std::vector<Real>> groups(static_cast<size_t>(shape.numel()));
    size_t n = 0;
    for_each_position(s, [&](std::span<const int64_t> p) {
      size_t at = 0;
      for (int i = 0; i < s.rank(); ++i) {
        if (!over[static_cast<size_t>(i)])
          at = at * static_cast<size_t>(s[i]) + static_cast<size_t>(p[static_cast<size_t>(i)]);
      }
      groups[at].push_back(in[0].v[n++]);
    });
    Host out(shape);
    for (size_t i = 0; i < groups.size(); ++i) out.v[i] = fn(groups[i]);
    return out;
  };
}

Oracle reshaped(Oracle oracle, Shape shape) {
  return [oracle, shape](std::span<const Host> in) {
    Host out(shape);
    out.v = oracle(in).v;
    return out;
  };
}

Real total(const std::vector<Real>& v) {
  Real s = 0;
  for (Real x : v) s += x;
  return s;
}
Real average(const std::vector<Real>& v) { return total(v) / static_cast<Real>(v.size()); }
Real squares(const std::vector<Real>& v) {
  Real s = 0, m = average(v);
  for (Real x : v) s += (x - m) * (x - m);
  return s;
}
Real largest(const std::vector<Real>& v) {
  Real m = -std::numeric_limits<Real>::infinity();
  for (Real x : v) m = x > m ? x : m;
  return m;
}
Real smallest(const std::vector<Real>& v) {
  Real m = std::numeric_limits<Real>::infinity();
  for (Real x : v) m = x < m ? x : m;
  return m;
}
Real place(const std::vector<Real>& v, Real wanted) {
  for (size_t i = 0; i < v.size(); ++i) {
    if (v[i] == wanted) return static_cast<Real>(i);
  }
  return -1;
}

// A bare true or number after the axes could mean either option of var, and axis 1 in their place.
static_assert(!std::is_convertible_v<bool, Axes> && !std::is_convertible_v<bool, ReduceOptions>);
static_assert(!std::is_convertible_v<bool, VarOptions> && !std::is_convertible_v<double, VarOptions>);
static_assert(std::is_trivially_copyable_v<Axes>);  // no memory of its own

}  // namespace

std::vector<Row> reduce_rows() {
  const std::vector<bool> all{true, true, true}, middle{false, true, false}, outer{true, false, true};
  const Tensor x = ones({2, 3, 4}), nothing = ones({2, 0});
  std::vector<Row> rows;
  auto row = [&](std::string name, std::string variant, Run run, Input in, Oracle oracle) -> Row& {
    rows.push_back({std::move(name), std::move(variant), std::move(run), {std::move(in)}, std::move(oracle)});
    return rows.back();
  };
  using In = std::span<const Tensor>;
  row(
      "sum", "", [](In in) { return sum(in[0]); }, {{2, 3, 4}}, reducing(all, total));
  rows.back().complaints = {{[x] { sum(x, 3); }, {"sum", "axis 3 is out of range"}},
                            {[x] {
                               sum(x, {0, 1, 2, 0, 1, 2, 0, 1, 2});
                             },
                             {"at most 8 axes"}},
                            {[x] {
                               sum(x, {0, -3});
                             },
                             {"sum", "an axis is named twice"}}};
  row(
      "sum", "outer",
      [](In in) {
        return sum(in[0], {-1, 0});
      },
      {{2, 3, 4}}, reducing(outer, total))
      .large = {{300, 30, 40}};
  row(
      "sum", "kept", [](In in) { return sum(in[0], 1, {.keepdim = true}); }, {{2, 3, 4}},
      reshaped(reducing(middle, total), {2, 1, 4}))
      .large = {{30, 3000, 4}};
  row(
      "sum", "one_axis", [](In in) { return sum(in[0], -2); }, {{2, 3, 4}}, reducing(middle, total));
  row(
      "sum", "scalar", [](In in) { return sum(in[0]); }, {Shape{}}, reducing({}, total));
  row(
      "sum", "empty", [](In in) { return sum(in[0], {0}); }, {{0, 3}}, reducing({true, false}, total));
  row(
      "sum", "counts", [](In in) { return sum(in[0], {1}); }, truths({2, 3, 4}), reducing(middle, total))
      .order = 0;
  rows.back().extra = [] {
    Tensor yes = eq(ones({300}), ones({300})), count = sum(yes);
    GG_CHECK(count.dtype() == i64 && count.item() == 300, "sum of bool: ", to_string(count));
  };
  row(
      "mean", "", [](In in) { return mean(in[0], {1}); }, {{2, 3, 4}}, reducing(middle, average));
  rows.back().complaints = {{[] { mean(ones({2}, {i64})); }, {"mean", "floating", "int64"}}};
  row(
      "mean", "all", [](In in) { return mean(in[0]); }, {{2, 3, 4}}, reducing(all, average))
      .large = {{200, 30, 40}};
  row(
      "var", "", [](In in) { return var(in[0], {1}); }, {{2, 3, 4}},
      reducing(middle, [](const std::vector<Real>& v) { return squares(v) / static_cast<Real>(v.size() - 1); }))
      .large = {{30, 3000, 4}};
  rows.back().complaints = {{[] { var(ones({1})); }, {"var", "1 elements", "correction 1"}},
                            {[] { var(ones({2}, {i64})); }, {"var", "floating", "int64"}}};
  row(
      "var", "biased",
      [](In in) {
        return var(in[0], {0, 2}, {.correction = 0, .keepdim = true});
      },
      {{2, 3, 4}},
      reshaped(reducing(outer, [](const std::vector<Real>& v) { return squares(v) / static_cast<Real>(v.size()); }),
               {1, 3, 1}))
      .large = {{300, 30, 40}};
  row(
      "sum_to", "",
      [](In in) {
        return sum_to(in[0], {3, 1});
      },
      {{2, 3, 4}}, reshaped(reducing(outer, total), {3, 1}));
  row(
      "sum_to", "scalar", [](In in) { return sum_to(in[0], {}); }, {{2, 3, 4}}, reducing(all, total));

  row(
      "max", "", [](In in) { return max(in[0], 1); }, spread({2, 3, 4}), reducing(middle, largest));
  rows.back().complaints = {{[nothing] { max(nothing, 1); }, {"max", "axis 1", "is empty"}},
                            {[x] { max(x, 3); }, {"max", "3"}}};
  rows.back().extra = [] {
    Tensor t = tensor({1, 3, 3}).requires_grad_();
    max(t).backward();
    GG_CHECK(t.grad().to_vector<float>() == (std::vector<float>{0, 1, 0}),
             "max: equal elements: ", to_string(t.grad()));
    GG_CHECK(std::isnan(max(tensor({1, NAN, 3})).item()), "max: NaN does not win");
    GG_CHECK(std::isnan(min(tensor({1, NAN, 3})).item()), "min: NaN does not win");
  };
  row(
      "max", "all", [](In in) { return max(in[0]); }, spread({2, 3, 4}), reducing(all, largest));
  row(
      "min", "", [](In in) { return min(in[0], -1, {.keepdim = true}); }, spread({2, 3, 4}),
      reshaped(reducing({false, false, true}, smallest), {2, 3, 1}));
  rows.back().complaints = {{[nothing] { min(nothing, 1); }, {"min", "is empty"}}};
  row(
      "min", "all", [](In in) { return min(in[0]); }, spread({2, 3, 4}), reducing(all, smallest));
  row(
      "argmax", "", [](In in) { return argmax(in[0], 1); }, spread({2, 3, 4}),
      reducing(middle, [](const std::vector<Real>& v) { return place(v, largest(v)); }))
      .order = 0;
  rows.back().complaints = {{[nothing] { argmax(nothing, -1); }, {"argmax", "is empty"}}};
  row(
      "argmin", "", [](In in) { return argmin(in[0], 2, {.keepdim = true}); }, spread({2, 3, 4}),
      reshaped(reducing({false, false, true}, [](const std::vector<Real>& v) { return place(v, smallest(v)); }),
               {2, 3, 1}))
      .order = 0;
  rows.back().complaints = {{[nothing] { argmin(nothing, -1); }, {"argmin", "is empty"}}};
  return rows;
}

}  // namespace gg::optable
