#include "cuda/array_kernels.h"

#include "cuda/copy.h"
#include "cuda/memory.h"
#include "cuda/platform.h"
#include "cuda/softmax.h"

namespace gg::GG_CUDA_NS {
namespace {

int64_t last(const Array& a) { return a.rank() ? a.shape[a.rank() - 1] : 1; }

/// The same elements in row-major order: the array itself, or memory of its own until the end of the scope.
class RowMajor {
 public:
  explicit RowMajor(const Array& a) : array_(a) {
    if (a.is_contiguous() || a.numel() == 0) return;
    const size_t bytes = static_cast<size_t>(a.numel()) * size_of(a.dtype);
    array_.data = block_ = allocate(bytes);
    GG_CHECK(block_, "out of memory on " GG_CUDA_NS_NAME ": asked for ", bytes, " bytes");
    array_.strides = Layout::contiguous(a.shape).strides;
  }
  ~RowMajor() { release(block_); }
  RowMajor(const RowMajor&) = delete;
  RowMajor& operator=(const RowMajor&) = delete;

  void read_from(const Array& a) {
    if (block_) copy(array_, a);
  }
  void write_to(const Array& a) const {
    if (block_) copy(a, array_);
  }
  template <class T>
  T* as() const {
    return array_.as<T>();
  }

 private:
  Array array_;
  void* block_ = nullptr;
};

}  // namespace

void softmax_forward(Array out, Array x) {
  if (x.numel() == 0) return;
  RowMajor rows(x), results(out);
  rows.read_from(x);
  visit_floating(x.dtype, "softmax",
                 [&]<class T>() { softmax_forward<T>(rows.as<T>(), results.as<T>(), x.numel() / last(x), last(x)); });
  results.write_to(out);
}

void softmax_backward(Array dx, Array g, Array y) {
  if (y.numel() == 0) return;
  RowMajor gradients(g), rows(y), results(dx);
  gradients.read_from(g);
  rows.read_from(y);
  visit_floating(y.dtype, "softmax", [&]<class T>() {
    softmax_backward<T>(gradients.as<T>(), rows.as<T>(), results.as<T>(), y.numel() / last(y), last(y));
  });
  results.write_to(dx);
}

}  // namespace gg::GG_CUDA_NS
