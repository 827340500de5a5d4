#include "autograd/forward.h"

#include <atomic>

namespace gg::autograd {
namespace {
std::atomic<uint64_t> next_level{1};
}

ForwardLevel::ForwardLevel() : level_(next_level.fetch_add(1, std::memory_order_relaxed)) { ++active_; }
ForwardLevel::~ForwardLevel() { --active_; }

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
  Tensor a = alias(t);
  a.get().tangent = Ref<Tangent>::adopt(new Tangent(level, std::move(tangent), t.get().tangent));
  return a;
}

Tensor ForwardLevel::attach(const Tensor& x, const Tensor& tangent) const {
  GG_CHECK(is_floating(x.dtype()), "jvp: expected a floating tensor, got ", name_of(x.dtype()));
  GG_CHECK(tangent.rank() == x.rank() + 1 && tangent.shape().part(1, tangent.rank()) == x.shape(),
           "jvp: a tangent must have shape [directions, ...", x.shape(), "], got ", tangent.shape());
  GG_CHECK(tangent.dtype() == x.dtype(), "jvp: the tangent is ", name_of(tangent.dtype()), ", the tensor ",
           name_of(x.dtype()));
  Tensor dual = with_tangent(x, level_, tangent);
  dual.get().zero = false;  // zero only as a value: it varies along the tangent
  return dual;
}

Tensor ForwardLevel::tangent(const Tensor& y) const {
  for (const Tangent* t = y.get().tangent.get(); t; t = t->outer.get()) {
    if (t->level == level_) return t->value;
  }
  return {};
}

Tensor ForwardLevel::primal(const Tensor& y) const { return strip(y, level_); }

}  // namespace gg::autograd
