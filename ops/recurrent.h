// One step of recurrent networks, with PyTorch's gates and their order. Layers over whole sequences: nn/recurrent.h.
#pragma once

#include "core/tensor.h"

namespace gg {

// x [N, in] is the input of the step and h [N, H] the state before it. Weights of G gates have their rows beneath each
// other: w_ih [G·H, in], w_hh [G·H, H], b_ih and b_hh [G·H], which may be undefined.

/// The gated recurrent unit (Cho et al., arXiv:1406.1078), gates r, z, n:
///   r = σ(W_r x + U_r h),  z = σ(W_z x + U_z h),  n = tanh(W_n x + r·(U_n h)),  h' = (1 − z)·n + z·h,
/// each product with its bias (that of U_n h inside the brackets). Returns h' [N, H].
Tensor gru_cell(const Tensor& x, const Tensor& h, const Tensor& w_ih, const Tensor& w_hh, const Tensor& b_ih = {},
                const Tensor& b_hh = {});

struct LstmState {
  Tensor h, c;  ///< [N, H] each: what the next layer sees, and the memory
};

/// Long short-term memory (Hochreiter and Schmidhuber 1997; with forget gate), gates i, f, g, o:
///   i, f, o = σ(W x + U h),  g = tanh(W x + U h),  c' = f·c + i·g,  h' = o·tanh(c').
LstmState lstm_cell(const Tensor& x, const LstmState& state, const Tensor& w_ih, const Tensor& w_hh,
                    const Tensor& b_ih = {}, const Tensor& b_hh = {});

// The same where W x + b_ih [N, G·H] is known: sequences get it for all steps at once.
Tensor gru_step(const Tensor& projected, const Tensor& h, const Tensor& w_hh, const Tensor& b_hh = {});
LstmState lstm_step(const Tensor& projected, const LstmState& state, const Tensor& w_hh, const Tensor& b_hh = {});

}  // namespace gg
