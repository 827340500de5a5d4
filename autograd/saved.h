// Saved: a tensor that a rule will need, with the version its storage had. Reading it after an in-place write throws.
#pragma once

#include "core/tensor.h"

namespace gg::autograd {

class Saved {
 public:
  Saved() = default;
  explicit Saved(Tensor value)
      : value_(std::move(value)), version_(value_.defined() ? value_.get().storage->version() : 0) {}

  bool has_value() const { return value_.defined(); }

  /// The value; throws, naming `op`, if its storage was written since.
  const Tensor& get(const char* op) const {
    if (const Storage& storage = *value_.get().storage; storage.version() != version_) [[unlikely]] {
      fail(op, ": a value of shape ", value_.shape(), " that its gradient needs was changed in place (version ",
           storage.version(), ", saved at version ", version_, "). Write into a clone, or after the backward pass");
    }
    return value_;
  }

 private:
  Tensor value_;
  uint32_t version_ = 0;
};

}  // namespace gg::autograd
