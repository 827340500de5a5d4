#include "cpu/index.h"

#include <algorithm>

#include "core/parallel.h"

namespace gg::cpu {
namespace {

constexpr int64_t kGrain = 32 * 1024;  // elements in a chunk

int64_t checked(int64_t i, int64_t size, const char* op) {
  GG_CHECK(i >= 0 && i < size, op, ": position ", i, " is out of range for an axis of size ", size);
  return i;
}

// The axes of an array other than one, as a counter that yields offsets for several arrays at once.
struct Others {
  int rank = 0;
  int64_t size[kMaxRank], stride[3][kMaxRank];

  Others(const Shape& shape, int axis, const Array& a, const Array& b, const Array& c) {
    for (int i = 0; i < shape.rank(); ++i) {
      if (i == axis) continue;
      size[rank] = shape[i];
      stride[0][rank] = a.strides[i];
      stride[1][rank] = b.strides[i];
      stride[2][rank] = c.strides[i];
      ++rank;
    }
  }
  int64_t count() const {
    int64_t n = 1;
    for (int i = 0; i < rank; ++i) n *= size[i];
    return n;
  }
  // Offsets of the n-th combination.
  void at(int64_t n, int64_t offset[3]) const {
    offset[0] = offset[1] = offset[2] = 0;
    for (int i = rank - 1; i >= 0; --i) {
      int64_t k = n % size[i];
      n /= size[i];
      for (int j = 0; j < 3; ++j) offset[j] += k * stride[j][i];
    }
  }
};

// fn(offset of array a, b, c) for every combination of the other axes, in parallel; `work` elements each.
template <class Fn>
void over_others(const Others& others, int64_t work, const Fn& fn) {
  parallel_for(others.count(), std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work)),
               [&](int64_t begin, int64_t end) {
                 int64_t offset[3];
                 for (int64_t n = begin; n < end; ++n) {
                   others.at(n, offset);
                   fn(offset[0], offset[1], offset[2]);
                 }
               });
}

template <class Fn>
void visit_summable(DType t, const char* op, const Fn& fn) {
  GG_CHECK(t != boolean, op, ": expected floating or int64 elements, got ", name_of(t));
  visit_any(t, [&]<class T>() {
    if constexpr (!std::is_same_v<T, bool>) fn.template operator()<T>();
  });
}

// Whether slices along `axis` are runs of packed elements in both arrays, so that whole rows can be moved.
bool rows_packed(const Array& a, const Array& b, int axis) {
  int64_t expected = 1;
  for (int i = a.rank() - 1; i > axis; --i) {
    if (a.shape[i] != 1 && (a.strides[i] != expected || b.strides[i] != expected)) return false;
    expected *= a.shape[i];
  }
  for (int i = 0; i < axis; ++i) {
    if (a.shape[i] != 1) return false;
  }
  return true;
}

}  // namespace

void index_select(Array out, Array x, Array index, int axis) {
  const int64_t* positions = index.as<int64_t>();
  int64_t step = index.strides[0], count = index.numel(), size = x.shape[axis];
  if (out.numel() == 0) {
    for (int64_t i = 0; i < count; ++i) checked(positions[i * step], size, "index_select");
    return;
  }
  visit_any(x.dtype, [&]<class T>() {
    T* y = out.as<T>();
    const T* from = x.as<T>();
    int64_t so = out.strides[axis], sx = x.strides[axis];
    if (rows_packed(out, x, axis)) {
      int64_t row = out.numel() / count;
      parallel_for(count, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, row)), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const T* source = from + checked(positions[i * step], size, "index_select") * sx;
          std::copy(source, source + row, y + i * so);
        }
      });
      return;
    }
    over_others(Others(out.shape, axis, out, x, x), count, [&](int64_t o, int64_t s, int64_t) {
      for (int64_t i = 0; i < count; ++i) {
        y[o + i * so] = from[s + checked(positions[i * step], size, "index_select") * sx];
      }
    });
  });
}

void index_add(Array out, Array x, Array index, int axis) {
  const int64_t* positions = index.as<int64_t>();
  int64_t step = index.strides[0], count = index.numel(), size = out.shape[axis];
  for (int64_t i = 0; i < count; ++i) checked(positions[i * step], size, "index_add");
  if (x.numel() == 0) return;
  visit_summable(x.dtype, "index_add", [&]<class T>() {
    T* y = out.as<T>();
    const T* from = x.as<T>();
    int64_t so = out.strides[axis], sx = x.strides[axis];
    if (rows_packed(x, out, axis)) {
      // Columns are independent: each chunk takes some of them through all positions in order.
      int64_t row = x.numel() / count;
      parallel_for(row, std::max<int64_t>(16, kGrain / count), [&](int64_t begin, int64_t end) {
        for (int64_t i = 0; i < count; ++i) {
          T* target = y + positions[i * step] * so;
          const T* source = from + i * sx;
          for (int64_t j = begin; j < end; ++j) target[j] += source[j];
        }
      });
      return;
    }
    over_others(Others(x.shape, axis, out, x, x), count, [&](int64_t o, int64_t s, int64_t) {
      for (int64_t i = 0; i < count; ++i) y[o + positions[i * step] * so] += from[s + i * sx];
    });
  });
}

void gather(Array out, Array x, Array index, int axis) {
  if (out.numel() == 0) return;
  const int64_t* positions = index.as<int64_t>();
  int64_t count = index.shape[axis], size = x.shape[axis];
  int64_t so = out.strides[axis], sx = x.strides[axis], si = index.strides[axis];
  visit_any(x.dtype, [&]<class T>() {
    T* y = out.as<T>();
    const T* from = x.as<T>();
    over_others(Others(index.shape, axis, out, x, index), count, [&](int64_t o, int64_t s, int64_t p) {
      for (int64_t i = 0; i < count; ++i) {
        y[o + i * so] = from[s + checked(positions[p + i * si], size, "gather") * sx];
      }
    });
  });
}

void scatter_add(Array out, Array x, Array index, int axis) {
  if (x.numel() == 0) return;
  const int64_t* positions = index.as<int64_t>();
  int64_t count = index.shape[axis], size = out.shape[axis];
  int64_t so = out.strides[axis], sx = x.strides[axis], si = index.strides[axis];
  visit_summable(x.dtype, "scatter_add", [&]<class T>() {
    T* y = out.as<T>();
    const T* from = x.as<T>();
    over_others(Others(index.shape, axis, out, x, index), count, [&](int64_t o, int64_t s, int64_t p) {
      for (int64_t i = 0; i < count; ++i) {
        y[o + checked(positions[p + i * si], size, "scatter_add") * so] += from[s + i * sx];
      }
    });
  });
}

}  // namespace gg::cpu
