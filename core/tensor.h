// Tensor: a handle to an n-dimensional array that can remember how it was computed.
//
// Copying a Tensor shares it; `clone` (ops/) copies the numbers. Mathematics lives in free functions (ops/ops.h);
// methods are for inspection and for autograd. Read core/layout.h for views, autograd/autograd.h for gradients.
#pragma once

#include <vector>

#include "core/array.h"
#include "core/device.h"
#include "core/scalar.h"
#include "core/storage.h"

namespace gg {

class Tensor;
namespace autograd {
class Node;
struct Tangent;
}  // namespace autograd

/// Where and as what a new tensor is made.
struct TensorOptions {
  DType dtype = DType::f32;
  Device device = {};
};

/// What a Tensor points to. The library's own code uses it; user code has no need to.
struct TensorImpl : RefCounted {
  Layout layout;
  Ref<Storage> storage;
  DType dtype = DType::f32;
  Device device;
  bool contiguous = true;
  bool zero = false;  ///< a symbolic zero: one constant element of storage, repeated by strides of 0

  // Autograd's part; see autograd/node.h. `node` is null where no gradient is asked for.
  Ref<autograd::Node> node;
  Ref<autograd::Tangent> tangent;  ///< forward mode's directional derivatives, innermost level first

  static Ref<TensorImpl> create();
  static void release(TensorImpl* impl) noexcept;

  void* data() const {
    return static_cast<char*>(storage->data()) + layout.offset * static_cast<int64_t>(size_of(dtype));
  }
  void own_zeros();  ///< gives a symbolic zero memory of its own, before it is written or differentiated

  TensorImpl();
  ~TensorImpl();
};

class Tensor {
 public:
  Tensor() = default;  ///< undefined: no tensor at all; as a gradient it means zero
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}

  bool defined() const { return static_cast<bool>(impl_); }
  explicit operator bool() const = delete;  // whether it exists is defined(); its truth, item() != 0

  // ---- inspection -----------------------------------------------------------------------------------------------
  const Shape& shape() const& { return get().layout.shape; }
  Shape shape() && { return get().layout.shape; }  // a copy: the temporary's own would die with it
  int rank() const { return get().layout.rank(); }
  /// Size of an axis; negative axes count from the end.
  int64_t size(int axis) const { return get().layout.shape.at(axis); }
  int64_t numel() const { return get().layout.numel(); }
  DType dtype() const { return get().dtype; }
  Device device() const { return get().device; }
  const Layout& layout() const& { return get().layout; }
  Layout layout() && { return get().layout; }
  bool is_contiguous() const { return get().contiguous; }
  TensorOptions options() const { return {get().dtype, get().device}; }

  /// The only number of a one-element tensor, converted to double.
  double item() const;
  /// All numbers in row-major order, copied to the host. T must match the dtype (float, double, int64_t, bool).
  template <class T>
  std::vector<T> to_vector() const;
  /// Pointer to the numbers of a contiguous CPU tensor; throws for other devices, layouts and types.
  template <class T>
  const T* data() const;
  /// The same for writing in place: raises the version, and throws on a tensor that requires grad outside NoGrad.
  template <class T>
  T* mutable_data();

  // ---- autograd (defined in autograd/tensor_methods.cpp) ----------------------------------------------------------
  /// Whether operations on this tensor are recorded.
  bool requires_grad() const { return defined() && static_cast<bool>(impl_->node); }
  /// Asks for (or, on a leaf, stops asking for) gradients with respect to this tensor. Floating types only.
  Tensor& requires_grad_(bool on = true);
  /// Whether this is not the result of a recorded operation.
  bool is_leaf() const;
  /// The gradient that backward() accumulated into this leaf: always detached; undefined if there is none.
  Tensor grad() const;
  void set_grad(const Tensor& grad) const;
  /// Adds the gradients of this scalar with respect to all leaves to their grad(). Frees the graph unless retain_graph.
  void backward(bool retain_graph = false) const;
  /// The same numbers without history, in either mode. Shares storage.
  Tensor detach() const;

  // ---- for the library's own code ---------------------------------------------------------------------------------
  TensorImpl& get() const {
    if (!impl_) [[unlikely]]
      undefined();
    return *impl_;
  }
  const Ref<TensorImpl>& impl() const { return impl_; }
  /// Known to be zero everywhere. See symbolic_zeros.
  bool is_symbolic_zero() const { return defined() && impl_->zero; }
  /// As kernels read it.
  Array array() const;
  /// A second handle object on the same storage under another layout, without history.
  Tensor with_layout(const Layout& layout) const;
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

 private:
  [[noreturn]] static void undefined();
  Ref<TensorImpl> impl_;
};

/// An uninitialised tensor.
Tensor empty(const Shape& shape, TensorOptions options = {});
/// An uninitialised tensor of `shape` with the axis order, dtype and device of `like`.
Tensor empty_like(const Tensor& like);
Tensor empty_like(const Tensor& like, DType dtype);

/// Zeros that take no memory and no arithmetic: sums skip them, products and linear operations pass them on. To whom
/// reads them they are a view of one constant element.
Tensor symbolic_zeros(const Shape& shape, TensorOptions options);

/// A tensor that copies `values` (row-major) from the host.
template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape, Device device = {});

/// What is written in braces: a number, or a list of these. It points to what stands there, so it is for arguments
/// only.
class Numbers {
 public:
  template <class T>
  requires std::is_arithmetic_v<T> Numbers(T number) : number_(number) {}
  explicit Numbers(Scalar number) : number_(number) {}
  Numbers(std::initializer_list<Numbers> list) : list_(list), is_list_(true) {}

  bool is_list() const { return is_list_; }
  std::initializer_list<Numbers> list() const { return list_; }
  Scalar number() const { return number_; }

 private:
  Scalar number_ = 0;
  std::initializer_list<Numbers> list_;
  bool is_list_ = false;
};

/// A tensor of as many axes as there are braces within each other: tensor({1, 2, 3}) is a vector, tensor({{1, 2, 3}}) a
/// matrix of one row. For int64 the numbers must be whole.
Tensor tensor(const Numbers& numbers, TensorOptions options = {});
/// A zero-dimensional tensor.
Tensor scalar(Scalar value, TensorOptions options = {});

/// A readable picture of values, shape, dtype and history; long axes are shortened with an ellipsis.
std::string to_string(const Tensor& t);
std::ostream& operator<<(std::ostream& out, const Tensor& t);

}  // namespace gg
