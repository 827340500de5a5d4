#include "autograd/raw.h"

#include "core/device_memory.h"
#include "core/dispatch.h"
#include "cpu/copy.h"

namespace gg::raw {

void copy_into(const Tensor& to, const Tensor& from) {
  GG_CHECK(to.shape() == from.shape(), "copy: shapes differ: ", to.shape(), " and ", from.shape());
  if (to.device() == from.device() && to.device().is_cpu()) {
    GG_CPU_KERNEL(to.device(), copy, to.array(), from.array());
    return;
  }
  GG_CHECK(to.dtype() == from.dtype() && to.is_contiguous() && from.is_contiguous(), "copy between ", from.device(),
           " and ", to.device(), ": expected contiguous tensors of one type, got ", name_of(from.dtype()), " and ",
           name_of(to.dtype()));
  size_t bytes = static_cast<size_t>(to.numel()) * size_of(to.dtype());
  if (bytes == 0) return;
  void* target = to.array().data;
  const void* source = from.array().data;
  if (from.device().is_cpu()) {
    device_memory(to.device()).copy_from_host(target, source, bytes);
  } else if (to.device().is_cpu()) {
    device_memory(from.device()).copy_to_host(target, source, bytes);
  } else if (to.device() == from.device()) {
    device_memory(to.device()).copy_within(target, source, bytes);
  } else {
    copy_into(to, to_device(from, Device::cpu));
  }
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
  Tensor out = empty(shape, {o.dtype, Device::cpu});
  GG_CPU_KERNEL(Device(), fill, out.array(), value);
  return to_device(out, o.device);
}

Tensor to_device(const Tensor& x, Device device) {
  if (x.device() == device) return x;
  Tensor source = contiguous(x);
  Tensor out = empty(x.shape(), {x.dtype(), device});
  copy_into(out, source);
  return out;
}

}  // namespace gg::raw
