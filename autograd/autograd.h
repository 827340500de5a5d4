// Reverse-mode gradients for users: grad(), and the modes around it. Methods of Tensor (requires_grad_, backward, grad,
// detach) are declared in core/tensor.h. Transforms built on these (jvp, hvp, gradcheck …) are in autograd/functional/.
//
// Threads: whether operations are recorded, and the levels of forward mode, belong to each thread. Tensors may be read
// by several threads at once. Two backward passes may run at once if their graphs share no node, leaves included: what
// shares parameters must take turns.
#pragma once

#include <span>
#include <vector>

#include "core/grad_mode.h"
#include "core/tensor.h"

namespace gg {

struct GradOptions {
  /// Gradients with respect to the outputs, of their shapes. May be left out where an output has one element: then 1.
  std::vector<Tensor> grad_outputs = {};
  /// Record the computation of the gradients, so that they can be part of a loss and be differentiated again.
  bool create_graph = false;
  /// Keep what the graph saved, to walk it again. create_graph implies it.
  bool retain_graph = false;
  /// Return an undefined tensor for an input that the outputs do not depend on, instead of zeros.
  bool allow_unused = false;
};

/// Gradients of the sum of ⟨outputs, grad_outputs⟩ with respect to `inputs`, which may be leaves or intermediate
/// results. Throws if an input does not require grad, an output has no history, or shapes differ.
std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs,
                         const GradOptions& options = {});
std::vector<Tensor> grad(const Tensor& output, std::span<const Tensor> inputs, const GradOptions& options = {});
std::vector<Tensor> grad(const Tensor& output, std::initializer_list<Tensor> inputs, const GradOptions& options = {});
Tensor grad(const Tensor& output, const Tensor& input, const GradOptions& options = {});

}  // namespace gg
