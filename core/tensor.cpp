#include "core/tensor.h"

#include <cstring>
#include <mutex>
#include <new>

#include "core/device_memory.h"
#include "core/grad_mode.h"

namespace gg {

Ref<TensorImpl> TensorImpl::create() {
  return Ref<TensorImpl>::adopt(new (allocate_object(sizeof(TensorImpl))) TensorImpl);
}

void TensorImpl::release(TensorImpl* impl) noexcept {
  impl->~TensorImpl();
  deallocate_object(impl, sizeof(TensorImpl));
}

void TensorImpl::materialize() {
  static std::mutex lock;
  std::lock_guard guard(lock);
  if (storage) return;
  size_t bytes = static_cast<size_t>(layout.numel()) * size_of(dtype);
  auto fresh = Storage::create(bytes, device);
  if (device.is_cpu()) {
    if (bytes) std::memset(fresh->data(), 0, bytes);
  } else {
    device_memory(device).fill_zero(fresh->data(), bytes);
  }
  storage = std::move(fresh);
}

void Tensor::undefined() { fail("this tensor is undefined (default-constructed, or a gradient that does not exist)"); }

Array Tensor::array() const {
  TensorImpl& t = get();
  if (!t.storage) [[unlikely]]
    t.materialize();
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
  if (!impl->storage) {  // a view of a symbolic zero is a symbolic zero of its own
    impl->layout = Layout::contiguous(layout.shape);
    impl->contiguous = true;
  }
  return Tensor(std::move(impl));
}

namespace {
Tensor make(const Layout& layout, bool contiguous, DType dtype, Device device) {
  for (int64_t d : layout.shape) GG_CHECK(d >= 0, "a tensor's sizes must not be negative, got ", layout.shape);
  auto impl = TensorImpl::create();
  impl->layout = layout;
  impl->dtype = dtype;
  impl->device = device;
  impl->contiguous = contiguous;
  impl->storage = Storage::create(static_cast<size_t>(layout.numel()) * size_of(dtype), device);
  return Tensor(std::move(impl));
}
}  // namespace

// Written out, as every result comes from here: sizes are checked, counted and turned into strides in one pass.
Tensor empty(const Shape& shape, TensorOptions options) {
  auto impl = TensorImpl::create();
  impl->layout.shape = shape;
  int64_t numel = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    GG_CHECK(shape[i] >= 0, "a tensor's sizes must not be negative, got ", shape);
    impl->layout.strides[i] = numel;
    numel *= shape[i];
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
  impl->layout = Layout::contiguous(shape);
  impl->dtype = options.dtype;
  impl->device = options.device;
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
    device_memory(device).copy_from_host(t.get().data(), source, bytes);
  }
  return t;
}
template Tensor from_vector(const std::vector<float>&, const Shape&, Device);
template Tensor from_vector(const std::vector<double>&, const Shape&, Device);
template Tensor from_vector(const std::vector<int64_t>&, const Shape&, Device);
template Tensor from_vector(const std::vector<bool>&, const Shape&, Device);

namespace {
Tensor from_doubles(const std::vector<double>& values, const Shape& shape, TensorOptions options) {
  return visit_any(options.dtype, [&]<class T>() {
    return from_vector(std::vector<T>(values.begin(), values.end()), shape, options.device);
  });
}
}  // namespace

Tensor tensor(std::initializer_list<double> values, TensorOptions options) {
  return from_doubles(values, {static_cast<int64_t>(values.size())}, options);
}

Tensor tensor(std::initializer_list<std::initializer_list<double>> rows, TensorOptions options) {
  std::vector<double> flat;
  size_t columns = rows.size() ? rows.begin()->size() : 0;
  for (auto row : rows) {
    GG_CHECK(row.size() == columns, "tensor: rows of a matrix must be equally long, got ", columns, " and ",
             row.size());
    flat.insert(flat.end(), row.begin(), row.end());
  }
  return from_doubles(flat, {static_cast<int64_t>(rows.size()), static_cast<int64_t>(columns)}, options);
}

Tensor scalar(double value, TensorOptions options) { return from_doubles({value}, {}, options); }

}  // namespace gg
