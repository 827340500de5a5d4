#include "autograd/forward.h"

#include <algorithm>
#include <atomic>
#include <vector>

namespace gg {
Tensor mul(const Tensor& a, const Tensor& b);        ///< defined in ops/
Tensor expand(const Tensor& x, const Shape& shape);  ///< defined in ops/
}  // namespace gg

namespace gg::autograd {
namespace {
std::atomic<uint64_t> next_level{1};
thread_local std::vector<uint64_t> levels;  // of this thread, innermost last
}  // namespace

ForwardLevel::ForwardLevel(Order order) : level_(next_level.fetch_add(1, std::memory_order_relaxed)), order_(order) {
  ++active_;
  levels.push_back(level_);
}
ForwardLevel::~ForwardLevel() {
  --active_;
  levels.erase(std::find(levels.begin(), levels.end(), level_));
}

Tensor alias(const Tensor& t) {
  Tensor a = t.with_layout(t.layout());
  a.get().node = t.get().node;
  a.get().tangent = t.get().tangent;
  return a;
}

Tensor strip(const Tensor& t, uint64_t level) {
  if (top_level(t) != level || level == 0) return t;
  Tensor a = alias(t);
  a.get().tangent = t.get().tangent->outer;
  return a;
}

Tensor with_tangent(const Tensor& t, uint64_t level, Tensor tangent) {
  return with_tangent(t, Ref<Tangent>::adopt(new Tangent(level, std::move(tangent), t.get().tangent)));
}

Tensor with_tangent(const Tensor& t, Ref<Tangent> tangent) {
  Tensor a = alias(t);
  a.get().tangent = std::move(tangent);
  return a;
}

Tensor without_ended(const Tensor& t) {
  auto alive = [](const Tangent& k) { return std::find(levels.begin(), levels.end(), k.level) != levels.end(); };
  std::vector<const Tangent*> kept;
  bool all = true;
  for (const Tangent* k = t.get().tangent.get(); k; k = k->outer.get()) {
    if (alive(*k)) kept.push_back(k);
    all = all && alive(*k);
  }
  if (all) return t;
  Tensor a = alias(t);
  a.get().tangent = nullptr;
  for (size_t i = kept.size(); i-- > 0;) a.get().tangent = Ref<Tangent>::adopt(new Tangent(*kept[i], a.get().tangent));
  return a;
}

Tensor ForwardLevel::attach(const Tensor& x, const Tensor& tangent) const {
  GG_CHECK(is_floating(x.dtype()), "jvp: expected a floating tensor, got ", name_of(x.dtype()));
  GG_CHECK(tangent.rank() == x.rank() + 1 && tangent.shape().part(1, tangent.rank()) == x.shape(),
           "jvp: a tangent must have shape [directions, ...", x.shape(), "], got ", tangent.shape());
  GG_CHECK(tangent.dtype() == x.dtype(), "jvp: the tangent is ", name_of(tangent.dtype()), ", the tensor ",
           name_of(x.dtype()));
  Tensor dual = with_tangent(x, level_, tangent);
  dual.get().tangent->second_order = order_ == Order::second;
  dual.get().zero = false;  // zero only as a value: it varies along the tangent
  return dual;
}

Tensor ForwardLevel::attach_image(const Tensor& x, const Tensor& image) const {
  GG_CHECK(order_ == Order::second && image.rank() == 2, "attach_image: expected [directions, out], got ",
           image.shape());
  // There is no tangent to read. What stands in its place has its shape, and no numbers of its own.
  Tensor dual = attach(x, symbolic_zeros(x.shape().inserted(0, image.size(0)), x.options()));
  dual.get().tangent->image = image;
  return dual;
}

const Tangent* ForwardLevel::find(const Tensor& y) const {
  for (const Tangent* t = y.get().tangent.get(); t; t = t->outer.get()) {
    if (t->level == level_) return t;
  }
  return nullptr;
}

Tensor whole_tangent(const Tangent& t, const Shape& shape) {
  const Tensor value = t.scale.defined() ? mul(t.value, t.scale) : t.value;
  return value.rank() == shape.rank() + 1 && value.shape().part(1, value.rank()) == shape
             ? value
             : expand(value, shape.inserted(0, value.size(0)));
}

Tensor ForwardLevel::tangent(const Tensor& y) const {
  const Tangent* t = find(y);
  return t ? whole_tangent(*t, y.shape()) : Tensor();
}

Tensor ForwardLevel::second(const Tensor& y) const {
  const Tangent* t = find(y);
  return t ? t->second : Tensor();
}

Tensor ForwardLevel::primal(const Tensor& y) const { return strip(y, level_); }

}  // namespace gg::autograd
