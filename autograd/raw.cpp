#include "autograd/raw.h"

#include "core/device_memory.h"
#include "core/dispatch.h"
#include "cpu/copy.h"
#include "cuda/copy.h"

namespace gg::raw {
namespace {

// An uninitialised tensor with x's axis order (row-major where x is not dense).
Tensor empty_in_order(const Tensor& x, TensorOptions o) {
  Layout layout = Layout::dense_like(x.shape(), x.layout());
  Tensor out = empty(x.shape(), o);
  return layout.is_contiguous() ? out : out.with_layout(layout);
}

// Between two devices: equal types, dense in the same order.
void move_bytes(const Tensor& to, const Tensor& from) {
  size_t bytes = static_cast<size_t>(to.numel()) * size_of(to.dtype());
  if (bytes == 0) return;
  void* target = to.array().data;
  const void* source = from.array().data;
  if (from.device().is_cpu()) {
    device_memory(to.device()).copy_from_host(target, source, bytes);
  } else if (to.device().is_cpu()) {
    device_memory(from.device()).copy_to_host(target, source, bytes);
  } else {
    move_bytes(to, to_device(from, Device::cpu));
  }
}

}  // namespace

void copy_into(const Tensor& to, const Tensor& from) {
  GG_CHECK(to.shape() == from.shape(), "copy: shapes differ: ", to.shape(), " and ", from.shape());
  if (to.device() == from.device()) {
    GG_KERNEL(to.device(), copy, to.array(), from.array());
    return;
  }
  if (to.dtype() == from.dtype() && from.layout().is_dense() && to.layout().same_order(from.layout())) {
    return move_bytes(to, from);
  }
  // Packed and converted where it comes from, moved, and laid out where it goes.
  Tensor packed = from;
  if (to.dtype() != from.dtype() || !from.layout().is_dense()) {
    packed = empty_in_order(from, {to.dtype(), from.device()});
    copy_into(packed, from);
  }
  if (to.layout().same_order(packed.layout())) return move_bytes(to, packed);
  Tensor landed = empty_in_order(packed, to.options());
  move_bytes(landed, packed);
  copy_into(to, landed);
}

Tensor clone(const Tensor& x) {
  Tensor out = empty_like(x);
  copy_into(out, x);
  return out;
}

Tensor contiguous(const Tensor& x) {
  if (x.is_contiguous()) return x;
  Tensor out = empty(x.shape(), x.options());
  copy_into(out, x);
  return out;
}

Tensor full(const Shape& shape, double value, TensorOptions o) {
  Tensor out = empty(shape, o);
  GG_KERNEL(o.device, fill, out.array(), value);
  return out;
}

Tensor to_device(const Tensor& x, Device device) {
  if (x.device() == device) return x;
  Tensor out = empty_in_order(x, {x.dtype(), device});
  copy_into(out, x);
  return out;
}

}  // namespace gg::raw
