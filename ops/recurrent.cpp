#include "ops/recurrent.h"

#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/shape.h"

namespace gg {
namespace {

void check_state(const char* op, const char* what, const Tensor& h, int64_t batch, int64_t size) {
  GG_CHECK(h.shape() == (Shape{batch, size}), op, ": ", what, " must be [", batch, ",", size, "], got ", h.shape());
}

void check_step(const char* op, int64_t gates, const Tensor& projected, const Tensor& w_hh) {
  GG_CHECK(w_hh.rank() == 2 && w_hh.size(0) == gates * w_hh.size(1), op, ": w_hh must be [", gates,
           "*hidden, hidden], got ", w_hh.shape());
  GG_CHECK(projected.rank() == 2 && projected.size(1) == w_hh.size(0), op, ": the projected input must be [N,",
           w_hh.size(0), "], got ", projected.shape());
}

Tensor project(const char* op, const Tensor& x, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih) {
  GG_CHECK(x.rank() == 2, op, ": the input of a step must be [N, in], got ", x.shape());
  GG_CHECK(w_ih.rank() == 2 && w_hh.rank() == 2 && w_ih.size(0) == w_hh.size(0), op,
           ": w_ih and w_hh must be matrices of equally many rows, got ", w_ih.shape(), " and ", w_hh.shape());
  return linear(x, w_ih, b_ih);
}

}  // namespace

Tensor gru_step(const Tensor& projected, const Tensor& h, const Tensor& w_hh, const Tensor& b_hh) {
  check_step("gru_cell", 3, projected, w_hh);
  const int64_t size = w_hh.size(1);
  check_state("gru_cell", "the state", h, projected.size(0), size);
  const Tensor recurrent = linear(h, w_hh, b_hh);
  const Tensor both = sigmoid(slice(projected, 1, 0, 2 * size) + slice(recurrent, 1, 0, 2 * size));
  const Tensor r = slice(both, 1, 0, size), z = slice(both, 1, size, 2 * size);
  const Tensor n = tanh(slice(projected, 1, 2 * size) + r * slice(recurrent, 1, 2 * size));
  return lerp(n, h, z);
}

LstmState lstm_step(const Tensor& projected, const LstmState& state, const Tensor& w_hh, const Tensor& b_hh) {
  check_step("lstm_cell", 4, projected, w_hh);
  const int64_t size = w_hh.size(1);
  check_state("lstm_cell", "h", state.h, projected.size(0), size);
  check_state("lstm_cell", "c", state.c, projected.size(0), size);
  const Tensor gates = projected + linear(state.h, w_hh, b_hh);
  const Tensor both = sigmoid(slice(gates, 1, 0, 2 * size));
  const Tensor i = slice(both, 1, 0, size), f = slice(both, 1, size, 2 * size);
  const Tensor g = tanh(slice(gates, 1, 2 * size, 3 * size)), o = sigmoid(slice(gates, 1, 3 * size));
  const Tensor c = f * state.c + i * g;
  return {o * tanh(c), c};
}

Tensor gru_cell(const Tensor& x, const Tensor& h, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih,
                const Tensor& b_hh) {
  return gru_step(project("gru_cell", x, w_ih, w_hh, b_ih), h, w_hh, b_hh);
}

LstmState lstm_cell(const Tensor& x, const LstmState& state, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih,
                    const Tensor& b_hh) {
  return lstm_step(project("lstm_cell", x, w_ih, w_hh, b_ih), state, w_hh, b_hh);
}

}  // namespace gg
