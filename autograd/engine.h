// The engine: walks the recorded graph from outputs to inputs, calls each node's rule, and sums what comes back.
//
// The engine alone accumulates, reduces broadcast gradients to their input's shape, and checks what a rule returned.
// It needs two operations from the layer above (they are recorded like any other when create_graph is on;
// second_order.h needs a third one):
#pragma once

#include <span>

#include "autograd/node.h"

namespace gg {
Tensor add(const Tensor& a, const Tensor& b);        ///< defined in ops/
Tensor sum_to(const Tensor& x, const Shape& shape);  ///< defined in ops/: sums broadcast axes away
}  // namespace gg

namespace gg::autograd {

class Engine;

/// What a rule sees when the engine asks it for gradients.
class Vjp {
 public:
  /// The gradient with respect to the node's output.
  const Tensor& grad() const { return grad_; }
  /// Whether anybody asked for the gradient of input i. Others need not be computed.
  bool needs(int i) const;
  Tensor input(int i) const { return node_.saved_input(i); }
  Tensor output() const { return node_.saved_output(); }
  /// The shape of an input whose gradient is needed.
  const Shape& shape(int i) const { return node_.inputs()[static_cast<size_t>(i)]->output().shape; }

 private:
  friend class Engine;
  Vjp(const Engine& engine, Node& node, const Tensor& grad) : engine_(engine), node_(node), grad_(grad) {}
  const Engine& engine_;
  Node& node_;
  const Tensor& grad_;
};

struct RunOptions {
  bool create_graph = false;  ///< record the rules, so that the gradients can be differentiated again
  bool retain_graph = false;  ///< keep saved values for another run
};

/// Gradients of sum_i ⟨outputs[i], seeds[i]⟩ with respect to `inputs`; undefined where there is no path.
Tensors gradients(std::span<const Tensor> outputs, std::span<const Tensor> seeds, std::span<const Tensor> inputs,
                  const RunOptions& options);
/// Adds the gradients of ⟨output, seed⟩ with respect to all leaves to their grad().
void accumulate_gradients(const Tensor& output, const Tensor& seed, const RunOptions& options);

}  // namespace gg::autograd
