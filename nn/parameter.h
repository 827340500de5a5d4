// Parameter and Buffer: handles on a module's registry. A layer has them where one would expect tensors, and they are
// read like tensors. What they stand for is the one entry that optimisers, state dicts and copies of the module see, so
// an assignment replaces it for all of them:
//
//   decoder.weight = encoder.weight;   // from now on one tensor with two names: weights are tied
//   layer.weight = randn({10, 256});   // other numbers to start with
//
// Make optimisers afterwards: they keep the tensors that parameters() gave them. Read next: module.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace gg {

namespace nn {
class Module;
class ParameterScope;
template <class Handle>
class Registered;
}  // namespace nn

/// What Parameter and Buffer share. It is in namespace gg so that sum(layer.weight) finds gg::sum, as with a Tensor.
/// Copies stand for the same entry; a default-constructed one stands for none, and its tensor is undefined.
class TensorSlot {
 public:
  TensorSlot() = default;
  TensorSlot(const TensorSlot&) = default;

  const Tensor& tensor() const&;
  Tensor tensor() const&& { return static_cast<const TensorSlot&>(*this).tensor(); }
  operator const Tensor&() const& { return tensor(); }
  /// A tensor made of a temporary would not see later assignments: keep the Parameter, or ask for tensor().
  operator const Tensor&() const&& = delete;

  bool defined() const { return tensor().defined(); }
  const Shape& shape() const& { return tensor().shape(); }
  Shape shape() const&& { return tensor().shape(); }
  int rank() const { return tensor().rank(); }
  int64_t size(int axis) const { return tensor().size(axis); }
  int64_t numel() const { return tensor().numel(); }
  DType dtype() const { return tensor().dtype(); }
  Device device() const { return tensor().device(); }
  const Layout& layout() const& { return tensor().layout(); }
  Layout layout() const&& { return tensor().layout(); }
  TensorOptions options() const { return tensor().options(); }
  bool is_contiguous() const { return tensor().is_contiguous(); }
  double item() const { return tensor().item(); }
  template <class T>
  std::vector<T> to_vector() const {
    return tensor().to_vector<T>();
  }
  template <class T>
  const T* data() const {
    return tensor().data<T>();
  }
  template <class T>
  T* mutable_data() const {
    return Tensor(tensor()).mutable_data<T>();
  }
  bool requires_grad() const { return tensor().requires_grad(); }
  bool is_leaf() const { return tensor().is_leaf(); }
  Tensor detach() const { return tensor().detach(); }
  bool is_same(const Tensor& other) const { return tensor().is_same(other); }
  TensorImpl& get() const { return tensor().get(); }

 protected:
  friend nn::Module;
  friend nn::ParameterScope;
  struct Entry {
    std::string name;  ///< in the module: "weight"
    std::string path;  ///< as messages say it: "Linear(3, 2): parameter 'weight'"
    Tensor tensor;
    bool on_host = false;  ///< see BufferOptions
  };

  /// Whether there is an entry to put `tensor` into. Throws unless it has the shape and type of the present one.
  bool takes(const Tensor& tensor) const;

  std::shared_ptr<Entry> entry_;
};

namespace nn {

/// A trained tensor: a floating leaf that requires grad, unless it was frozen.
class Parameter : public TensorSlot {
 public:
  Parameter() = default;
  Parameter(const Parameter&) = default;
  /// Ties: this entry gets the other's tensor. Throws where the shape or type is another, or there is no such entry.
  Parameter& operator=(const Parameter& other);
  /// This entry gets `value`, as register_parameter would take it, of the same shape and type.
  Parameter& operator=(const Tensor& value);
  /// For constructors: stands for the new entry from now on.
  Parameter& operator=(Registered<Parameter>&& fresh);

  Tensor grad() const { return tensor().grad(); }
  void set_grad(const Tensor& grad) const { tensor().set_grad(grad); }
  const Parameter& requires_grad_(bool on = true) const {
    Tensor(tensor()).requires_grad_(on);
    return *this;
  }

 private:
  friend Module;
  /// Makes `value` a parameter's tensor, or throws. `path` is for messages.
  static void admit(const std::string& path, Tensor value);
};

/// A tensor that is saved and moved with the module but not trained.
class Buffer : public TensorSlot {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = default;
  Buffer& operator=(const Buffer& other);
  Buffer& operator=(const Tensor& value);
  Buffer& operator=(Registered<Buffer>&& fresh);

 private:
  friend Module;
  static void admit(const std::string& path, const Tensor& value);
};

/// What register_parameter and register_buffer return. A type of its own, so that `weight = register_parameter(…)` in a
/// constructor differs from the assignments above; otherwise it is the Parameter or Buffer.
template <class Handle>
class Registered : public Handle {
  friend Module;
  Registered() = default;
};

}  // namespace nn
}  // namespace gg
