#include "cpu/conv2d_products.h"

#include <algorithm>

#include "core/parallel.h"
#include "cpu/conv2d.h"
#include "cpu/matmul.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

// The output columns [first, last) for which tap j falls inside the input.
struct Span {
  int64_t first, last;
};
Span inside(int64_t size, int64_t outputs, int64_t tap, int64_t stride, int64_t padding, int64_t dilation) {
  int64_t shift = tap * dilation - padding;  // input = output · stride + shift
  int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  int64_t last = size - shift <= 0 ? 0 : (size - shift + stride - 1) / stride;
  first = std::min(first, outputs);
  return {first, std::clamp(last, first, outputs)};
}

// Calls fn(row of the column matrix, output row, columns [first, last), input of the first column) for the taps of one
// group of one image, and fn with first = last for rows outside.
template <class T, class Fn>
void for_taps(const Conv2dProblem& q, T* image, Fn&& fn) {
  int64_t row = 0;
  for (int64_t c = 0; c < q.group_in(); ++c) {
    for (int64_t i = 0; i < q.w.shape[2]; ++i) {
      for (int64_t j = 0; j < q.w.shape[3]; ++j, ++row) {
        Span span = inside(q.x.shape[3], q.y.shape[3], j, q.o.stride[1], q.o.padding[1], q.o.dilation[1]);
        for (int64_t oh = 0; oh < q.y.shape[2]; ++oh) {
          int64_t h = oh * q.o.stride[0] - q.o.padding[0] + i * q.o.dilation[0];
          int64_t w = span.first * q.o.stride[1] - q.o.padding[1] + j * q.o.dilation[1];
          if (h < 0 || h >= q.x.shape[2] || span.first == span.last) {
            fn(row, oh, Span{0, 0}, image);
          } else {
            fn(row, oh, span, image + c * q.x.strides[1] + h * q.x.strides[2] + w * q.x.strides[3]);
          }
        }
      }
    }
  }
}

// columns [kernel, places] of one group of one image
template <class T>
void gather_columns(const Conv2dProblem& q, const T* image, T* columns) {
  int64_t width = q.y.shape[3], step = q.o.stride[1] * q.x.strides[3];
  for_taps(q, image, [&](int64_t row, int64_t oh, Span span, const T* from) {
    T* to = columns + row * q.places() + oh * width;
    std::fill(to, to + span.first, T{});
    if (step == 1) {
      std::copy_n(from, span.last - span.first, to + span.first);
    } else {
      for (int64_t k = span.first; k < span.last; ++k, from += step) to[k] = *from;
    }
    std::fill(to + span.last, to + width, T{});
  });
}

template <class T>
void scatter_columns(const Conv2dProblem& q, const T* columns, T* image) {
  int64_t width = q.y.shape[3], step = q.o.stride[1] * q.x.strides[3];
  for_taps(q, image, [&](int64_t row, int64_t oh, Span span, T* to) {
    const T* from = columns + row * q.places() + oh * width + span.first;
    int64_t n = span.last - span.first;
    if (step == 1) {
      for (int64_t k = 0; k < n; ++k) to[k] += from[k];
    } else {
      for (int64_t k = 0; k < n; ++k) to[k * step] += from[k];
    }
  });
}

template <class T>
Array matrix(T* data, int64_t rows, int64_t cols, int64_t row_stride, int64_t col_stride) {
  return {data, dtype_of<T>, {rows, cols}, {row_stride, col_stride}};
}

// One group of one image of y as a matrix [group_out, places].
template <class T>
Array y_matrix(const Conv2dProblem& q, int64_t n, int64_t group) {
  return matrix(q.y.as<T>() + n * q.y.strides[0] + group * q.group_out() * q.y.strides[1], q.group_out(), q.places(),
                q.y.strides[1], q.y.strides[3]);
}
template <class T>
T* x_image(const Conv2dProblem& q, int64_t n, int64_t group) {
  return q.x.as<T>() + n * q.x.strides[0] + group * q.group_in() * q.x.strides[1];
}
template <class T>
Array w_matrix(const Conv2dProblem& q, int64_t group) {
  return matrix(q.w.as<T>() + group * q.group_out() * q.kernel(), q.group_out(), q.kernel(), q.kernel(), 1);
}
Array transposed(Array m) {
  std::swap(m.shape[0], m.shape[1]);
  std::swap(m.strides[0], m.strides[1]);
  return m;
}

// The problem whose columns are asked for: w and y have shapes only.
Conv2dProblem columns_problem(const Array& columns, const Array& x, Size2 kernel, const Conv2dOptions& o,
                              const char* op) {
  GG_CHECK(x.rank() == 4 && columns.rank() == 3 && columns.is_contiguous() && x.dtype == columns.dtype, op,
           ": expected [N,C,H,W] and row-major columns of one type, got ", x.shape, " and ", columns.shape);
  Conv2dProblem q{x, x, x, o};
  q.w.shape = {1, x.shape[1], kernel.height, kernel.width};
  q.y.shape = {x.shape[0], 1, window_places(x.shape[2], kernel.height, o, 0),
               window_places(x.shape[3], kernel.width, o, 1)};
  GG_CHECK(columns.shape == (Shape{x.shape[0], q.kernel(), q.places()}), op, ": ", columns.shape,
           " are not the columns of ", x.shape);
  return q;
}

// fn(problem of one channel of one image, that channel, its columns) for all of them.
template <class T, class Fn>
void for_planes(const Conv2dProblem& q, const Array& columns, const Fn& fn) {
  const int64_t channels = q.x.shape[1], size = q.w.shape[2] * q.w.shape[3] * q.places();
  Conv2dProblem one = q;
  one.w.shape[1] = 1;
  parallel_for(q.n() * channels, std::max<int64_t>(1, 16 * 1024 / std::max<int64_t>(size, 1)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t i = begin; i < end; ++i) {
                   fn(one, q.x.as<T>() + i / channels * q.x.strides[0] + i % channels * q.x.strides[1],
                      columns.as<T>() + i * size);
                 }
               });
}

}  // namespace

template <class T>
void conv2d_by_products(const Conv2dProblem& q, ConvKind kind, int64_t begin, int64_t end, T* dw) {
  Scratch scratch(sizeof(T) * static_cast<size_t>(q.kernel() * q.places()));
  Scratch product(kind == ConvKind::weight_grad ? sizeof(T) * static_cast<size_t>(q.group_out() * q.kernel()) : 0);
  T* columns = scratch.as<T>();
  Array column_matrix = matrix(columns, q.kernel(), q.places(), q.places(), 1);
  for (int64_t n = begin; n < end; ++n) {
    for (int64_t group = 0; group < q.o.groups; ++group) {
      T* image = x_image<T>(q, n, group);
      Array y = y_matrix<T>(q, n, group), w = w_matrix<T>(q, group);
      if (kind == ConvKind::forward) {
        gather_columns<T>(q, image, columns);
        matmul(y, w, column_matrix);
      } else if (kind == ConvKind::input_grad) {
        matmul(column_matrix, transposed(w), y);
        for (int64_t c = 0; c < q.group_in(); ++c) {
          for (int64_t h = 0; h < q.x.shape[2]; ++h) {
            T* row = image + c * q.x.strides[1] + h * q.x.strides[2];
            for (int64_t k = 0; k < q.x.shape[3]; ++k) row[k * q.x.strides[3]] = 0;
          }
        }
        scatter_columns<T>(q, columns, image);
      } else {
        gather_columns<T>(q, image, columns);
        T* more = product.as<T>();
        matmul(matrix(more, q.group_out(), q.kernel(), q.kernel(), 1), y, transposed(column_matrix));
        T* to = dw + group * q.group_out() * q.kernel();
        for (int64_t k = 0; k < q.group_out() * q.kernel(); ++k) to[k] += more[k];
      }
    }
  }
}

template void conv2d_by_products(const Conv2dProblem&, ConvKind, int64_t, int64_t, float*);
template void conv2d_by_products(const Conv2dProblem&, ConvKind, int64_t, int64_t, double*);

void unfold(Array columns, Array x, Size2 kernel, Conv2dOptions o) {
  const Conv2dProblem q = columns_problem(columns, x, kernel, o, "unfold");
  if (columns.numel() == 0) return;
  visit_floating(x.dtype, "unfold", [&]<class T>() {
    for_planes<T>(q, columns,
                  [](const Conv2dProblem& one, const T* image, T* to) { gather_columns<T>(one, image, to); });
  });
}

void fold(Array x, Array columns, Size2 kernel, Conv2dOptions o) {
  const Conv2dProblem q = columns_problem(columns, x, kernel, o, "fold");
  if (x.numel() == 0) return;
  visit_floating(x.dtype, "fold", [&]<class T>() {
    for_planes<T>(q, columns, [](const Conv2dProblem& one, T* image, const T* from) {
      for (int64_t h = 0; h < one.x.shape[2]; ++h) {
        for (int64_t w = 0; w < one.x.shape[3]; ++w) image[h * one.x.strides[2] + w * one.x.strides[3]] = 0;
      }
      scatter_columns<T>(one, from, image);
    });
  });
}

}  // namespace gg::cpu
