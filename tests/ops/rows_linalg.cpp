// Rows of linear algebra. The oracles are Gauss' elimination and Jacobi's rotations in long double.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "autograd/autograd.h"
#include "autograd/functional/transforms.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;
using Square = std::vector<std::vector<Real>>;

// Matrix `index` of a batch, or the only one.
Square matrix(const Host& h, int64_t index = 0) {
  const int r = h.shape.rank();
  const int64_t m = h.shape[r - 2], n = h.shape[r - 1], count = h.shape.numel() / (m * n);
  Square a(static_cast<size_t>(m), std::vector<Real>(static_cast<size_t>(n)));
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      a[static_cast<size_t>(i)][static_cast<size_t>(j)] = h.v[static_cast<size_t>((index % count * m + i) * n + j)];
    }
  }
  return a;
}

void put(Host& h, int64_t index, const Square& a) {
  size_t at = static_cast<size_t>(index) * a.size() * (a.empty() ? 0 : a[0].size());
  for (const auto& row : a) {
    for (Real x : row) h.v[at++] = x;
  }
}

Square plus_diagonal(Square a, Real d) {
  for (size_t i = 0; i < a.size(); ++i) a[i][i] += d;
  return a;
}

Square times(const Square& a, const Square& b) {
  Square c(a.size(), std::vector<Real>(b[0].size()));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < b[0].size(); ++j) {
      for (size_t k = 0; k < b.size(); ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

Square flipped(const Square& a) {
  Square t(a[0].size(), std::vector<Real>(a.size()));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a[0].size(); ++j) t[j][i] = a[i][j];
  }
  return t;
}

// a⁻¹·b by elimination with pivots; `det` becomes the determinant of a.
Square gauss(Square a, Square b, Real& det) {
  const size_t n = a.size();
  det = 1;
  for (size_t k = 0; k < n; ++k) {
    size_t best = k;
    for (size_t i = k; i < n; ++i) best = std::abs(a[i][k]) > std::abs(a[best][k]) ? i : best;
    if (best != k) std::swap(a[best], a[k]), std::swap(b[best], b[k]), det = -det;
    det *= a[k][k];
    for (size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const Real f = a[i][k] / a[k][k];
      for (size_t j = 0; j < n; ++j) a[i][j] -= f * a[k][j];
      for (Real& x : b[i]) x -= f * b[k][static_cast<size_t>(&x - b[i].data())];
    }
  }
  for (size_t k = 0; k < n; ++k) {
    for (Real& x : b[k]) x /= a[k][k];
  }
  return b;
}

Square identity(size_t n) { return plus_diagonal(Square(n, std::vector<Real>(n)), 1); }

Real determinant(const Square& a) {
  Real d;
  gauss(a, identity(a.size()), d);
  return d;
}

Square lower_factor(const Square& a) {
  Square l(a.size(), std::vector<Real>(a.size()));
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j <= i; ++j) {
      Real s = a[i][j];
      for (size_t k = 0; k < j; ++k) s -= l[i][k] * l[j][k];
      l[i][j] = i == j ? std::sqrt(s) : s / l[j][j];
    }
  }
  return l;
}

struct Eigen {
  std::vector<Real> values;  // ascending
  Square vectors;            // in columns, largest entry positive
};

void make_positive(Square& v, size_t column) {
  Real most = 0;
  for (const auto& row : v) most = std::abs(row[column]) > std::abs(most) ? row[column] : most;
  for (auto& row : v) row[column] *= most < 0 ? -1 : 1;
}

Eigen jacobi(Square a) {
  const size_t n = a.size();
  Square v = identity(n);
  for (int sweep = 0; sweep < 60; ++sweep) {
    for (size_t p = 0; p < n; ++p) {
      for (size_t q = p + 1; q < n; ++q) {
        if (a[p][q] == 0) continue;
        const Real angle = std::atan2(2 * a[p][q], a[q][q] - a[p][p]) / 2, c = std::cos(angle), s = std::sin(angle);
        for (Square* m : {&a, &v}) {
          for (auto& row : *m) {
            const Real x = row[p], y = row[q];
            row[p] = c * x - s * y;
            row[q] = s * x + c * y;
          }
        }
        for (size_t k = 0; k < n; ++k) {
          const Real x = a[p][k], y = a[q][k];
          a[p][k] = c * x - s * y;
          a[q][k] = s * x + c * y;
        }
      }
    }
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t i, size_t j) { return a[i][i] < a[j][j]; });
  Eigen e{{}, v};
  for (size_t j = 0; j < n; ++j) {
    e.values.push_back(a[order[j]][order[j]]);
    for (size_t i = 0; i < n; ++i) e.vectors[i][j] = v[i][order[j]];
    make_positive(e.vectors, j);
  }
  return e;
}

Square mirrored(Square a) {
  const Square t = flipped(a);
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < a.size(); ++j) a[i][j] = (a[i][j] + t[i][j]) / 2;
  }
  return a;
}

// u, s as a column, vh.
std::array<Square, 3> thin_svd(const Square& a) {
  const bool tall = a.size() >= a[0].size();
  const Square tallest = tall ? a : flipped(a);
  const Eigen e = jacobi(times(flipped(tallest), tallest));
  const size_t k = e.values.size();
  Square s(k, std::vector<Real>(1)), right(k, std::vector<Real>(k));
  for (size_t j = 0; j < k; ++j) {
    s[j][0] = std::sqrt(e.values[k - 1 - j]);
    for (size_t i = 0; i < k; ++i) right[i][j] = e.vectors[i][k - 1 - j];
  }
  Square left = times(tallest, right);
  for (auto& row : left) {
    for (size_t j = 0; j < k; ++j) row[j] /= s[j][0];
  }
  Square u = tall ? left : right, v = tall ? right : left;
  for (size_t j = 0; j < k; ++j) {
    const Square before = u;
    make_positive(u, j);
    bool turned = false;
    for (size_t i = 0; i < u.size(); ++i) turned = turned || u[i][j] != before[i][j];
    for (auto& row : v) row[j] *= turned ? -1 : 1;
  }
  return {u, s, flipped(v)};
}

Tensor shifted(const Tensor& a, double d) { return a + d * eye(a.size(-1), a.options()); }

// A row of functions of matrices that break at zeros.
Row plain(std::string name, std::string variant, Run run, std::vector<Input> inputs, Oracle oracle) {
  Row row{std::move(name), std::move(variant), std::move(run), std::move(inputs), std::move(oracle)};
  row.accepts_zeros = false;
  row.tolerance32 = 1e-5;
  return row;
}

Row solve_row(std::string variant, Shape a, Shape b, Shape out) {
  return plain(
      "solve", std::move(variant), [](In in) { return solve(shifted(in[0], 4), in[1]); }, {{a}, {b}},
      [out](Hosts in) {
        Host y(out);
        Host right = in[1];
        if (right.shape.rank() == 1) right.shape = {right.shape[0], 1};
        const int64_t one = right.shape[right.shape.rank() - 2] * right.shape[right.shape.rank() - 1];
        for (int64_t i = 0; i < y.shape.numel() / one; ++i) {
          Real d;
          put(y, i, gauss(plus_diagonal(matrix(in[0], i), 4), matrix(right, i), d));
        }
        return y;
      });
}

const char* const kSquare = "square matrices [..., n, n], got [2,3]";

void add_systems(std::vector<Row>& rows) {
  rows.push_back(solve_row("", {3, 3}, {3, 2}, {3, 2}));
  rows.back().complaints = {{[] {
                               solve(ones({2, 3}), ones({2, 1}));
                             },
                             {"solve", kSquare}},
                            {[] {
                               solve(ones({3, 3}), ones({2, 1}));
                             },
                             {"solve", "right-hand sides of 3 rows, got [2,1]"}},
                            {[] {
                               solve(ones({2, 2}), ones({2, 1}, {f64}));
                             },
                             {"solve", "float32 and float64"}},
                            {[] {
                               solve(ones({2, 2}, {i64}), ones({2, 1}, {i64}));
                             },
                             {"solve", "int64"}},
                            {[] {
                               solve(ones({2, 2}), ones({2, 1}));
                             },
                             {"solve", "singular: pivot 1 of 2 is 0"}},
                            {[] {
                               solve(stack({eye(2), zeros({2, 2})}), ones({2, 1}));
                             },
                             {"pivot 0 of 2 is 0 (matrix 1 of 2)"}}};
  rows.back().extra = [] {
    GG_CHECK(solve(ones({0, 0}), ones({0, 2})).shape() == (Shape{0, 2}), "solve of nothing");
    Tensor a = randn({100, 100}, {f64}), x = randn({100, 7}, {f64});
    GG_CHECK(max(abs(solve(a, matmul(a, x)) - x)).item() < 1e-9, "solve of a large system");
  };
  rows.push_back(solve_row("vector", {2, 2}, {2}, {2}));
  rows.push_back(solve_row("one_of_many", {2, 2}, {3, 2, 2}, {3, 2, 2}));
  rows.push_back(solve_row("many_of_one", {2, 2, 2}, {2, 1}, {2, 2, 1}));

  rows.push_back(plain(
      "inverse", "", [](In in) { return inverse(shifted(in[0], 4)); }, {{{2, 2, 2}}},
      [](Hosts in) {
        Host y(in[0].shape);
        for (int64_t i = 0; i < 2; ++i) {
          Real d;
          put(y, i, gauss(plus_diagonal(matrix(in[0], i), 4), identity(2), d));
        }
        return y;
      }));
  rows.back().complaints = {{[] {
                               inverse(ones({2, 3}));
                             },
                             {"inverse", kSquare}},
                            {[] {
                               inverse(zeros({3, 3}));
                             },
                             {"singular: pivot 0 of 3"}}};

  for (bool upper : {false, true}) {
    Row row = plain(
        "solve_triangular", upper ? "upper" : "",
        [upper](In in) { return solve_triangular(shifted(in[0], 4), in[1], {.upper = upper}); }, {{{3, 3}}, {{3, 2}}},
        [upper](Hosts in) {
          Square a = plus_diagonal(matrix(in[0]), 4);
          for (size_t i = 0; i < 3; ++i) {
            for (size_t j = 0; j < 3; ++j) a[i][j] = (upper ? j >= i : j <= i) ? a[i][j] : 0;
          }
          Host y({3, 2});
          Real d;
          put(y, 0, gauss(a, matrix(in[1]), d));
          return y;
        });
    row.complaints = {{[] {
                         solve_triangular(ones({2, 3}), ones({2, 1}));
                       },
                       {"solve_triangular", kSquare}},
                      {[] {
                         solve_triangular(tensor({{1, 2}, {3, 0}}), ones({2, 1}));
                       },
                       {"element 1 of its diagonal is 0"}}};
    rows.push_back(row);
  }

  // Of a·aᵀ + 1: positive definite whatever a is.
  rows.push_back(plain(
      "cholesky", "", [](In in) { return cholesky(shifted(matmul(in[0], transpose(in[0])), 1)); }, {{{2, 3, 3}}},
      [](Hosts in) {
        Host y(in[0].shape);
        for (int64_t i = 0; i < 2; ++i) {
          const Square a = matrix(in[0], i);
          put(y, i, lower_factor(plus_diagonal(times(a, flipped(a)), 1)));
        }
        return y;
      }));
  rows.back().accepts_zeros = true;
  rows.back().complaints = {{[] {
                               cholesky(ones({2, 3}));
                             },
                             {"cholesky", kSquare}},
                            {[] {
                               cholesky(tensor({{1, 0, 0}, {0, -1, 0}, {0, 0, 1}}));
                             },
                             {"not positive definite", "leading 2 by 2 part"}},
                            {[] {
                               cholesky(full({2, 2}, NAN));
                             },
                             {"cholesky", "not finite"}},
                            {[] {
                               cholesky(tensor({{INFINITY, 0}, {0, 1}}));
                             },
                             {"cholesky", "not finite"}}};
  rows.back().extra = [] {  // matrices of no size
    Tensor x = zeros({2, 0, 0}, {f64}).requires_grad_();
    GG_CHECK(inverse(x).shape() == x.shape(), "inverse of nothing");
    for (const Tensor& y : {det(x), sum(cholesky(x)), slogdet(x).logabsdet}) {
      GG_CHECK(grad(sum(y), x).shape() == x.shape(), "gradient of nothing");
    }
  };
  rows.push_back(plain(
      "cholesky", "symmetrised", [](In in) { return cholesky(shifted(in[0], 6)); }, {{{3, 3}}},
      [](Hosts in) {
        Host y(in[0].shape);
        put(y, 0, lower_factor(plus_diagonal(mirrored(matrix(in[0])), 6)));
        return y;
      }));
  rows.push_back(plain(
      "cholesky_solve", "", [](In in) { return cholesky_solve(in[0], shifted(in[1], 4)); }, {{{3, 2}}, {{3, 3}}},
      [](Hosts in) {
        Square l = plus_diagonal(matrix(in[1]), 4);
        for (size_t i = 0; i < 3; ++i) {
          for (size_t j = i + 1; j < 3; ++j) l[i][j] = 0;
        }
        Host y({3, 2});
        Real d;
        put(y, 0, gauss(times(l, flipped(l)), matrix(in[0]), d));
        return y;
      }));
  rows.back().complaints = {{[] { cholesky_solve(ones({2, 1}), ones({3, 3})); }, {"cholesky_solve", "3 rows"}}};
}

Oracle of_determinant(Real (*fn)(Real)) {
  return [fn](Hosts in) {
    Host y(in[0].shape.part(0, in[0].shape.rank() - 2));
    for (size_t i = 0; i < y.v.size(); ++i) {
      y.v[i] = fn(determinant(plus_diagonal(matrix(in[0], static_cast<int64_t>(i)), 3)));
    }
    return y;
  };
}

void add_determinants(std::vector<Row>& rows) {
  rows.push_back(plain(
      "det", "", [](In in) { return det(shifted(in[0], 3)); }, {{{2, 3, 3}}},
      of_determinant([](Real d) { return d; })));
  rows.back().complaints = {{[] {
                               det(ones({2, 3}));
                             },
                             {"det", kSquare}},
                            {[] {
                               Tensor x = ones({2, 2}).requires_grad_();
                               grad(det(x), x);
                             },
                             {"singular: pivot 1 of 2"}}};
  rows.back().extra = [] {
    const double nothing = det(ones({0, 0}, {f64})).item(), none = det(ones({2, 2}, {f64})).item(),
                 turned = det(tensor({{0, 1}, {1, 0}}, {f64})).item();
    GG_CHECK(nothing == 1 && none == 0 && turned == -1, "det: ", nothing, ", ", none, ", ", turned);
  };
  rows.push_back(plain(
      "slogdet", "", [](In in) { return slogdet(shifted(in[0], 3)).logabsdet; }, {{{2, 3, 3}}},
      of_determinant([](Real d) { return std::log(std::abs(d)); })));
  rows.back().complaints = {{[] { slogdet(ones({2, 3})); }, {"slogdet", kSquare}}};
  rows.back().extra = [] {
    Tensor a = stack({eye(2), tensor({{0, 2}, {2, 0}}), ones({2, 2}), full({2, 2}, 1e30)});
    SignedLog d = slogdet(a * 1e-30);
    GG_CHECK(d.sign.to_vector<float>() == (std::vector<float>{1, -1, 0, 0}), "slogdet: ", to_string(d.sign));
    const float expected = 2 * std::log(1e-30f);
    std::vector<float> l = d.logabsdet.to_vector<float>();
    GG_CHECK(std::abs(l[0] - expected) < 1e-4 && l[2] == -INFINITY, "slogdet: ", to_string(d.logabsdet));
    // A pivot of 0 behind a product that overflows; NaN and infinity.
    a = tensor({{1e30, 0, 0}, {0, 1e30, 0}, {0, 0, 0}});
    d = slogdet(a);
    GG_CHECK(d.sign.item() == 0 && d.logabsdet.item() == -INFINITY && det(a).item() == 0,
             "slogdet: ", to_string(d.sign), ", ", to_string(d.logabsdet), ", det ", to_string(det(a)));
    d = slogdet(tensor({{1, 0}, {0, NAN}}));
    GG_CHECK(std::isnan(d.sign.item()) && std::isnan(d.logabsdet.item()), "slogdet of NaN: ", to_string(d.sign));
    d = slogdet(tensor({{1e30, 0}, {0, -1e30}}));
    GG_CHECK(d.sign.item() == -1 && std::isfinite(d.logabsdet.item()), "slogdet: ", to_string(d.sign));
  };
  rows.push_back(plain(
      "logdet", "", [](In in) { return logdet(shifted(matmul(in[0], in[0]), 0)); }, {{{3, 3}}},
      [](Hosts in) {
        Host y(Shape{});
        y.v[0] = 2 * std::log(std::abs(determinant(matrix(in[0]))));
        return y;
      }));
  rows.back().complaints = {{[] { logdet(ones({3})); }, {"logdet", "[3]"}}};
  rows.back().extra = [] {
    Tensor d = logdet(stack({-eye(1), eye(1), zeros({1, 1})}));
    std::vector<float> v = d.to_vector<float>();
    GG_CHECK(std::isnan(v[0]) && v[1] == 0 && v[2] == -INFINITY, "logdet: ", to_string(d));
  };
}

// What equal values do.
void check_gap_rule() {
  Tensor x = eye(3, {f64}).requires_grad_();
  Tensor g = grad(sum(eigvalsh(x)), x);
  GG_CHECK(max(abs(g - eye(3, {f64}))).item() < 1e-14, "eigvalsh of the identity: gradient ", to_string(g));
  Tensor t = jvp([](const Tensor& a) { return eigvalsh(a); }, x.detach(), eye(3, {f64})).product;
  GG_CHECK(t.to_vector<double>() == std::vector<double>(3, 1), "eigvalsh of the identity: tangent ", to_string(t));
  auto expect = [](const char* part, const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      GG_CHECK(std::string(e.what()).find(part) != std::string::npos, "expected '", part, "', got: ", e.what());
      return;
    }
    fail("no error with '", part, "'");
  };
  Tensor w = randn({3, 3}, {f64});
  expect("eigh: eigenvalues 0 and 1 are equal (1)", [&] { grad(sum(eigh(x).vectors * w), x); });
  expect("eigh: eigenvalues 0 and 1 are equal (1)",
         [&] { jvp([](const Tensor& a) { return eigh(a).vectors; }, x.detach(), w); });
  Tensor near = tensor({{1, 0}, {0, 1 + 3e-16}}, {f64}).requires_grad_();
  expect("are equal", [&] { grad(sum(eigh(near).vectors), near); });
  Tensor wide = tensor({{1, 0}, {0, 1.001}}, {f64}).requires_grad_();
  grad(sum(eigh(wide).vectors), wide);
  const Tensor nothing = symbolic_zeros({3, 3}, {f64});
  g = grad(eigh(x).vectors, x, {.grad_outputs = {nothing}});
  GG_CHECK(max(abs(g)).item() == 0, "eigh of the identity: a gradient of nothing is ", to_string(g));
  // Both results of one call: the gradient through the vectors is not asked for.
  Eigh both = eigh(x);
  grad(sum(both.values), x);

  Tensor turned = tensor({{0, 1}, {1, 0}}, {f64}).requires_grad_();
  g = grad(sum(svdvals(turned)), turned);  // the nuclear norm: u·vh
  GG_CHECK(max(abs(g - turned.detach())).item() < 1e-14, "svdvals: gradient ", to_string(g));
  expect("svd: singular values 0 and 1 are equal (1)", [&] { grad(sum(svd(turned).u), turned); });
  Tensor thin = tensor({{3, 0}, {0, 0}, {0, 0}}, {f64}).requires_grad_();
  expect("svd: singular value 1 is 0", [&] { grad(sum(svd(thin).u), thin); });
  for (double v : grad(sum(svdvals(thin)), thin).to_vector<double>()) GG_CHECK(std::isfinite(v), "svdvals at 0: ", v);
  Tensor one_zero = tensor({{3, 0}, {0, 0}}, {f64}).requires_grad_();  // square: no harm
  for (double v : grad(sum(svd(one_zero).u), one_zero).to_vector<double>()) GG_CHECK(std::isfinite(v), "svd at 0: ", v);
}

void add_eigen(std::vector<Row>& rows) {
  const auto oracle = [](bool vectors) {
    return [vectors](Hosts in) {
      Host y(vectors ? in[0].shape : in[0].shape.part(0, in[0].shape.rank() - 1));
      const int64_t n = in[0].shape[in[0].shape.rank() - 1];
      for (int64_t i = 0; i < in[0].shape.numel() / (n * n); ++i) {
        const Eigen e = jacobi(mirrored(matrix(in[0], i)));
        if (vectors) {
          put(y, i, e.vectors);
        } else {
          std::copy(e.values.begin(), e.values.end(), y.v.begin() + i * n);
        }
      }
      return y;
    };
  };
  rows.push_back(plain(
      "eigh", "values", [](In in) { return eigh(in[0]).values; }, {{{3, 3}}}, oracle(false)));
  rows.back().complaints = {{[] {
                               eigh(ones({2, 3}));
                             },
                             {"eigh", kSquare}},
                            {[] {
                               eigh(ones({2, 2}, {i64}));
                             },
                             {"eigh", "int64"}},
                            {[] {
                               eigh(full({2, 2}, NAN));
                             },
                             {"eigh", "not finite"}}};
  rows.back().extra = check_gap_rule;
  rows.push_back(plain(
      "eigh", "vectors", [](In in) { return eigh(in[0]).vectors; }, {{{3, 3}}}, oracle(true)));
  rows.push_back(plain(
      "eigh", "batched", [](In in) { return eigh(in[0]).vectors; }, {{{2, 2, 2}}}, oracle(true)));
  rows.back().extra = [] {
    // The second difference matrix of size n has the eigenvalues 2 − 2·cos(kπ / (n + 1)).
    constexpr int64_t n = 300;
    Tensor up = pad(eye(n - 1, {f64}), {{0, 0, 1}, {1, 1, 0}}), a = 2.0 * eye(n, {f64}) - up - transpose(up);
    Eigh e = eigh(a);
    std::vector<double> w = e.values.to_vector<double>();
    for (int64_t k = 1; k <= n; ++k) {
      const double expected = 2 - 2 * std::cos(static_cast<double>(k) * std::acos(-1.0) / (n + 1));
      GG_CHECK(std::abs(w[static_cast<size_t>(k - 1)] - expected) < 1e-12, "eigh: value ", k);
    }
    GG_CHECK(max(abs(matmul(transpose(e.vectors), e.vectors) - eye(n, {f64}))).item() < 1e-12, "eigh: not orthogonal");
    GG_CHECK(eigh(ones({0, 0})).values.numel() == 0, "eigh of nothing");
  };
  rows.push_back(plain(
      "eigvalsh", "", [](In in) { return eigvalsh(in[0]); }, {{{3, 3}}}, oracle(false)));
  rows.back().complaints = {{[] { eigvalsh(ones({2, 3})); }, {"eigvalsh", kSquare}}};

  struct Part {
    std::string name;
    size_t index;
    Tensor (*run)(const Tensor&);
  };
  for (const Part& part : {Part{"u", 0, [](const Tensor& a) { return svd(a).u; }},
                           Part{"s", 1, [](const Tensor& a) { return unsqueeze(svd(a).s, -1); }},
                           Part{"vh", 2, [](const Tensor& a) { return svd(a).vh; }}}) {
    for (const Shape& shape : {Shape{3, 2}, Shape{2, 3}, Shape{3, 3}}) {
      const std::string size = shape[0] > shape[1] ? "_tall" : shape[0] < shape[1] ? "_wide" : "";
      rows.push_back(plain(
          "svd", part.name + size, [part](In in) { return part.run(in[0]); }, {{shape}},
          [part](Hosts in) {
            const Square y = thin_svd(matrix(in[0]))[part.index];
            Host h({static_cast<int64_t>(y.size()), static_cast<int64_t>(y[0].size())});
            put(h, 0, y);
            return h;
          }));
    }
  }
  rows.back().complaints = {{[] { svd(ones({3})); }, {"svd", "matrices [..., m, n]", "[3]"}},
                            {[] {
                               svd(full({2, 2}, INFINITY));
                             },
                             {"svd", "not finite"}}};
  rows.back().extra = [] {
    Tensor a = randn({2, 30, 70}, {f64});
    Svd d = svd(a);
    GG_CHECK(d.u.shape() == (Shape{2, 30, 30}) && d.s.shape() == (Shape{2, 30}) && d.vh.shape() == (Shape{2, 30, 70}),
             "svd: shapes");
    GG_CHECK(max(abs(matmul(d.u * unsqueeze(d.s, -2), d.vh) - a)).item() < 1e-12, "svd: not a factorisation");
  };
  rows.push_back(plain(
      "svdvals", "", [](In in) { return svdvals(in[0]); }, {{{2, 3}}},
      [](Hosts in) {
        const Square s = thin_svd(matrix(in[0]))[1];
        Host h({2});
        h.v = {s[0][0], s[1][0]};
        return h;
      }));
  rows.back().complaints = {{[] { svdvals(ones({3})); }, {"svd", "[3]"}}};
}

}  // namespace

std::vector<Row> linalg_rows() {
  std::vector<Row> rows;
  add_systems(rows);
  add_determinants(rows);
  add_eigen(rows);
  return rows;
}

}  // namespace gg::optable
