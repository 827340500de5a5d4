#include "core/tensor.h"

#include <array>
#include <cstring>
#include <mutex>

#include "core/device_memory.h"
#include "core/grad_mode.h"

namespace gg {

namespace {

Ref<Storage> storage_of_zeros(size_t bytes, Device device) {
  auto fresh = Storage::create(bytes, device);
  if (device.is_cpu()) {
    if (bytes) std::memset(fresh->data(), 0, bytes);
  } else {
    device_memory(device).fill_zero(fresh->data(), bytes);
  }
  return fresh;
}

// What every symbolic zero of a device points to: zero in any type.
const Ref<Storage>& constant_zero(Device device) {
  static std::mutex lock;
  static auto& constants =
      *new std::array<Ref<Storage>, 3>;  // never destroyed: tensors may outlive every static object
  std::lock_guard guard(lock);
  auto& constant = constants.at(static_cast<size_t>(device.type));
  if (!constant) constant = storage_of_zeros(sizeof(double), device);
  return constant;
}

}  // namespace

void TensorImpl::own_zeros() {
  storage = storage_of_zeros(static_cast<size_t>(layout.numel()) * size_of(dtype), device);
  layout = Layout::contiguous(layout.shape);
  contiguous = true;
  zero = false;
}

void Tensor::undefined() { fail("this tensor is undefined (default-constructed, or a gradient that does not exist)"); }

Array Tensor::array() const {
  TensorImpl& t = get();
  t.storage->follow_stream();
  return {t.data(), t.dtype, t.layout.shape, t.layout.strides};
}

Tensor Tensor::with_layout(const Layout& layout) const {
  TensorImpl& t = get();
  auto impl = TensorImpl::create();
  impl->layout = layout;
  impl->storage = t.storage;
  impl->dtype = t.dtype;
  impl->device = t.device;
  impl->contiguous = &layout == &t.layout ? t.contiguous : layout.is_contiguous();
  impl->zero = t.zero;
  return Tensor(std::move(impl));
}

namespace {
Tensor make(const Layout& layout, bool contiguous, DType dtype, Device device) {
  auto impl = TensorImpl::create();
  impl->layout = layout;
  impl->dtype = dtype;
  impl->device = device;
  impl->contiguous = contiguous;
  impl->storage = Storage::create(static_cast<size_t>(layout.numel()) * size_of(dtype), device);
  return Tensor(std::move(impl));
}

[[noreturn, gnu::noinline]] void impossible(const Shape& shape) {
  checked_numel(shape);
  __builtin_unreachable();
}
}  // namespace

// Written out, as every result comes from here: sizes are checked, counted and turned into strides in one pass.
Tensor empty(const Shape& shape, TensorOptions options) {
  auto impl = TensorImpl::create();
  impl->layout.shape = shape;
  int64_t numel = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    impl->layout.strides[i] = numel;
    if (shape[i] < 0 || __builtin_mul_overflow(numel, shape[i], &numel) || numel > kMaxNumel) [[unlikely]]
      impossible(shape);
  }
  impl->dtype = options.dtype;
  impl->device = options.device;
  impl->storage = Storage::create(static_cast<size_t>(numel) * size_of(options.dtype), options.device);
  return Tensor(std::move(impl));
}

Tensor empty_like(const Tensor& like) { return empty_like(like, like.dtype()); }

Tensor empty_like(const Tensor& like, DType dtype) {
  if (like.is_contiguous() && like.layout().offset == 0) return make(like.layout(), true, dtype, like.device());
  Layout layout = Layout::dense_like(like.shape(), like.layout());
  return make(layout, layout.is_contiguous(), dtype, like.device());
}

Tensor symbolic_zeros(const Shape& shape, TensorOptions options) {
  auto impl = TensorImpl::create();
  checked_numel(shape);
  impl->layout.shape = shape;
  impl->dtype = options.dtype;
  impl->device = options.device;
  impl->contiguous = impl->layout.is_contiguous();
  impl->zero = true;
  impl->storage = constant_zero(options.device);
  return Tensor(std::move(impl));
}

template <class T>
const T* Tensor::data() const {
  GG_CHECK(dtype() == dtype_of<T>, "data: the tensor is ", name_of(dtype()), ", asked for ", name_of(dtype_of<T>));
  GG_CHECK(device().is_cpu(), "data: the tensor is on ", device(), "; copy it with to(x, Device::cpu) first");
  GG_CHECK(is_contiguous(), "data: the tensor of shape ", shape(), " is a strided view; take contiguous(x) first");
  return array().as<T>();
}

template <class T>
T* Tensor::mutable_data() {
  GG_CHECK(!requires_grad() || !GradMode::enabled(),
           "mutable_data: in-place writes are not recorded; use NoGrad, or a tensor that does not require grad");
  if (get().zero) get().own_zeros();
  T* p = const_cast<T*>(data<T>());
  get().storage->bump_version();
  return p;
}

template const float* Tensor::data<float>() const;
template const double* Tensor::data<double>() const;
template const int64_t* Tensor::data<int64_t>() const;
template const bool* Tensor::data<bool>() const;
template float* Tensor::mutable_data<float>();
template double* Tensor::mutable_data<double>();
template int64_t* Tensor::mutable_data<int64_t>();
template bool* Tensor::mutable_data<bool>();

namespace {
// Walks a strided host array in row-major order.
template <class T>
void gather(const T* data, const Layout& l, int axis, T*& out) {
  if (axis == l.rank()) {
    *out++ = *data;
    return;
  }
  for (int64_t i = 0; i < l.shape[axis]; ++i) gather(data + i * l.strides[axis], l, axis + 1, out);
}

// The elements a layout touches lie in [0, span) from its first; strides are never negative.
int64_t span_of(const Layout& l) {
  if (l.numel() == 0) return 0;
  int64_t last = 0;
  for (int i = 0; i < l.rank(); ++i) last += (l.shape[i] - 1) * l.strides[i];
  return last + 1;
}
}  // namespace

template <class T>
std::vector<T> Tensor::to_vector() const {
  GG_CHECK(dtype() == dtype_of<T>, "to_vector: the tensor is ", name_of(dtype()), ", asked for ", name_of(dtype_of<T>));
  Array a = array();
  std::vector<T> out(static_cast<size_t>(numel()));
  if (out.empty()) return out;
  std::vector<char> host;
  const T* data = a.as<T>();
  if (!device().is_cpu()) {
    host.resize(static_cast<size_t>(span_of(layout())) * sizeof(T));
    device_memory(device()).copy_to_host(host.data(), a.data, host.size());
    data = reinterpret_cast<const T*>(host.data());
  }
  if constexpr (std::is_same_v<T, bool>) {
    std::vector<char> flat(out.size());
    char* p = flat.data();
    gather(reinterpret_cast<const char*>(data), a.layout(), 0, p);
    for (size_t i = 0; i < out.size(); ++i) out[i] = flat[i] != 0;
  } else {
    T* p = out.data();
    gather(data, a.layout(), 0, p);
  }
  return out;
}
template std::vector<float> Tensor::to_vector() const;
template std::vector<double> Tensor::to_vector() const;
template std::vector<int64_t> Tensor::to_vector() const;
template std::vector<bool> Tensor::to_vector() const;

double Tensor::item() const {
  GG_CHECK(numel() == 1, "item: expected a tensor with one element, got shape ", shape());
  return visit_any(dtype(), [&]<class T>() { return static_cast<double>(T(to_vector<T>()[0])); });
}

template <class T>
Tensor from_vector(const std::vector<T>& values, const Shape& shape, Device device) {
  GG_CHECK(static_cast<int64_t>(values.size()) == shape.numel(), "from_vector: ", values.size(),
           " values do not fill shape ", shape, ", which has ", shape.numel());
  Tensor t = empty(shape, {dtype_of<T>, device});
  size_t bytes = values.size() * sizeof(T);
  if (bytes == 0) return t;
  const void* source;
  std::vector<char> flat;
  if constexpr (std::is_same_v<T, bool>) {
    flat.assign(values.begin(), values.end());
    source = flat.data();
  } else {
    source = values.data();
  }
  if (device.is_cpu()) {
    std::memcpy(t.get().data(), source, bytes);
  } else {
    device_memory(device).copy_from_host(t.array().data, source, bytes);
  }
  return t;
}
template Tensor from_vector(const std::vector<float>&, const Shape&, Device);
template Tensor from_vector(const std::vector<double>&, const Shape&, Device);
template Tensor from_vector(const std::vector<int64_t>&, const Shape&, Device);
template Tensor from_vector(const std::vector<bool>&, const Shape&, Device);

namespace {
// The numbers of nested lists, in order, and their shape: the first element of each list says what the others must be.
void flatten(const Numbers& numbers, const Shape& shape, int axis, std::vector<Scalar>& out) {
  GG_CHECK(numbers.is_list() == (axis < shape.rank()), "tensor: lists and numbers stand beside each other");
  if (!numbers.is_list()) {
    out.push_back(numbers.number());
    return;
  }
  auto size = static_cast<int64_t>(numbers.list().size());
  GG_CHECK(size == shape[axis], "tensor: lists beside each other must be equally long, got ", shape[axis], " and ",
           size);
  for (const Numbers& n : numbers.list()) flatten(n, shape, axis + 1, out);
}
}  // namespace

Tensor tensor(const Numbers& numbers, TensorOptions options) {
  Shape shape;
  for (const Numbers* n = &numbers; n->is_list(); n = n->list().begin()) {
    shape.push_back(static_cast<int64_t>(n->list().size()));
    if (n->list().size() == 0) break;
  }
  std::vector<Scalar> flat;
  flatten(numbers, shape, 0, flat);
  return visit_any(options.dtype, [&]<class T>() {
    std::vector<T> values;
    values.reserve(flat.size());
    for (Scalar s : flat) {
      if constexpr (std::is_same_v<T, int64_t>) {
        values.push_back(s.to_int64("tensor"));
      } else {
        values.push_back(convert<T>(s.to_double()));
      }
    }
    return from_vector(values, shape, options.device);
  });
}

Tensor scalar(Scalar value, TensorOptions options) {
  if (options.dtype == i64) value.to_int64("scalar");
  return tensor(Numbers(value), options);
}

}  // namespace gg
