// Rows of triangles, diagonals and products of vectors.
#include "ops/matrix.h"

#include <cmath>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

// Zeros where not keep(row, column) of the last two axes.
Oracle kept(std::function<bool(int64_t, int64_t)> keep) {
  return [=](std::span<const Host> in) {
    Host out = in[0];
    const int64_t m = out.shape[out.shape.rank() - 1], n = out.shape[out.shape.rank() - 2];
    for (size_t i = 0; i < out.v.size(); ++i) {
      const auto at = static_cast<int64_t>(i);
      if (!keep(at / m % n, at % m)) out.v[i] = 0;
    }
    return out;
  };
}

}  // namespace

std::vector<Row> matrix_rows() {
  using In = std::span<const Tensor>;
  using Hosts = std::span<const Host>;
  const Tensor v = ones({3}), x = ones({2, 3});
  std::vector<Row> rows;
  auto row = [&](std::string name, std::string variant, Run run, std::vector<Input> in, Oracle oracle) -> Row& {
    rows.push_back({std::move(name), std::move(variant), std::move(run), std::move(in), std::move(oracle)});
    return rows.back();
  };

  row(
      "tril", "", [](In in) { return tril(in[0]); }, {{{2, 3, 4}}}, kept([](int64_t i, int64_t j) { return j <= i; }))
      .complaints = {{[v] { tril(v); }, {"tril", "[..., n, m]", "[3]"}}};
  rows.back().extra = [] {
    const Tensor t = tensor({{1, INFINITY}, {NAN, 1}});
    GG_CHECK(tril(t).to_vector<float>()[1] == 0 && triu(t).to_vector<float>()[2] == 0, "tril multiplies");
  };
  row(
      "tril", "above", [](In in) { return tril(in[0], 1); }, {{{4, 3}}},
      kept([](int64_t i, int64_t j) { return j <= i + 1; }));
  row(
      "triu", "", [](In in) { return triu(in[0]); }, {{{4, 3}}}, kept([](int64_t i, int64_t j) { return j >= i; }))
      .complaints = {{[v] { triu(v); }, {"triu", "[..., n, m]", "[3]"}}};
  row(
      "triu", "below", [](In in) { return triu(in[0], -2); }, {{{2, 4, 3}}},
      kept([](int64_t i, int64_t j) { return j >= i - 2; }));

  row(
      "diagonal", "", [](In in) { return diagonal(in[0]); }, {{{2, 3, 4}}},
      [](Hosts in) {
        Host out({2, 3});
        for (int64_t b = 0; b < 2; ++b) {
          for (int64_t i = 0; i < 3; ++i) out.at({b, i}) = in[0].at({b, i, i});
        }
        return out;
      })
      .complaints = {{[v] { diagonal(v); }, {"diagonal", "axis -2"}},
                     {[x] { diagonal(x, {.axis1 = 1}); }, {"diagonal", "axis1 and axis2 are both 1"}}};
  row(
      "diagonal", "below", [](In in) { return diagonal(in[0], {.offset = -1, .axis1 = 0, .axis2 = 2}); }, {{{4, 2, 3}}},
      [](Hosts in) {
        Host out({2, 3});
        for (int64_t b = 0; b < 2; ++b) {
          for (int64_t i = 0; i < 3; ++i) out.at({b, i}) = in[0].at({i + 1, b, i});
        }
        return out;
      });
  row(
      "diagonal", "outside", [](In in) { return diagonal(in[0], {.offset = 7}); }, {{{2, 3}}},
      [](Hosts) { return Host({0}); });
  row(
      "diag_embed", "", [](In in) { return diag_embed(in[0], {.offset = 1}); }, {{{2, 3}}},
      [](Hosts in) {
        Host out({2, 4, 4});
        for (int64_t b = 0; b < 2; ++b) {
          for (int64_t i = 0; i < 3; ++i) out.at({b, i, i + 1}) = in[0].at({b, i});
        }
        return out;
      })
      .complaints = {{[] { diag_embed(ones({})); }, {"diag_embed", "1 to 7 axes", "[]"}},
                     {[v] { diag_embed(v, {.axis1 = 1}); }, {"diag_embed", "are both 1"}}};
  row(
      "diag_embed", "axes", [](In in) { return diag_embed(in[0], {.offset = -2, .axis1 = -1, .axis2 = 0}); },
      {{{2, 3}}},
      [](Hosts in) {
        Host out({5, 2, 5});
        for (int64_t b = 0; b < 2; ++b) {
          for (int64_t i = 0; i < 3; ++i) out.at({i, b, i + 2}) = in[0].at({b, i});
        }
        return out;
      });
  row(
      "diag", "", [](In in) { return diag(in[0]); }, {{{3, 4}}},
      [](Hosts in) {
        Host out({3});
        for (int64_t i = 0; i < 3; ++i) out.at({i}) = in[0].at({i, i});
        return out;
      })
      .complaints = {{[] {
                        diag(ones({2, 2, 2}));
                      },
                      {"diag", "a vector or a matrix", "[2,2,2]"}}};
  rows.back().extra = [] {
    GG_CHECK(diag(tensor({1, 2}), -1).to_vector<float>() == (std::vector<float>{0, 0, 0, 1, 0, 0, 0, 2, 0}),
             "diag of a vector");
  };
  row(
      "trace", "", [](In in) { return trace(in[0]); }, {{{2, 3, 4}}},
      [](Hosts in) {
        Host out({2});
        for (int64_t b = 0; b < 2; ++b) {
          for (int64_t i = 0; i < 3; ++i) out.at({b}) += in[0].at({b, i, i});
        }
        return out;
      })
      .complaints = {{[v] { trace(v); }, {"trace", "[3]"}}};

  row(
      "outer", "", [](In in) { return outer(in[0], in[1]); }, {{{3}}, {{4}}},
      [](Hosts in) {
        Host out({3, 4});
        for (int64_t i = 0; i < 3; ++i) {
          for (int64_t j = 0; j < 4; ++j) out.at({i, j}) = in[0].at({i}) * in[1].at({j});
        }
        return out;
      })
      .complaints = {{[v, x] { outer(x, v); }, {"outer", "two vectors", "[2,3]", "[3]"}}};
  row(
      "dot", "", [](In in) { return dot(in[0], in[1]); }, {{{7}}, {{7}}},
      [](Hosts in) {
        Host out(Shape{});
        for (int64_t i = 0; i < 7; ++i) out.v[0] += in[0].at({i}) * in[1].at({i});
        return out;
      })
      .complaints = {{[v, x] { dot(v, x); }, {"dot", "two vectors", "[2,3]"}},
                     {[v] { dot(v, ones({1})); }, {"dot", "sizes differ", "[3]", "[1]"}}};
  rows.back().extra = [] {
    const Tensor a = from_vector<int64_t>({1, 2, 3}, {3});
    GG_CHECK(dot(a, a).item() == 14, "dot of int64");
  };
  return rows;
}

}  // namespace gg::optable
