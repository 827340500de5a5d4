#include "nn/recurrent.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "nn/init.h"
#include "ops/creation.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/shape.h"

namespace gg::nn {
namespace {

std::string describe(const char* name, int64_t input, int64_t hidden, const RecurrentOptions& o) {
  std::string s = str(name, "(", input, ", ", hidden);
  if (o.num_layers != 1) s += str(", num_layers = ", o.num_layers);
  if (!o.bias) s += ", bias = false";
  if (o.dropout != 0) s += str(", dropout = ", o.dropout);
  if (o.bidirectional) s += ", bidirectional";
  return s + ")";
}

// The elements along axis 0, found by halving: the gradient of a slice is as large as what it was cut from, so cutting
// every step from the whole sequence would cost a pass over all of it for each step.
void append_steps(std::vector<Tensor>& out, const Tensor& x) {
  if (x.size(0) == 1) return out.push_back(squeeze(x, 0));
  const int64_t half = x.size(0) / 2;
  append_steps(out, slice(x, 0, 0, half));
  append_steps(out, slice(x, 0, half));
}

}  // namespace

CellBase::CellBase(const char* name, int64_t gates, int64_t input_size, int64_t hidden_size,
                   const RecurrentCellOptions& o)
    : Module(str(name, "(", input_size, ", ", hidden_size, o.bias ? ")" : ", bias = false)")), hidden(hidden_size) {
  GG_CHECK(input_size > 0 && hidden > 0, description(), ": sizes must be positive");
  weight_ih = register_parameter("weight_ih", empty({gates * hidden, input_size}));
  weight_hh = register_parameter("weight_hh", empty({gates * hidden, hidden}));
  if (o.bias) {
    bias_ih = register_parameter("bias_ih", empty({gates * hidden}));
    bias_hh = register_parameter("bias_hh", empty({gates * hidden}));
  }
  const double bound = 1 / std::sqrt(static_cast<double>(hidden));
  for (const Tensor& p : parameters()) init::uniform_(p, -bound, bound);
}

Tensor GRUCell::operator()(const Tensor& x, const Tensor& h) const {
  GG_CHECK(x.rank() == 2, description(), ": expected [N, input], got ", x.shape());
  return gru_cell(x, h.defined() ? h : zeros({x.size(0), hidden}, x.options()), weight_ih, weight_hh, bias_ih, bias_hh);
}

LstmState LSTMCell::operator()(const Tensor& x, const LstmState& state) const {
  GG_CHECK(x.rank() == 2, description(), ": expected [N, input], got ", x.shape());
  GG_CHECK(state.h.defined() == state.c.defined(), description(), ": expected both h and c, or neither");
  LstmState from = state;
  if (!from.h.defined()) from.h = from.c = zeros({x.size(0), hidden}, x.options());
  return lstm_cell(x, from, weight_ih, weight_hh, bias_ih, bias_hh);
}

RecurrentBase::RecurrentBase(const char* name, int64_t gates, int64_t input_size, int64_t hidden_size,
                             const RecurrentOptions& o)
    : Module(describe(name, input_size, hidden_size, o)), input(input_size), hidden(hidden_size), options(o) {
  GG_CHECK(input > 0 && hidden > 0 && o.num_layers > 0, description(), ": sizes must be positive");
  GG_CHECK(o.dropout >= 0 && o.dropout < 1, description(), ": dropout must be in [0, 1), got ", o.dropout);
  const int count = o.bidirectional ? 2 : 1;
  for (int64_t layer = 0; layer < o.num_layers; ++layer) {
    for (int d = 0; d < count; ++d) {
      const std::string end = str("_l", layer, d == 1 ? "_reverse" : "");
      const int64_t in = layer == 0 ? input : count * hidden, rows = gates * hidden;
      Direction w;
      w.weight_ih = register_parameter("weight_ih" + end, empty({rows, in}));
      w.weight_hh = register_parameter("weight_hh" + end, empty({rows, hidden}));
      if (o.bias) {
        w.bias_ih = register_parameter("bias_ih" + end, empty({rows}));
        w.bias_hh = register_parameter("bias_hh" + end, empty({rows}));
      }
      directions.push_back(w);
    }
  }
  const double bound = 1 / std::sqrt(static_cast<double>(hidden));
  for (const Tensor& p : parameters()) init::uniform_(p, -bound, bound);
}

RecurrentOutput RecurrentBase::run(const Tensor& x, const LstmState& start, bool has_memory) const {
  GG_CHECK(x.rank() == 3 && x.size(2) == input && x.size(1) > 0, description(), ": expected [N, L, ", input,
           "] with at least one step, got ", x.shape());
  const int64_t batch = x.size(0);
  const Shape state_shape{static_cast<int64_t>(directions.size()), batch, hidden};
  for (const auto& [what, t] : {std::pair("h", &start.h), {"c", &start.c}}) {
    GG_CHECK(!t->defined() || t->shape() == state_shape, description(), ": the state ", what, " must be ", state_shape,
             ", got ", t->shape());
  }
  GG_CHECK(!has_memory || start.h.defined() == start.c.defined(), description(), ": expected both h and c, or neither");

  const size_t per_layer = options.bidirectional ? 2 : 1;
  const Tensor zero = start.h.defined() ? Tensor() : zeros({batch, hidden}, x.options());
  std::vector<Tensor> last_h, last_c;
  Tensor sequence = contiguous(transpose(x, 0, 1));  // steps first, so that each lies in one piece
  for (size_t layer = 0; layer * per_layer < directions.size(); ++layer) {
    std::vector<Tensor> sides;
    for (size_t d = 0; d < per_layer; ++d) {
      const size_t index = layer * per_layer + d;
      const Direction& w = directions[index];
      // An LSTM only adds up its biases, so both go in before the steps; a GRU multiplies one of them.
      Tensor before = w.bias_ih, within = w.bias_hh;
      if (has_memory && before.defined()) before = before + std::exchange(within, Tensor());
      std::vector<Tensor> steps;
      append_steps(steps, linear(sequence, w.weight_ih, before));
      if (d == 1) std::reverse(steps.begin(), steps.end());
      LstmState state{zero, zero};
      if (!zero.defined()) {
        state.h = select(start.h, 0, static_cast<int64_t>(index));
        if (has_memory) state.c = select(start.c, 0, static_cast<int64_t>(index));
      }
      for (Tensor& step : steps) {
        if (has_memory) {
          state = lstm_step(step, state, w.weight_hh, within);
        } else {
          state.h = gru_step(step, state.h, w.weight_hh, within);
        }
        step = state.h;
      }
      last_h.push_back(state.h);
      if (has_memory) last_c.push_back(state.c);
      if (d == 1) std::reverse(steps.begin(), steps.end());
      sides.push_back(stack(steps, 0));
    }
    sequence = sides.size() == 1 ? sides[0] : concat(sides, 2);
    const bool is_last = (layer + 1) * per_layer == directions.size();
    if (!is_last) sequence = dropout(sequence, options.dropout, training());
  }
  return {transpose(sequence, 0, 1), stack(last_h, 0), has_memory ? stack(last_c, 0) : Tensor()};
}

}  // namespace gg::nn
