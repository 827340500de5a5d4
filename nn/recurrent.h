// Recurrent layers: one step (GRUCell, LSTMCell) and whole sequences (GRU, LSTM). Formulas and gates: ops/recurrent.h.
// All parameters start uniform in ±1/sqrt(hidden). Names are PyTorch's.
#pragma once

#include <vector>

#include "nn/module.h"
#include "ops/recurrent.h"

namespace gg::nn {

struct RecurrentCellOptions {
  bool bias = true;
};

/// What cells share: their parameters.
struct CellBase : Module {
  CellBase(const char* name, int64_t gates, int64_t input_size, int64_t hidden_size,
           const RecurrentCellOptions& options);
  int64_t hidden;
  Parameter weight_ih;         ///< [gates·hidden, input]
  Parameter weight_hh;         ///< [gates·hidden, hidden]
  Parameter bias_ih, bias_hh;  ///< [gates·hidden], or undefined
};

/// x [N, input] and h [N, hidden] ↦ the next h; without h, from zeros.
struct GRUCell : CellBase {
  GRUCell(int64_t input_size, int64_t hidden_size, const RecurrentCellOptions& options = {})
      : CellBase("GRUCell", 3, input_size, hidden_size, options) {}
  Tensor operator()(const Tensor& x, const Tensor& h = {}) const;
};

/// x [N, input] and {h, c} [N, hidden] each ↦ the next {h, c}; without them, from zeros.
struct LSTMCell : CellBase {
  LSTMCell(int64_t input_size, int64_t hidden_size, const RecurrentCellOptions& options = {})
      : CellBase("LSTMCell", 4, input_size, hidden_size, options) {}
  LstmState operator()(const Tensor& x, const LstmState& state = {}) const;
};

struct RecurrentOptions {
  int64_t num_layers = 1;
  bool bias = true;
  double dropout = 0;  ///< in training, of the outputs of all layers but the last
  bool bidirectional = false;
};

/// What GRU and LSTM give. It reads as `output` where a tensor is wanted, in a Sequential, say.
struct RecurrentOutput {
  Tensor output;  ///< [N, L, directions·hidden]: of the last layer at every step, the forward direction first
  Tensor h;       ///< [layers·directions, N, hidden]: after the last step (of the backward direction: the first)
  Tensor c;       ///< the same of the memory; undefined for GRU
  operator const Tensor&() const& { return output; }
  operator Tensor() && { return output; }
};

/// What sequences share: parameters weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, the same with _l0_reverse where
/// bidirectional, _l1 and so on.
struct RecurrentBase : Module {
  RecurrentBase(const char* name, int64_t gates, int64_t input_size, int64_t hidden_size,
                const RecurrentOptions& options);

  struct Direction {
    Parameter weight_ih, weight_hh, bias_ih, bias_hh;
  };
  int64_t input, hidden;
  RecurrentOptions options;
  std::vector<Direction> directions;  ///< of layer 0 forward, backward, of layer 1, …

 protected:
  RecurrentOutput run(const Tensor& x, const LstmState& start, bool has_memory) const;
};

/// x [N, L, input], always with the batch first ↦ RecurrentOutput. h is [layers·directions, N, hidden], zeros where it
/// is left out. The inputs' products of all steps are one matrix product.
struct GRU : RecurrentBase {
  GRU(int64_t input_size, int64_t hidden_size, const RecurrentOptions& o = {})
      : RecurrentBase("GRU", 3, input_size, hidden_size, o) {}
  RecurrentOutput operator()(const Tensor& x, const Tensor& h = {}) const { return run(x, {h, {}}, false); }
};

/// The same with a state of {h, c}.
struct LSTM : RecurrentBase {
  LSTM(int64_t input_size, int64_t hidden_size, const RecurrentOptions& o = {})
      : RecurrentBase("LSTM", 4, input_size, hidden_size, o) {}
  RecurrentOutput operator()(const Tensor& x, const LstmState& state = {}) const { return run(x, state, true); }
};

}  // namespace gg::nn
