// Rows of products, standard deviations, norms, and of what holds for all or any.
#include <cmath>
#include <limits>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using Numbers = std::vector<Real>;

// Reduces x [a, b, c] over the axes named; `kept` leaves them with size 1.
Oracle reducing(std::vector<bool> over, bool kept, std::function<Real(const Numbers&)> fn) {
  return [=](std::span<const Host> in) {
    Shape dropped, whole = in[0].shape;
    for (int i = 0; i < whole.rank(); ++i) {
      if (!over[static_cast<size_t>(i)]) dropped.push_back(whole[i]);
      if (over[static_cast<size_t>(i)]) whole[i] = 1;
    }
    std::vector<Numbers> groups(static_cast<size_t>(whole.numel()));
    size_t n = 0;
    for_each_position(in[0].shape, [&](std::span<const int64_t> p) {
      int64_t at = 0;
      for (int i = 0; i < whole.rank(); ++i) at = at * whole[i] + (whole[i] == 1 ? 0 : p[static_cast<size_t>(i)]);
      groups[static_cast<size_t>(at)].push_back(in[0].v[n++]);
    });
    Host out(kept ? whole : dropped);
    for (size_t i = 0; i < groups.size(); ++i) out.v[i] = fn(groups[i]);
    return out;
  };
}

Real product(const Numbers& v) {
  Real p = 1;
  for (Real x : v) p *= x;
  return p;
}
Real deviation(const Numbers& v, Real correction) {
  Real mean = 0, s = 0;
  for (Real x : v) mean += x / static_cast<Real>(v.size());
  for (Real x : v) s += (x - mean) * (x - mean);
  return std::sqrt(s / (static_cast<Real>(v.size()) - correction));
}
std::function<Real(const Numbers&)> p_norm(double p) {
  return [p](const Numbers& v) -> Real {
    if (std::isinf(p)) {
      Real m = std::fabs(v[0]);
      for (Real x : v) m = p > 0 ? std::fmax(m, std::fabs(x)) : std::fmin(m, std::fabs(x));
      return m;
    }
    Real s = 0;
    for (Real x : v) s += p == 0 ? (x != 0) : std::pow(std::fabs(x), static_cast<Real>(p));
    return p == 0 ? s : std::pow(s, 1 / static_cast<Real>(p));
  };
}

void expect(const char* what, const Tensor& x, const std::vector<double>& expected) {
  GG_CHECK(x.to_vector<double>() == expected, what, ": got ", to_string(x));
}

// All derivatives of order 1 and 2 along (1, …, 1) of sum(fn(x)).
void expect_derivatives(const char* what, const std::function<Tensor(const Tensor&)>& fn, const std::vector<double>& at,
                        const std::vector<double>& first, const std::vector<double>& second) {
  Tensor x = from_vector(at, {static_cast<int64_t>(at.size())}).requires_grad_();
  Tensor g = grad(sum(fn(x)), x, {.create_graph = true});
  expect(what, g.detach(), first);
  expect(what, grad(sum(g), x), second);
}

Row norm_row(double p, const std::string& variant, const std::vector<bool>& over, Axes axes, Input in) {
  Row row{"norm",
          variant,
          [=](std::span<const Tensor> t) { return norm(t[0], axes, {.p = p}); },
          {in},
          reducing(over, false, p_norm(p))};
  row.large = {{300, 30, 40}};
  return row;
}

}  // namespace

std::vector<Row> product_rows() {
  using In = std::span<const Tensor>;
  const std::vector<bool> every{true, true, true}, middle{false, true, false}, outer{true, false, true};
  const Tensor x = ones({2, 3, 4}), whole = ones({2}, {i64});
  std::vector<Row> rows;
  auto row = [&](std::string name, std::string variant, Run run, Input in, Oracle oracle, int order = 2) -> Row& {
    rows.push_back({std::move(name), std::move(variant), std::move(run), {std::move(in)}, std::move(oracle), order});
    return rows.back();
  };

  row(
      "prod", "", [](In in) { return prod(in[0], 1); }, {{2, 3, 4}}, reducing(middle, false, product), 3)
      .complaints = {{[x] { prod(x, 3); }, {"prod", "axis 3 is out of range"}},
                     {[x] {
                        prod(x, {1, 1});
                      },
                      {"prod", "an axis is named twice"}}};
  rows.back().extra = [] {
    // x₀x₁x₂ at (0, 2, 3) and at (0, 0, 3): the gradient is the product of the others, the second derivative along
    // (1, 1, 1) the sum of what is left of two.
    expect_derivatives("prod at 0", [](const Tensor& t) { return prod(t); }, {0, 2, 3}, {6, 0, 0}, {5, 3, 2});
    expect_derivatives("prod at 0, 0", [](const Tensor& t) { return prod(t); }, {0, 0, 3}, {0, 0, 0}, {3, 3, 0});
    Tensor none = ones({0, 2}, {f64}).requires_grad_(), y = prod(none, 0);
    expect("prod of nothing", y.detach(), {1, 1});
    GG_CHECK(grad(sum(y), none).numel() == 0, "prod of nothing: gradient");
    GG_CHECK(prod(from_vector<bool>({true, false}, {2})).item() == 0, "prod of bool");
    GG_CHECK(prod(scalar(7)).item() == 7, "prod of a scalar");
  };
  row(
      "prod", "all", [](In in) { return prod(in[0]); }, {{2, 3, 2}}, reducing(every, false, product));
  row(
      "prod", "kept",
      [](In in) {
        return prod(in[0], {0, -1}, {.keepdim = true});
      },
      {{5, 2, 7}}, reducing(outer, true, product))
      .large = {{37, 99, 11}};
  row(
      "prod", "integers", [](In in) { return prod(in[0], -1); }, integers({3, 5}, 9),
      reducing({false, true}, false, product), 0);

  row(
      "std", "", [](In in) { return std(in[0], 1); }, {{2, 5, 4}},
      reducing(middle, false, [](const Numbers& v) { return deviation(v, 1); }))
      .complaints = {{[whole] { std(whole); }, {"var", "floating", "int64"}}};
  rows.back().extra = [] {
    auto fn = [](const Tensor& t) { return gg::std(t, 0, {.correction = 0}); };
    expect_derivatives("std of equals", fn, {3, 3, 3}, {0, 0, 0}, {0, 0, 0});
    expect("std of equals", fn(full({3}, 0.1, {f64})), {0});
  };
  row(
      "std", "biased",
      [](In in) {
        return std(in[0], {0, 2}, {.correction = 0, .keepdim = true});
      },
      {{2, 3, 4}}, reducing(outer, true, [](const Numbers& v) { return deviation(v, 0); }))
      .large = {{300, 30, 40}};

  constexpr double inf = std::numeric_limits<double>::infinity();
  const Input away{{2, 3, 4}, -2, 2, Kind::real, true, {0}};
  struct Case {
    double p;
    const char* variant;
  };
  for (Case c : {Case{2, ""},
                 {1, "p1"},
                 {3, "p3"},
                 {4, "p4"},
                 {0.5, "half"},
                 {2.5, "p2_5"},
                 {-1, "minus_1"},
                 {-2.5, "minus_2_5"}}) {
    rows.push_back(norm_row(c.p, c.variant, middle, 1, away));
  }
  for (Case c : {Case{inf, "largest"}, {-inf, "smallest"}}) {
    rows.push_back(norm_row(c.p, c.variant, outer, {0, -1}, {{2, 3, 4}, -3, 2.9, Kind::spread}));
  }
  rows.push_back(norm_row(0, "count", middle, 1, integers({2, 3, 4}, 2)));
  rows.back().run = [](In in) { return norm(to(in[0], f64), 1, {.p = 0}); };
  rows.back().order = 0;
  for (Case c : {Case{3, "p3_of_nothing"}, {0.5, "half_of_nothing"}}) {
    rows.push_back(norm_row(c.p, c.variant, middle, 1, {{2, 0, 4}}));
    rows.back().large = {};
  }
  row(
      "norm", "eps",
      [](In in) {
        return norm(in[0], {-1, 0}, {.eps = 0.25, .keepdim = true});
      },
      {{2, 3, 4}}, reducing(outer, true, [](const Numbers& v) {
        Real s = 0.25;
        for (Real e : v) s += e * e;
        return std::sqrt(s);
      }));
  rows.back().complaints = {{[whole] { norm(whole); }, {"norm", "floating", "int64"}},
                            {[x] { norm(x, 3); }, {"axis 3 is out of range"}},
                            {[x] { norm(x, 1, {.p = NAN}); }, {"norm", "p is NaN"}},
                            {[x] { norm(x, 1, {.p = 1, .eps = 0.1}); }, {"norm", "eps = 0.1", "p = 2", "p is 1"}},
                            {[] {
                               norm(ones({2, 0}), 1, {.p = inf});
                             },
                             {"norm", "no elements", "axis 1 of [2,0]"}},
                            {[] { norm(ones({0}), {}, {.p = -1}); }, {"norm", "no elements", "p = -1"}}};
  rows.back().extra = [] {
    for (double p : {0.5, 1.0, 1.5, 2.0, 3.0, 4.0, -1.0, inf, -inf}) {
      auto fn = [p](const Tensor& t) { return norm(t, {}, {.p = p}); };
      expect_derivatives(str("norm of zeros, p = ", p).c_str(), fn, {0, 0}, {0, 0}, {0, 0});
    }
    // One element is 0. Its neighbours' gradient is that of them alone.
    auto third = [](const Tensor& t) { return norm(t, {}, {.p = 3}); };
    expect_derivatives("norm with a zero, p = 3", third, {0, 8}, {0, 1}, {0, 0});
    Tensor inverse = tensor({0, 8}, {f64}).requires_grad_(), y = norm(inverse, {}, {.p = -1});
    GG_CHECK(y.item() == 0, "norm, p = -1: an element is 0");
    expect("norm, p = -1", grad(y, inverse), {0, 0});
    // Large and small elements.
    const Tensor big = tensor({3e30, 4e30}), small = tensor({3e-30, 4e-30});
    GG_CHECK(std::abs(norm(big, {}, {.p = 3}).item() / 4.49794144527541e30 - 1) < 1e-6, "norm overflows");
    GG_CHECK(std::abs(norm(small, {}, {.p = -3}).item() / 2.667887109e-30 - 1) < 1e-6, "norm underflows");
    GG_CHECK(norm(tensor({1, -INFINITY}), {}, {.p = 3}).item() == INFINITY, "norm of inf");
    for (double p : {-1.0, 0.5, 2.0, 3.0, inf}) {
      GG_CHECK(std::isnan(norm(tensor({1, NAN}), {}, {.p = p}).item()), "norm of NaN, p = ", p);
    }
    GG_CHECK(norm(ones({0})).item() == 0, "norm of nothing");
  };

  const auto truth = [](bool all_of) {
    return [all_of](const Numbers& v) -> Real {
      for (Real e : v) {
        if ((e != 0) != all_of) return !all_of;
      }
      return all_of;
    };
  };
  row(
      "all", "", [](In in) { return all(in[0], 1); }, truths({9, 2, 3}), reducing(middle, false, truth(true)), 0)
      .complaints = {{[x] { all(x); }, {"all", "bool", "float32"}}};
  rows.back().extra = [] {
    GG_CHECK(all(ones({0}, {boolean})).item() == 1 && any(ones({0}, {boolean})).item() == 0, "all, any of nothing");
    GG_CHECK(all(ones({3}, {boolean})).dtype() == boolean, "all is bool");
  };
  row(
      "any", "",
      [](In in) {
        return any(in[0], {0, 2}, {.keepdim = true});
      },
      truths({2, 40, 1}), reducing(outer, true, truth(false)), 0)
      .complaints = {{[x] { any(x); }, {"any", "bool", "float32"}},
                     {[] { any(ones({2}, {boolean}), 1); }, {"any", "axis 1"}}};
  return rows;
}

}  // namespace gg::optable
