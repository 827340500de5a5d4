// Autograd's part of Tensor, and grad().
#include "autograd/autograd.h"
#include "autograd/engine.h"
#include "autograd/forward.h"
#include "autograd/raw.h"

namespace gg {

using autograd::LeafNode;
using autograd::Node;

Tensor& Tensor::requires_grad_(bool on) {
  TensorImpl& t = get();
  if (on == static_cast<bool>(t.node)) return *this;
  if (on) {
    GG_CHECK(is_floating(t.dtype), "requires_grad_: only floating tensors have gradients, this one is ",
             name_of(t.dtype));
    if (t.zero) t.own_zeros();  // zero only as a value: what depends on it has derivatives
    t.node = Ref<Node>::adopt(new LeafNode(*this));
  } else {
    GG_CHECK(is_leaf(), "requires_grad_(false): this tensor is the result of ", t.node->name(), "; use detach()");
    t.node = nullptr;
  }
  return *this;
}

bool Tensor::is_leaf() const {
  const TensorImpl& t = get();
  return !t.node || t.node->is_leaf();
}

Tensor Tensor::grad() const {
  const TensorImpl& t = get();
  if (!t.node) return {};
  GG_CHECK(t.node->is_leaf(), "grad(): only leaves accumulate gradients; this tensor is the result of ", t.node->name(),
           ". Ask for its gradient with gg::grad(output, tensor)");
  return static_cast<LeafNode&>(*t.node).grad;
}

void Tensor::set_grad(const Tensor& grad) const {
  TensorImpl& t = get();
  GG_CHECK(t.node && t.node->is_leaf(), "set_grad: the tensor is not a leaf that requires grad");
  if (grad.defined()) {
    GG_CHECK(grad.shape() == shape() && grad.dtype() == dtype() && grad.device() == device(), "set_grad: expected ",
             name_of(dtype()), " ", shape(), " on ", device(), ", got ", name_of(grad.dtype()), " ", grad.shape(),
             " on ", grad.device());
  }
  static_cast<LeafNode&>(*t.node).grad = grad.defined() ? grad.detach() : grad;
}

Tensor Tensor::detach() const { return with_layout(layout()); }

void Tensor::backward(bool retain_graph) const {
  GG_CHECK(numel() == 1, "backward: expected a scalar, got shape ", shape(),
           ". Sum it first, or use grad() with grad_outputs");
  GG_CHECK(requires_grad(), "backward: this tensor has no history: nothing it was made of requires grad");
  Tensor one = raw::full(shape(), 1.0, options());
  autograd::accumulate_gradients(*this, one, {.retain_graph = retain_graph});
}

std::vector<Tensor> grad(std::span<const Tensor> outputs, std::span<const Tensor> inputs, const GradOptions& options) {
  GG_CHECK(!inputs.empty(), "grad: no inputs were given");
  GG_CHECK(options.grad_outputs.empty() || options.grad_outputs.size() == outputs.size(), "grad: ", outputs.size(),
           " outputs but ", options.grad_outputs.size(), " grad_outputs");
  std::vector<Tensor> seeds, used;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& y = outputs[i];
    Tensor seed = options.grad_outputs.empty() ? Tensor() : options.grad_outputs[i];
    if (seed.defined()) {
      GG_CHECK(seed.shape() == y.shape() && seed.dtype() == y.dtype() && seed.device() == y.device(),
               "grad: grad_outputs[", i, "] is ", name_of(seed.dtype()), " ", seed.shape(), " on ", seed.device(),
               ", the output ", name_of(y.dtype()), " ", y.shape(), " on ", y.device());
    } else {
      GG_CHECK(y.numel() == 1, "grad: output ", i, " has shape ", y.shape(),
               "; give grad_outputs, or sum it to one element");
      seed = raw::full(y.shape(), 1.0, y.options());
    }
    if (!y.requires_grad()) continue;  // constant: contributes nothing
    used.push_back(y);
    seeds.push_back(seed);
  }
  GG_CHECK(!used.empty() || options.allow_unused,
           "grad: the output has no history: nothing it was made of requires grad (or it was made under NoGrad)");
  for (const Tensor& x : inputs)
    GG_CHECK(x.requires_grad(), "grad: an input of shape ", x.shape(), " does not require grad");
  auto found = autograd::gradients(
      used, seeds, inputs,
      {.create_graph = options.create_graph, .retain_graph = options.retain_graph || options.create_graph});
  std::vector<Tensor> result;
  for (size_t i = 0; i < inputs.size(); ++i) {
    Tensor g = std::move(found[i]);
    if (!g.defined() && !options.allow_unused) g = symbolic_zeros(inputs[i].shape(), inputs[i].options());
    // What users get can be read and written as any tensor; while recording, a known zero still saves work later.
    if (g.is_symbolic_zero() && !options.create_graph) g.get().own_zeros();
    result.push_back(std::move(g));
  }
  return result;
}

std::vector<Tensor> grad(const Tensor& output, std::span<const Tensor> inputs, const GradOptions& options) {
  return grad(std::span(&output, 1), inputs, options);
}

std::vector<Tensor> grad(const Tensor& output, std::initializer_list<Tensor> inputs, const GradOptions& options) {
  return grad(std::span(&output, 1), std::span(inputs.begin(), inputs.size()), options);
}

Tensor grad(const Tensor& output, const Tensor& input, const GradOptions& options) {
  return grad(std::span(&output, 1), std::span(&input, 1), options)[0];
}

}  // namespace gg
