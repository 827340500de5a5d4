// Rows of distances and angles.
#include "ops/distance.h"

#include <cmath>

#include "autograd/autograd.h"
#include "autograd/functional/gradcheck.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

Real p_norm(const std::vector<Real>& v, double p) {
  Real s = 0;
  for (Real x : v) s = std::isinf(p) ? std::fmax(s, std::fabs(x)) : s + std::pow(std::fabs(x), static_cast<Real>(p));
  return std::isinf(p) ? s : std::pow(s, 1 / static_cast<Real>(p));
}

// of(differences) of all points of a [batches of a, n, d] and b [batches of b, m, d], for one axis of batches at most.
Oracle pairwise(Shape shape, std::function<Real(const std::vector<Real>&)> of) {
  return [=](std::span<const Host> in) {
    Host out(shape);
    const int64_t n = shape[shape.rank() - 2], m = shape[shape.rank() - 1];
    const int64_t d = in[0].shape[in[0].shape.rank() - 1];
    const auto coordinate = [&](const Host& h, int64_t batch, int64_t points, int64_t i, int64_t k) {
      const int64_t batches = h.shape.numel() / std::max<int64_t>(1, points * d);
      return h.v[static_cast<size_t>((batch % batches * points + i) * d + k)];
    };
    for (size_t at = 0; at < out.v.size(); ++at) {
      const auto p = static_cast<int64_t>(at);
      std::vector<Real> differences;
      for (int64_t k = 0; k < d; ++k) {
        differences.push_back(coordinate(in[0], p / (n * m), n, p / m % n, k) -
                              coordinate(in[1], p / (n * m), m, p % m, k));
      }
      out.v[at] = of(differences);
    }
    return out;
  };
}
Real squares(const std::vector<Real>& v) {
  Real s = 0;
  for (Real x : v) s += x * x;
  return s;
}

void expect(const char* what, const Tensor& x, const std::vector<double>& expected) {
  GG_CHECK(x.to_vector<double>() == expected, what, ": got ", to_string(x));
}

// Two sets that share a point.
void check_same_points() {
  for (double p : {0.5, 1.0, 1.5, 2.0, 3.0, HUGE_VAL}) {
    Tensor a = tensor({{1, 2}}, {f64}).requires_grad_(), b = tensor({{1, 2}}, {f64}).requires_grad_();
    const std::vector<Tensor> g = grad(cdist(a, b, p), {a, b}, {.create_graph = true});
    for (const Tensor& t : g) {
      expect("cdist: gradient at distance 0", t.detach(), {0, 0});
      expect("cdist: second derivative at distance 0", grad(sum(t), a, {.retain_graph = true}), {0, 0});
    }
  }
  const Tensor at = tensor({{3, 4}, {0, 0}}, {f64}), away = tensor({{0, 0}}, {f64});
  expect("cdist", cdist(at, away), {5, 0});
  expect("cdist, p = 0", cdist(at, away, 0), {2, 0});
  expect("cdist of no coordinates", cdist(ones({1, 0}, {f64}), ones({2, 0}, {f64}), 1), {0, 0});
}

// Points far from the origin and close to each other.
void check_digits() {
  const Tensor a = tensor({{1000.25f, 2000.5f}}), b = tensor({{1000.25f + 0x1p-10f, 2000.5f}});
  GG_CHECK(squared_distance(a, b).item() == 0x1p-20, "squared_distance loses digits");
  Tensor x = a.detach().requires_grad_();
  const std::vector<float> g = grad(cdist(x, b), x).to_vector<float>();
  GG_CHECK(g[0] == -1 && g[1] == 0, "cdist: the gradient loses digits: ", g[0], ", ", g[1]);
}

void check_p(double p) {
  Generator g(5);
  std::vector<Tensor> in = {randn({3, 4}, {f64}, g).requires_grad_(), randn({2, 4}, {f64}, g).requires_grad_()};
  for (int order : {1, 2}) {
    const GradcheckResult r =
        gradcheck([p](std::span<const Tensor> t) { return cdist(t[0], t[1], p); }, in, {.order = order});
    GG_CHECK(r.ok, "cdist, p = ", p, ": ", r.message);
  }
}

Oracle cosine(Real eps) {
  return [eps](std::span<const Host> in) {  // of [a, n, b] and [n, b] along the middle axis; one n may be 1
    const int64_t a = in[0].shape[0], b = in[0].shape[2], n = std::max(in[0].shape[1], in[1].shape[0]);
    Host out({a, b});
    for (int64_t i = 0; i < a; ++i) {
      for (int64_t j = 0; j < b; ++j) {
        Real product = 0, x = 0, y = 0;
        for (int64_t k = 0; k < n; ++k) {
          const Real p = in[0].at({i, k % in[0].shape[1], j}), q = in[1].at({k % in[1].shape[0], j});
          product += p * q;
          x += p * p;
          y += q * q;
        }
        out.at({i, j}) = product / (std::fmax(std::sqrt(x), eps) * std::fmax(std::sqrt(y), eps));
      }
    }
    return out;
  };
}

Oracle normalized(double p, Real eps) {
  return [=](std::span<const Host> in) {  // [a, n, b] along the middle axis
    const int64_t n = in[0].shape[1], b = in[0].shape[2];
    Host out = in[0];
    for (int64_t i = 0; i < in[0].shape[0]; ++i) {
      for (int64_t j = 0; j < b; ++j) {
        std::vector<Real> line;
        for (int64_t k = 0; k < n; ++k) line.push_back(in[0].at({i, k, j}));
        for (int64_t k = 0; k < n; ++k) out.at({i, k, j}) /= std::fmax(p_norm(line, p), eps);
      }
    }
    return out;
  };
}

}  // namespace

std::vector<Row> distance_rows() {
  using In = std::span<const Tensor>;
  const Tensor x = ones({2, 3}), v = ones({3}), whole = ones({2, 3}, {i64});
  std::vector<Row> rows;
  auto row = [&](std::string name, std::string variant, Run run, std::vector<Input> in, Oracle oracle) -> Row& {
    rows.push_back({std::move(name), std::move(variant), std::move(run), std::move(in), std::move(oracle)});
    return rows.back();
  };
  const Run squared = [](In in) { return squared_distance(in[0], in[1]); };
  Row& first = row("squared_distance", "", squared, {{{3, 4}}, {{5, 4}}}, pairwise({3, 5}, squares));
  first.order = 3;
  first.large = {{100, 37}, {90, 37}};
  first.extra = check_digits;
  first.complaints = {{[=] { squared_distance(x, v); }, {"squared_distance", "[..., n, d]", "[2,3] and [3]"}},
                      {[=] {
                         squared_distance(x, ones({2, 4}));
                       },
                       {"squared_distance", "3 and 4 coordinates"}},
                      {[=] { squared_distance(whole, whole); }, {"squared_distance", "int64"}},
                      {[=] {
                         squared_distance(x, ones({2, 3}, {f64}));
                       },
                       {"float32 and float64"}},
                      {[] {
                         squared_distance(ones({2, 3, 4}), ones({3, 3, 4}));
                       },
                       {"squared_distance", "[2]", "[3]"}}};
  row("squared_distance", "many_coordinates", squared, {{{5, 37}, -0.5, 0.5}, {{7, 37}, -0.5, 0.5}},
      pairwise({5, 7}, squares));
  row("squared_distance", "batched", squared, {{{2, 3, 4}}, {{2, 2, 4}}}, pairwise({2, 3, 2}, squares));
  row("squared_distance", "broadcast", squared, {{{3, 2}}, {{2, 4, 2}}}, pairwise({2, 3, 4}, squares));
  Row& wide =
      row("squared_distance", "tiles", squared, {{{70, 19}, -1, 1}, {{67, 19}, -1, 1}}, pairwise({70, 67}, squares));
  wide.order = 0;  // checked at the small ones
  row("squared_distance", "nothing", squared, {{{0, 3}}, {{2, 3}}}, pairwise({0, 2}, squares));

  row(
      "cdist", "", [](In in) { return cdist(in[0], in[1]); }, {{{3, 4}}, {{5, 4}}},
      pairwise({3, 5}, [](const std::vector<Real>& d) { return p_norm(d, 2); }))
      .large = {{100, 37}, {90, 37}};
  rows.back().extra = [] {
    check_same_points();
    for (double p : {1.0, 1.5, HUGE_VAL}) check_p(p);
  };
  rows.back().complaints = {{[=] { cdist(x, v); }, {"cdist", "[..., n, d]", "[2,3] and [3]"}},
                            {[=] { cdist(x, x, -1); }, {"cdist", "p must be 0 or more", "-1"}},
                            {[=] {
                               cdist(x, ones({2, 4}));
                             },
                             {"cdist", "3 and 4 coordinates"}}};
  row(
      "cdist", "p3", [](In in) { return cdist(in[0], in[1], 3); }, {{{2, 3, 2}}, {{2, 2, 2}}},
      pairwise({2, 3, 2}, [](const std::vector<Real>& d) { return p_norm(d, 3); }));

  row(
      "cosine_similarity", "", [](In in) { return cosine_similarity(in[0], in[1]); }, {{{2, 3, 4}}, {{3, 4}}},
      cosine(1e-8L))
      .extra = [] {
    Tensor a = tensor({{0, 0}}, {f64}).requires_grad_();
    const Tensor y = cosine_similarity(a, tensor({{0, 4}}, {f64}), 1, 0.5);
    expect("cosine_similarity at 0", y.detach(), {0});
    expect("cosine_similarity at 0: gradient", grad(y, a), {0, 2});
  };
  rows.back().accepts_zeros = false;  // 1 / eps makes numbers too large to compare
  rows.back().complaints = {{[=] { cosine_similarity(x, x, 2); }, {"cosine_similarity", "axis 2"}},
                            {[=] { cosine_similarity(x, v, 0); }, {"cosine_similarity", "both have axis 0"}},
                            {[=] { cosine_similarity(x, x, 1, 0); }, {"cosine_similarity", "eps must be positive"}},
                            {[=] { cosine_similarity(whole, whole); }, {"cosine_similarity", "int64"}}};
  row(
      "cosine_similarity", "eps", [](In in) { return cosine_similarity(in[0], in[1], -2, 9.0); },
      {{{2, 3, 4}}, {{3, 4}}}, cosine(9));
  row(
      "cosine_similarity", "one_for_all", [](In in) { return cosine_similarity(in[0], in[1], -2, 0.1); },
      {{{2, 1, 4}}, {{3, 4}}}, cosine(0.1L));
  row(
      "cosine_similarity", "all_for_one", [](In in) { return cosine_similarity(in[0], in[1], 1, 0.1); },
      {{{2, 3, 4}}, {{1, 4}}}, cosine(0.1L));

  row(
      "normalize", "", [](In in) { return normalize(in[0]); }, {{{2, 3, 4}}}, normalized(2, 1e-12L))
      .extra = [] {
    Tensor zero = tensor({{0, 0}}, {f64}).requires_grad_();
    const Tensor g = grad(sum(normalize(zero, 1, {.eps = 0.5})), zero, {.create_graph = true});
    expect("normalize at 0: gradient", g.detach(), {2, 2});
    expect("normalize at 0: second derivative", grad(sum(g), zero), {0, 0});
  };
  rows.back().accepts_zeros = false;
  rows.back().complaints = {{[=] { normalize(x, 2); }, {"normalize", "axis 2"}},
                            {[=] { normalize(x, 1, {.eps = 0}); }, {"normalize", "eps must be positive, got 0"}},
                            {[=] { normalize(whole); }, {"normalize", "int64"}}};
  row(
      "normalize", "p3", [](In in) { return normalize(in[0], -2, {.p = 3, .eps = 0.1}); }, {{{2, 3, 4}}},
      normalized(3, 0.1L));
  row(
      "normalize", "nothing", [](In in) { return normalize(in[0], 1, {.p = 3}); }, {{{2, 0, 3}}},
      normalized(3, 1e-12L));
  return rows;
}

}  // namespace gg::optable
