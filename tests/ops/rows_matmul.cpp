// Rows of matrix products.
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

// [m, k] times [k, n] with flat access.
void product(Real* out, const Real* a, const Real* b, int64_t m, int64_t k, int64_t n) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      Real s = 0;
      for (int64_t l = 0; l < k; ++l) s += a[i * k + l] * b[l * n + j];
      out[i * n + j] = s;
    }
  }
}

Row matrix_row(std::string variant, Shape a, Shape b, Shape out, int64_t m, int64_t k, int64_t n) {
  // Batches of out come from batches of a and b that repeat.
  Row row{"matmul",
          std::move(variant),
          [](In in) { return matmul(in[0], in[1]); },
          {{a}, {b}},
          [out, m, k, n](Hosts in) {
            Host y(out);
            int64_t batches = m > 0 && n > 0 ? y.shape.numel() / (m * n) : 0;
            for (int64_t i = 0; i < batches; ++i) {
              auto place = [&](const Host& h, int64_t size) {
                return h.v.data() + (size ? (i % (static_cast<int64_t>(h.v.size()) / size)) * size : 0);
              };
              product(y.v.data() + i * m * n, place(in[0], m * k), place(in[1], k * n), m, k, n);
            }
            return y;
          }};
  return row;
}

}  // namespace

std::vector<Row> matmul_rows() {
  std::vector<Row> rows;
  rows.push_back(matrix_row("", {3, 4}, {4, 2}, {3, 2}, 3, 4, 2));
  rows.back().large = {{130, 257}, {257, 190}};
  rows.back().complaints = {{[] {
                               matmul(ones({8, 3}), ones({4, 2}));
                             },
                             {"matmul", "inner sizes differ", "[8,3]", "[4,2]"}},
                            {[] {
                               matmul(ones({8, 3}), ones({4, 3}));
                             },
                             {"matmul", "Did you mean to transpose the second"}},
                            {[] {
                               matmul(ones({2, 2}), ones({2, 2}, {f64}));
                             },
                             {"matmul", "float32 and float64"}},
                            {[] {
                               matmul(ones({2, 2}, {i64}), ones({2, 2}, {i64}));
                             },
                             {"matmul", "int64"}},
                            {[] {
                               matmul(scalar(1), ones({2, 2}));
                             },
                             {"matmul", "scalars"}},
                            {[] {
                               matmul(ones({2, 3, 3}), ones({5, 3, 3}));
                             },
                             {"matmul", "[2]", "[5]"}}};
  rows.push_back(matrix_row("square", {3, 3}, {3, 3}, {3, 3}, 3, 3, 3));
  rows.push_back(matrix_row("batched", {2, 2, 3}, {2, 3, 2}, {2, 2, 2}, 2, 3, 2));
  rows.back().large = {{20, 60, 50}, {20, 50, 70}};
  rows.push_back(matrix_row("broadcast", {2, 2, 3}, {3, 2}, {2, 2, 2}, 2, 3, 2));
  rows.push_back(matrix_row("broadcast_first", {2, 3}, {2, 3, 2}, {2, 2, 2}, 2, 3, 2));
  rows.push_back(matrix_row("vector_matrix", {3}, {3, 2}, {2}, 1, 3, 2));
  rows.push_back(matrix_row("matrix_vector", {2, 3}, {3}, {2}, 2, 3, 1));
  rows.push_back(matrix_row("vectors", {3}, {3}, {}, 1, 3, 1));
  rows.push_back(matrix_row("no_rows", {0, 3}, {3, 2}, {0, 2}, 0, 3, 2));
  rows.push_back(matrix_row("no_inner", {2, 0}, {0, 2}, {2, 2}, 2, 0, 2));

  auto affine_map = [](bool bias) {
    return [bias](Hosts in) {
      const Host &x = in[0], &w = in[1];
      int64_t inputs = w.shape[1], outputs = w.shape[0], rows = x.shape.numel() / inputs;
      Shape shape = x.shape;
      shape[shape.rank() - 1] = outputs;
      Host y(shape);
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t o = 0; o < outputs; ++o) {
          Real s = bias ? in[2].at({o}) : 0;
          for (int64_t i = 0; i < inputs; ++i) s += x.v[static_cast<size_t>(r * inputs + i)] * w.at({o, i});
          y.v[static_cast<size_t>(r * outputs + o)] = s;
        }
      }
      return y;
    };
  };
  Row layer{
      "linear", "", [](In in) { return linear(in[0], in[1], in[2]); }, {{{3, 4}}, {{2, 4}}, {{2}}}, affine_map(true)};
  layer.large = {{128, 300}, {200, 300}, {200}};
  layer.complaints = {{[] {
                         linear(ones({2, 3}), ones({4}));
                       },
                       {"linear", "[out, in]", "[4]"}},
                      {[] {
                         linear(ones({2, 3}), ones({4, 5}));
                       },
                       {"linear", "3", "features", "5"}}};
  rows.push_back(layer);
  rows.push_back(
      {"linear", "no_bias", [](In in) { return linear(in[0], in[1]); }, {{{3, 4}}, {{2, 4}}}, affine_map(false)});
  rows.push_back({"linear",
                  "rank_3",
                  [](In in) { return linear(in[0], in[1], in[2]); },
                  {{{2, 2, 3}}, {{2, 3}}, {{2}}},
                  affine_map(true)});
  rows.push_back({"linear",
                  "vector",
                  [](In in) { return linear(in[0], in[1], in[2]); },
                  {{{3}}, {{2, 3}}, {{2}}},
                  affine_map(true)});
  return rows;
}

}  // namespace gg::optable
