#include "autograd/apply.h"

namespace gg::autograd::detail {
namespace {

struct Identity {
  static constexpr const char* name = "identity";
  static constexpr unsigned saves = kSaveNothing;
  static constexpr bool affine = true;
  static constexpr bool passes_image = true;
  Tensor forward(const Tensor& x) const { return x.with_layout(x.layout()); }
  Tensors vjp(const Vjp& c) const { return {c.grad()}; }
  Tensor jvp(const Jvp& c) const { return c.tangent(0); }
};

}  // namespace

Tensor identity(const Tensor& x) { return apply(Identity{}, x); }

// The reference is built anew on identity copies of the inputs and differentiated down to those copies, so that an
// input that depends on another one still gets its partial derivative only.
Tensors differentiate_reference(const char* name, const Vjp& c, int arity, const Edges& inputs,
                                const std::function<Tensor(std::span<const Tensor>)>& reference) {
  bool recording = GradMode::enabled();
  std::vector<Tensor> copies, wanted;
  std::vector<int> places;
  GradModeGuard on(true);
  for (int i = 0; i < arity; ++i) {
    Tensor x = c.input(i);
    if (inputs[static_cast<size_t>(i)] && c.needs(i)) {
      x = identity(x);
      wanted.push_back(x);
      places.push_back(i);
    }
    copies.push_back(x);
  }
  Tensor y = reference(copies);
  GG_CHECK(y.requires_grad(), name,
           ": its reference cuts the history of its inputs (by a comparison, detach or NoGrad), "
           "so there is nothing to differentiate; give the operation a vjp that returns undefined gradients if it is "
           "piecewise constant");
  Tensors found = gradients(std::span(&y, 1), std::span(&c.grad(), 1), wanted,
                            {.create_graph = recording, .retain_graph = recording});
  Tensors grads(static_cast<size_t>(arity));
  for (size_t k = 0; k < places.size(); ++k) grads[static_cast<size_t>(places[k])] = found[k];
  return grads;
}

}  // namespace gg::autograd::detail
