#include "cpu/conv2d.h"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "core/conv2d_arrays.h"
#include "core/parallel.h"
#include "cpu/copy.h"
#include "cpu/matmul.h"
#include "cpu/onednn_conv.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

constexpr double kChunkFlops = 8e6;  // what a chunk of the batch has at least
constexpr int64_t kMaxChunks = 32;
constexpr int64_t kMaxPartials = 16;  // of weight gradients
// oneDNN computes the input gradient for 16 channels at least; below this many the matrix product is faster.
constexpr int64_t kFewChannels = 4;

// x [N,C,H,W], y [N,O,OH,OW] and row-major w, with both images in the same one of the two layouts.
struct Problem {
  Array x, w, y;
  Conv2dOptions o;
  bool last = false;

  int64_t n() const { return x.shape[0]; }
  int64_t group_in() const { return w.shape[1]; }
  int64_t group_out() const { return w.shape[0] / o.groups; }
  int64_t kernel() const { return w.shape[1] * w.shape[2] * w.shape[3]; }  // taps of one output
  int64_t places() const { return y.shape[2] * y.shape[3]; }
  double flops() const { return 2.0 * n() * w.shape[0] * places() * kernel(); }
};

// ---- matrix products

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
void for_taps(const Problem& q, T* image, Fn&& fn) {
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
void gather_columns(const Problem& q, const T* image, T* columns) {
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
void scatter_columns(const Problem& q, const T* columns, T* image) {
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
Array y_matrix(const Problem& q, int64_t n, int64_t group) {
  return matrix(q.y.as<T>() + n * q.y.strides[0] + group * q.group_out() * q.y.strides[1], q.group_out(), q.places(),
                q.y.strides[1], q.y.strides[3]);
}
template <class T>
T* x_image(const Problem& q, int64_t n, int64_t group) {
  return q.x.as<T>() + n * q.x.strides[0] + group * q.group_in() * q.x.strides[1];
}
template <class T>
Array w_matrix(const Problem& q, int64_t group) {
  return matrix(q.w.as<T>() + group * q.group_out() * q.kernel(), q.group_out(), q.kernel(), q.kernel(), 1);
}
Array transposed(Array m) {
  std::swap(m.shape[0], m.shape[1]);
  std::swap(m.strides[0], m.strides[1]);
  return m;
}

// Images [begin, end) of the problem. The weight gradient is added to `dw`.
template <class T>
void run_by_products(const Problem& q, ConvKind kind, int64_t begin, int64_t end, T* dw) {
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

// ---- chunks

std::shared_ptr<const OnednnConv> prepare(const Problem& q, ConvKind kind, int64_t images) {
  ConvSpec s;
  s.kind = kind;
  s.x_last = s.y_last = q.last;
  s.x_free = s.y_free = !q.last;
  s.n = images;
  s.c = q.x.shape[1];
  s.h = q.x.shape[2];
  s.w = q.x.shape[3];
  s.o = q.w.shape[0];
  s.oh = q.y.shape[2];
  s.ow = q.y.shape[3];
  s.kh = q.w.shape[2];
  s.kw = q.w.shape[3];
  s.groups = q.o.groups;
  for (int i = 0; i < 2; ++i) {
    s.stride[i] = q.o.stride[i];
    s.padding[i] = q.o.padding[i];
    s.dilation[i] = q.o.dilation[i];
  }
  return OnednnConv::get(s);
}

// dw = Σ of the partial gradients, in order.
template <class T>
void add_partials(T* dw, const T* partials, int64_t count, int64_t size) {
  parallel_for(size, 16 * 1024, [&](int64_t begin, int64_t end) {
    std::copy(partials + begin, partials + end, dw + begin);
    for (int64_t i = 1; i < count; ++i) {
      const T* more = partials + i * size;
      for (int64_t k = begin; k < end; ++k) dw[k] += more[k];
    }
  });
}

template <class T>
void run(const Problem& q, ConvKind kind) {
  bool gradient = kind == ConvKind::weight_grad;
  int64_t size = q.w.numel();
  int64_t most = std::min(q.n(), gradient ? kMaxPartials : kMaxChunks);
  if (gradient && size * 4 > (4 << 20)) most = std::min<int64_t>(most, 4);
  int64_t chunks =
      std::clamp<int64_t>(q.flops() / (gradient ? 2 * kChunkFlops : kChunkFlops), 1, std::max<int64_t>(most, 1));
  int64_t images = (q.n() + chunks - 1) / chunks;
  chunks = (q.n() + images - 1) / images;
  int64_t tail = q.n() - (chunks - 1) * images;  // images of the last chunk

  std::shared_ptr<const OnednnConv> conv, last_conv;
  bool few = kind == ConvKind::input_grad && q.o.groups == 1 && q.x.shape[1] < kFewChannels;
  if (std::is_same_v<T, float> && !few) {
    conv = prepare(q, kind, images);
    last_conv = tail == images ? conv : prepare(q, kind, tail);
  }
  bool library = conv && last_conv;

  Scratch packed(library && !gradient ? conv->weight_bytes() : 0);
  Scratch last_packed(library && !gradient ? last_conv->weight_bytes() : 0);
  void *weight = q.w.data, *last_weight = q.w.data;
  if (library && !gradient) {
    if (conv->weight_bytes()) conv->pack_weight(weight = packed.as<void>(), q.w.as<const float>());
    if (last_conv->same_weight(*conv)) {
      last_weight = weight;
    } else if (last_conv->weight_bytes()) {
      last_conv->pack_weight(last_weight = last_packed.as<void>(), q.w.as<const float>());
    }
  }
  Scratch partials(gradient && chunks > 1 ? sizeof(T) * static_cast<size_t>(chunks * size) : 0);

  parallel_chunks(chunks, [&](int64_t i) {
    bool is_tail = i == chunks - 1;
    T* dw = chunks > 1 ? partials.as<T>() + i * size : q.w.as<T>();
    if (library) {
      void* w = gradient ? dw : is_tail ? last_weight : weight;
      (is_tail ? last_conv : conv)
          ->run(q.x.as<float>() + i * images * q.x.strides[0], static_cast<float*>(w),
                q.y.as<float>() + i * images * q.y.strides[0]);
    } else {
      if (gradient) std::fill_n(dw, size, T{});
      run_by_products<T>(q, kind, i * images, i * images + (is_tail ? tail : images), dw);
    }
  });
  if (gradient && chunks > 1) add_partials(q.w.as<T>(), partials.as<const T>(), chunks, size);
}

// Brings the arrays into one of the two layouts, with copies where they are in neither or differ, and runs.
void convolve(Array x, Array w, Array y, const Conv2dOptions& o, ConvKind kind) {
  Array& written = kind == ConvKind::forward ? y : kind == ConvKind::input_grad ? x : w;
  if (written.numel() == 0) return;
  if (x.numel() == 0 || w.numel() == 0 || y.numel() == 0) return fill(written, 0);

  auto order_of = [](const Array& a) {
    bool nchw = is_nchw(a), last = is_channels_last(a);
    return std::pair(nchw, last);
  };
  auto [x_nchw, x_last] = order_of(x);
  auto [y_nchw, y_last] = order_of(y);
  Problem q{x, w, y, o, !(x_nchw && y_nchw)};
  // One channel looks the same in both layouts, and goes through the channels-last code faster.
  if (x_nchw && x_last && y_nchw && y_last) q.last = true;

  auto bytes = [](const Array& a, bool copied) {
    return copied ? size_of(a.dtype) * static_cast<size_t>(a.numel()) : 0;
  };
  bool copy_x = q.last ? !x_last : !x_nchw, copy_y = q.last ? !y_last : !y_nchw, copy_w = !w.is_contiguous();
  Scratch x_buffer(bytes(x, copy_x)), y_buffer(bytes(y, copy_y)), w_buffer(bytes(w, copy_w));
  if (copy_x) q.x.data = x_buffer.as<void>();
  if (copy_y) q.y.data = y_buffer.as<void>();
  if (copy_w) q.w.data = w_buffer.as<void>();
  q.x.strides = image_layout(x.shape, q.last).strides;
  q.y.strides = image_layout(y.shape, q.last).strides;
  q.w.strides = Layout::contiguous(w.shape).strides;
  if (copy_x && kind != ConvKind::input_grad) copy(q.x, x);
  if (copy_y && kind != ConvKind::forward) copy(q.y, y);
  if (copy_w && kind != ConvKind::weight_grad) copy(q.w, w);

  visit_floating(x.dtype, "conv2d", [&]<class T>() { run<T>(q, kind); });

  if (copy_x && kind == ConvKind::input_grad) copy(x, q.x);
  if (copy_y && kind == ConvKind::forward) copy(y, q.y);
  if (copy_w && kind == ConvKind::weight_grad) copy(w, q.w);
}

// The problem whose columns are asked for: w and y have shapes only.
Problem columns_problem(const Array& columns, const Array& x, Size2 kernel, const Conv2dOptions& o, const char* op) {
  GG_CHECK(x.rank() == 4 && columns.rank() == 3 && columns.is_contiguous() && x.dtype == columns.dtype, op,
           ": expected [N,C,H,W] and row-major columns of one type, got ", x.shape, " and ", columns.shape);
  Problem q{x, x, x, o};
  q.w.shape = {1, x.shape[1], kernel.height, kernel.width};
  q.y.shape = {x.shape[0], 1, window_places(x.shape[2], kernel.height, o, 0),
               window_places(x.shape[3], kernel.width, o, 1)};
  GG_CHECK(columns.shape == (Shape{x.shape[0], q.kernel(), q.places()}), op, ": ", columns.shape,
           " are not the columns of ", x.shape);
  return q;
}

// fn(problem of one channel of one image, that channel, its columns) for all of them.
template <class T, class Fn>
void for_planes(const Problem& q, const Array& columns, const Fn& fn) {
  const int64_t channels = q.x.shape[1], size = q.w.shape[2] * q.w.shape[3] * q.places();
  Problem one = q;
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

void unfold(Array columns, Array x, Size2 kernel, Conv2dOptions o) {
  const Problem q = columns_problem(columns, x, kernel, o, "unfold");
  if (columns.numel() == 0) return;
  visit_floating(x.dtype, "unfold", [&]<class T>() {
    for_planes<T>(q, columns, [](const Problem& one, const T* image, T* to) { gather_columns<T>(one, image, to); });
  });
}

void fold(Array x, Array columns, Size2 kernel, Conv2dOptions o) {
  const Problem q = columns_problem(columns, x, kernel, o, "fold");
  if (x.numel() == 0) return;
  visit_floating(x.dtype, "fold", [&]<class T>() {
    for_planes<T>(q, columns, [](const Problem& one, T* image, const T* from) {
      for (int64_t h = 0; h < one.x.shape[2]; ++h) {
        for (int64_t w = 0; w < one.x.shape[3]; ++w) image[h * one.x.strides[2] + w * one.x.strides[3]] = 0;
      }
      scatter_columns<T>(one, from, image);
    });
  });
}

void conv2d_forward(Array out, Array x, Array w, Conv2dOptions o) {
  check_conv2d(x, w, out, o, "conv2d");
  convolve(x, w, out, o, ConvKind::forward);
}

void conv2d_input_grad(Array dx, Array g, Array w, Conv2dOptions o) {
  check_conv2d(dx, w, g, o, "conv2d_input_grad");
  convolve(dx, w, g, o, ConvKind::input_grad);
}

void conv2d_weight_grad(Array dw, Array x, Array g, Conv2dOptions o) {
  check_conv2d(x, dw, g, o, "conv2d_weight_grad");
  convolve(x, dw, g, o, ConvKind::weight_grad);
}

}  // namespace gg::cpu
