#include "nn/parameter.h"

#include "core/error.h"

namespace gg {

const Tensor& TensorSlot::tensor() const& {
  static const Tensor none;
  return entry_ ? entry_->tensor : none;
}

bool TensorSlot::takes(const Tensor& tensor) const {
  if (!entry_) {
    GG_CHECK(!tensor.defined(),
             "this module has no such tensor to assign to: it was constructed without (bias = false, say), or its own "
             "constructor has not registered it yet");
    return false;
  }
  const Tensor& present = entry_->tensor;
  GG_CHECK(tensor.defined() && tensor.shape() == present.shape() && tensor.dtype() == present.dtype(), entry_->path,
           " can only be replaced by ", present.dtype(), " ", present.shape(), ", got ",
           tensor.defined() ? str(tensor.dtype(), " ", tensor.shape()) : "an undefined tensor");
  return true;
}

namespace nn {
namespace {

/// Whether the tensor is all that its storage holds, rather than a piece of another tensor.
bool fills_its_storage(const Tensor& t) {
  return t.get().storage->bytes() == static_cast<size_t>(t.numel()) * static_cast<size_t>(size_of(t.dtype()));
}

/// What modules hold is written in place, so a symbolic zero gets memory of its own.
void make_writable(const Tensor& t) {
  if (t.is_symbolic_zero()) t.get().own_zeros();
}

}  // namespace

void Parameter::admit(const std::string& path, Tensor value) {
  GG_CHECK(value.defined() && is_floating(value.dtype()) && value.is_leaf(), path,
           " must be a floating tensor without history");
  make_writable(value);
  GG_CHECK(value.layout().is_dense() && fills_its_storage(value), path,
           " must have storage of its own, not be a part of another tensor; clone it first");
  value.requires_grad_();
}

Parameter& Parameter::operator=(const Parameter& other) {
  if (takes(other.tensor())) entry_->tensor = other.tensor();
  return *this;
}

Parameter& Parameter::operator=(const Tensor& value) {
  if (!takes(value)) return *this;
  admit(entry_->path, value);
  entry_->tensor = value;
  return *this;
}

Parameter& Parameter::operator=(Registered<Parameter>&& fresh) {
  entry_ = fresh.entry_;
  return *this;
}

void Buffer::admit(const std::string& path, const Tensor& value) {
  GG_CHECK(value.defined() && !value.requires_grad(), path, " must be a tensor that does not require grad");
  make_writable(value);
}

Buffer& Buffer::operator=(const Buffer& other) {
  if (takes(other.tensor())) entry_->tensor = other.tensor();
  return *this;
}

Buffer& Buffer::operator=(const Tensor& value) {
  if (!takes(value)) return *this;
  admit(entry_->path, value);
  entry_->tensor = value;
  return *this;
}

Buffer& Buffer::operator=(Registered<Buffer>&& fresh) {
  entry_ = fresh.entry_;
  return *this;
}

}  // namespace nn
}  // namespace gg
