// Rows of the cells of recurrent networks.
#include <cmath>

#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

Real sigma(Real x) { return 1 / (1 + std::exp(-x)); }

// Row `row` of w times sample n of x, plus a bias.
Real gate(const Host& x, const Host& w, const Host* b, int64_t n, int64_t row) {
  Real s = b ? b->at({row}) : 0;
  for (int64_t i = 0; i < x.shape[1]; ++i) s += w.at({row, i}) * x.at({n, i});
  return s;
}

constexpr int64_t N = 2, kIn = 3, H = 2;

std::vector<Input> inputs(int64_t gates, int states, bool bias) {
  std::vector<Input> in{{{N, kIn}}};
  for (int i = 0; i < states; ++i) in.push_back({{N, H}});
  in.push_back({{gates * H, kIn}});
  in.push_back({{gates * H, H}});
  if (bias) {
    in.push_back({{gates * H}});
    in.push_back({{gates * H}});
  }
  return in;
}

Row gru_row(bool bias) {
  return {"gru_cell", bias ? "" : "no_bias",
          [](In in) {
            return in.size() > 4 ? gru_cell(in[0], in[1], in[2], in[3], in[4], in[5])
                                 : gru_cell(in[0], in[1], in[2], in[3]);
          },
          inputs(3, 1, bias),
          [](Hosts in) {
            const Host *bi = in.size() > 4 ? &in[4] : nullptr, *bh = in.size() > 4 ? &in[5] : nullptr;
            Host out({N, H});
            for (int64_t n = 0; n < N; ++n) {
              for (int64_t k = 0; k < H; ++k) {
                auto x = [&](int64_t g) { return gate(in[0], in[2], bi, n, g * H + k); };
                auto h = [&](int64_t g) { return gate(in[1], in[3], bh, n, g * H + k); };
                const Real r = sigma(x(0) + h(0)), z = sigma(x(1) + h(1)), fresh = std::tanh(x(2) + r * h(2));
                out.at({n, k}) = (1 - z) * fresh + z * in[1].at({n, k});
              }
            }
            return out;
          }};
}

// h and c beside each other.
Row lstm_row(bool bias) {
  return {"lstm_cell", bias ? "" : "no_bias",
          [](In in) {
            LstmState s = in.size() > 5 ? lstm_cell(in[0], {in[1], in[2]}, in[3], in[4], in[5], in[6])
                                        : lstm_cell(in[0], {in[1], in[2]}, in[3], in[4]);
            return concat({s.h, s.c}, 1);
          },
          inputs(4, 2, bias),
          [](Hosts in) {
            const Host *bi = in.size() > 5 ? &in[5] : nullptr, *bh = in.size() > 5 ? &in[6] : nullptr;
            Host out({N, 2 * H});
            for (int64_t n = 0; n < N; ++n) {
              for (int64_t k = 0; k < H; ++k) {
                auto a = [&](int64_t g) {
                  return gate(in[0], in[3], bi, n, g * H + k) + gate(in[1], in[4], bh, n, g * H + k);
                };
                const Real c = sigma(a(1)) * in[2].at({n, k}) + sigma(a(0)) * std::tanh(a(2));
                out.at({n, k}) = sigma(a(3)) * std::tanh(c);
                out.at({n, H + k}) = c;
              }
            }
            return out;
          }};
}

}  // namespace

std::vector<Row> recurrent_rows() {
  std::vector<Row> rows{gru_row(true), gru_row(false), lstm_row(true), lstm_row(false)};
  rows[0].complaints = {{[] {
                           gru_cell(ones({3}), ones({2, 2}), ones({6, 3}), ones({6, 2}));
                         },
                         {"gru_cell", "[N, in]", "[3]"}},
                        {[] {
                           gru_cell(ones({2, 3}), ones({2, 2}), ones({8, 3}), ones({8, 2}));
                         },
                         {"gru_cell", "[3*hidden", "[8,2]"}},
                        {[] {
                           gru_cell(ones({2, 3}), ones({2, 2}), ones({6, 3}), ones({3, 2}));
                         },
                         {"gru_cell", "[6,3] and [3,2]"}},
                        {[] {
                           gru_cell(ones({2, 3}), ones({1, 2}), ones({6, 3}), ones({6, 2}));
                         },
                         {"state must be [2,2], got [1,2]"}}};
  rows[2].complaints = {{[] {
                           lstm_cell(ones({3}), {ones({2, 2}), ones({2, 2})}, ones({8, 3}), ones({8, 2}));
                         },
                         {"lstm_cell", "[3]"}},
                        {[] {
                           lstm_cell(ones({2, 3}), {ones({2, 2}), ones({2, 3})}, ones({8, 3}), ones({8, 2}));
                         },
                         {"lstm_cell: c must be [2,2], got [2,3]"}},
                        {[] {
                           lstm_cell(ones({2, 3}), {ones({2, 2}), ones({2, 2})}, ones({6, 3}), ones({6, 2}));
                         },
                         {"lstm_cell", "[4*hidden", "[6,2]"}}};
  return rows;
}

}  // namespace gg::optable
