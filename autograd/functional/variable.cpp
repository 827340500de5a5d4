#include "autograd/functional/variable.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "autograd/apply.h"
#include "core/grad_mode.h"

namespace gg::detail {
namespace {

using autograd::Node;

// Where a graph begins without being a leaf: gradients can be asked for here, but none are left here by backward().
class Point final : public Node {
 public:
  explicit Point(const Tensor& x) { output_ = {x.shape(), x.dtype(), x.device()}; }
  const char* name() const override { return "point"; }
  autograd::Tensors vjp(const autograd::Vjp&) override { return {}; }
  Tensor saved_input(int) const override { return {}; }
  Tensor saved_output() const override { return {}; }
};

}  // namespace

Tensor variable(const Tensor& x) {
  GG_CHECK(is_floating(x.dtype()), "only floating tensors can be differentiated by, this one is ", name_of(x.dtype()));
  if (x.requires_grad()) return autograd::detail::identity(x);
  Tensor point = autograd::alias(x);
  if (point.is_symbolic_zero()) point.get().own_zeros();  // zero only as a value
  point.get().node = Ref<Node>::adopt(new Point(x));
  return point;
}

bool depends_on_others(const Tensor& y, std::span<const Tensor> variables) {
  if (!y.requires_grad()) return false;
  std::vector<const Node*> stack{y.get().node.get()};
  std::unordered_set<const Node*> seen{stack[0]};
  while (!stack.empty()) {
    const Node* node = stack.back();
    stack.pop_back();
    if (node->inputs().empty() &&
        std::none_of(variables.begin(), variables.end(), [&](const Tensor& v) { return v.get().node.get() == node; })) {
      return true;
    }
    for (const Ref<Node>& input : node->inputs()) {
      if (input && seen.insert(input.get()).second) stack.push_back(input.get());
    }
  }
  return false;
}

Tensor without_history(const Tensor& t) {
  if (!t.defined()) return t;
  std::vector<const autograd::Tangent*> tangents;
  for (const autograd::Tangent* k = t.get().tangent.get(); k; k = k->outer.get()) tangents.push_back(k);
  Tensor plain = t.requires_grad() || !tangents.empty() ? t.with_layout(t.layout()) : t;
  plain.get().zero = t.get().zero;
  for (size_t i = tangents.size(); i-- > 0;) {
    plain = autograd::with_tangent(plain, tangents[i]->level, without_history(tangents[i]->value));
    autograd::Tangent& copy = *plain.get().tangent;
    copy.second_order = tangents[i]->second_order;
    copy.second = without_history(tangents[i]->second);
    copy.image = without_history(tangents[i]->image);
    copy.scale = without_history(tangents[i]->scale);
  }
  return plain;
}

}  // namespace gg::detail
