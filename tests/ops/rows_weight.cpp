// Rows of weights that are made of other numbers.
#include <cmath>

#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

Row weight_norm_row(std::string variant, Shape v, Shape g, int axis) {
  return {"weight_norm",
          std::move(variant),
          [axis](In in) { return weight_norm(in[0], in[1], axis); },
          {{v}, {g}},
          [axis](Hosts in) {
            Host y(in[0].shape);
            const auto along = static_cast<size_t>(axis < 0 ? axis + in[0].shape.rank() : axis);
            std::vector<Real> squares(static_cast<size_t>(in[0].shape[static_cast<int>(along)]), 0);
            size_t i = 0;
            for_each_position(y.shape, [&](std::span<const int64_t> p) {
              squares[static_cast<size_t>(p[along])] += in[0].v[i] * in[0].v[i];
              ++i;
            });
            i = 0;
            for_each_position(y.shape, [&](std::span<const int64_t> p) {
              auto k = static_cast<size_t>(p[along]);
              y.v[i] = in[1].v[k] * in[0].v[i] / std::sqrt(squares[k]);
              ++i;
            });
            return y;
          }};
}

// The weight as a matrix whose rows are the indices of `axis`.
std::vector<std::vector<Real>> rows_of(const Host& w, int axis) {
  std::vector<std::vector<Real>> m(static_cast<size_t>(w.shape[axis]));
  // Other axes in the order in which swapping `axis` to the front leaves them.
  Shape swapped = w.shape;
  std::swap(swapped[0], swapped[axis]);
  for_each_position(swapped, [&](std::span<const int64_t> p) {
    std::vector<int64_t> at(p.begin(), p.end());
    std::swap(at[0], at[static_cast<size_t>(axis)]);
    int64_t index = 0;
    for (int i = 0; i < w.shape.rank(); ++i) index = index * w.shape[i] + at[static_cast<size_t>(i)];
    m[static_cast<size_t>(p[0])].push_back(w.v[static_cast<size_t>(index)]);
  });
  return m;
}

Row spectral_row(std::string variant, Shape w, int axis) {
  Input u{{w[axis]}, 0.2, 1}, v{{w.numel() / w[axis]}, 0.2, 1};
  u.differentiable = v.differentiable = false;
  return {"spectral_norm",
          std::move(variant),
          [axis](In in) {
            return spectral_norm(in[0], {in[1], in[2]}, axis);
          },
          {{w, 0.5, 2}, u, v},
          [axis](Hosts in) {
            auto m = rows_of(in[0], axis);
            Real sigma = 0;
            for (size_t i = 0; i < m.size(); ++i) {
              for (size_t j = 0; j < m[i].size(); ++j) sigma += in[1].v[i] * m[i][j] * in[2].v[j];
            }
            Host y(in[0].shape);
            for (size_t i = 0; i < y.v.size(); ++i) y.v[i] = in[0].v[i] / sigma;
            return y;
          }};
}

}  // namespace

std::vector<Row> weight_rows() {
  std::vector<Row> rows;
  Row norm = weight_norm_row("", {3, 2, 2}, {3, 1, 1}, 0);
  norm.accepts_zeros = false;  // 0 / 0
  norm.complaints = {{[] {
                        weight_norm(ones({3, 2}), ones({3}));
                      },
                      {"weight_norm", "needs lengths [3,1]", "[3]"}},
                     {[] {
                        weight_norm(ones({3, 2}), ones({3, 1}), 2);
                      },
                      {"weight_norm", "axis 2"}}};
  rows.push_back(norm);
  norm = weight_norm_row("last_axis", {2, 4}, {1, 4}, -1);
  norm.accepts_zeros = false;
  rows.push_back(norm);

  Row spectral = spectral_row("", {3, 4}, 0);
  spectral.accepts_zeros = false;
  spectral.complaints = {{[] {
                            spectral_norm(ones({3, 4}), {ones({4}), ones({4})});
                          },
                          {"spectral_norm", "needs u [3] and v [4]", "got [4]"}},
                         {[] {
                            spectral_norm(ones({3}), {ones({3}), ones({1})});
                          },
                          {"spectral_norm", "two axes", "[3]"}}};
  rows.push_back(spectral);
  spectral = spectral_row("transposed_convolution", {2, 3, 2, 2}, 1);
  spectral.accepts_zeros = false;
  rows.push_back(spectral);

  for (bool left : {true, false}) {
    Row step{"power_iteration",
             left ? "u" : "v",
             [left](In in) {
               SingularVectors s = power_iteration(in[0], {in[1], in[2]}, {.steps = 2, .axis = 1});
               return left ? s.u : s.v;
             },
             {{{2, 3, 2}}, {{3}}, {{4}}},
             [left](Hosts in) {
               auto m = rows_of(in[0], 1);
               std::vector<Real> u = in[1].v, v;
               auto scale = [](std::vector<Real>& x) {
                 Real squares = 0;
                 for (Real e : x) squares += e * e;
                 for (Real& e : x) e /= std::sqrt(squares);
               };
               for (int k = 0; k < 2; ++k) {
                 v.assign(4, 0);
                 for (size_t i = 0; i < 3; ++i) {
                   for (size_t j = 0; j < 4; ++j) v[j] += m[i][j] * u[i];
                 }
                 scale(v);
                 u.assign(3, 0);
                 for (size_t i = 0; i < 3; ++i) {
                   for (size_t j = 0; j < 4; ++j) u[i] += m[i][j] * v[j];
                 }
                 scale(u);
               }
               Host y({left ? 3 : 4});
               y.v = left ? u : v;
               return y;
             }};
    step.order = 0;
    step.complaints = {{[] {
                          power_iteration(ones({3, 4}), {ones({3}), ones({4})}, {.steps = -1});
                        },
                        {"power_iteration", "negative, got -1"}}};
    rows.push_back(step);
  }
  return rows;
}

}  // namespace gg::optable
