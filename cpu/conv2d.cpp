#include "cpu/conv2d.h"

#include <algorithm>
#include <type_traits>

#include "core/conv2d_arrays.h"
#include "core/parallel.h"
#include "cpu/conv2d_products.h"
#include "cpu/copy.h"
#include "cpu/image_conv.h"
#include "cpu/kernels/copy.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

constexpr double kChunkFlops = 8e6;  // what a chunk of the batch has at least
constexpr int64_t kMaxChunks = 32;
constexpr int64_t kMaxPartials = 8;  // of weight gradients: more threads find no work, but all have to be added up

// The batch in parts that threads take, the last one being smaller.
struct Chunks {
  int64_t count, images, tail;

  Chunks(const Conv2dProblem& q, bool gradient) {
    int64_t most = std::min(q.n(), gradient ? kMaxPartials : kMaxChunks);
    if (gradient && q.w.numel() * 4 > (4 << 20)) most = std::min<int64_t>(most, 4);
    count = std::clamp<int64_t>(q.flops() / (gradient ? 2 * kChunkFlops : kChunkFlops), 1, std::max<int64_t>(most, 1));
    images = (q.n() + count - 1) / count;
    count = (q.n() + images - 1) / images;
    tail = q.n() - (count - 1) * images;
  }
  int64_t begin(int64_t i) const { return i * images; }
  int64_t size(int64_t i) const { return i == count - 1 ? tail : images; }
};

// to = Σ of the partial gradients, in order.
template <class T>
void add_partials(T* to, const T* partials, int64_t count, int64_t size) {
  parallel_for(size, 16 * 1024, [&](int64_t begin, int64_t end) {
    std::copy(partials + begin, partials + end, to + begin);
    for (int64_t i = 1; i < count; ++i) {
      const T* more = partials + i * size;
      for (int64_t k = begin; k < end; ++k) to[k] += more[k];
    }
  });
}

// b [channels] is added to images that lie channels last, or not.
template <class T>
void add_bias(T* image, const T* b, int64_t images, int64_t channels, int64_t places, bool last) {
  for (int64_t i = 0; i < images * (last ? places : 1); ++i) {
    if (last) {
      for (int64_t c = 0; c < channels; ++c) image[c] += b[c];
      image += channels;
    } else {
      for (int64_t c = 0; c < channels; ++c, image += places) {
        for (int64_t k = 0; k < places; ++k) image[k] += b[c];
      }
    }
  }
}

template <class T>
void run_by_products(const Conv2dProblem& q, ConvKind kind, const T* bias) {
  const bool gradient = kind == ConvKind::weight_grad;
  const Chunks chunks(q, gradient);
  const int64_t size = q.w.numel();
  Scratch partials(gradient ? sizeof(T) * static_cast<size_t>(chunks.count * size) : 0);
  parallel_chunks(chunks.count, [&](int64_t i) {
    T* dw = gradient ? partials.as<T>() + i * size : nullptr;
    if (gradient) std::fill_n(dw, size, T{});
    conv2d_by_products<T>(q, kind, chunks.begin(i), chunks.begin(i) + chunks.size(i), dw);
    if (bias) {
      const Array& y = kind == ConvKind::forward ? q.y : q.x;
      add_bias(y.as<T>() + chunks.begin(i) * y.strides[0], bias, chunks.size(i), y.shape[1], y.shape[2] * y.shape[3],
               is_channels_last(y));
    }
  });
  if (gradient) add_partials(q.w.as<T>(), partials.as<const T>(), chunks.count, size);
}

std::shared_ptr<const ImageConv> prepare(const Conv2dProblem& q, ConvKind kind, int64_t images) {
  ConvSpec s;
  s.kind = kind;
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
  return image_conv(s);
}

// Some images of a batch with their channels last: where they are, or turned in scratch memory.
class ChannelsLast {
 public:
  ChannelsLast(const Array& batch, int64_t begin, int64_t images)
      : there_(batch.as<float>() + begin * batch.strides[0]),
        images_(images),
        channels_(batch.shape[1]),
        places_(batch.shape[2] * batch.shape[3]),
        turned_(!is_channels_last(batch)),
        scratch_(turned_ ? sizeof(float) * static_cast<size_t>(images * channels_ * places_) : 0) {}

  int64_t channels() const { return channels_; }
  int64_t places() const { return places_; }
  float* data() const { return turned_ ? scratch_.as<float>() : there_; }
  void read() const {
    if (turned_) turn(data(), there_, places_, channels_);
  }
  void write() const {
    if (turned_) turn(there_, data(), channels_, places_);
  }

 private:
  // Every image from [cols, rows] to [rows, cols].
  void turn(float* to, const float* from, int64_t rows, int64_t cols) const {
    for (int64_t n = 0; n < images_; ++n) {
      copy_kernels().transpose_4(reinterpret_cast<uint32_t*>(to + n * rows * cols), cols,
                                 reinterpret_cast<const uint32_t*>(from + n * rows * cols), rows, rows, cols);
    }
  }

  float* there_;
  int64_t images_, channels_, places_;
  bool turned_;
  Scratch scratch_;
};

// By image_conv(); false if it does not take the problem.
bool run_by_images(const Conv2dProblem& q, ConvKind kind, const float* bias) {
  const bool gradient = kind == ConvKind::weight_grad;
  const Chunks chunks(q, gradient);
  const auto conv = prepare(q, kind, chunks.images);
  const auto tail = chunks.tail == chunks.images ? conv : prepare(q, kind, chunks.tail);
  if (!conv || !tail || !tail->same_weight(*conv)) return false;

  const size_t packed = conv->weight_floats(), size = packed ? packed : static_cast<size_t>(q.w.numel());
  const bool partial = gradient && (packed || chunks.count > 1);
  Scratch buffer(sizeof(float) * (partial ? size * static_cast<size_t>(chunks.count) : packed));
  float *const weight = q.w.as<float>(), *const own = partial || packed ? buffer.as<float>() : weight;
  if (packed && !gradient) conv->pack_weight(own, weight);

  parallel_chunks(chunks.count, [&](int64_t i) {
    const ChannelsLast x(q.x, chunks.begin(i), chunks.size(i)), y(q.y, chunks.begin(i), chunks.size(i));
    if (kind != ConvKind::input_grad) x.read();
    if (kind != ConvKind::forward) y.read();
    (i == chunks.count - 1 ? tail : conv)->run(x.data(), partial ? own + static_cast<size_t>(i) * size : own, y.data());
    if (bias) {
      const ChannelsLast& result = kind == ConvKind::forward ? y : x;
      add_bias(result.data(), bias, chunks.size(i), result.channels(), result.places(), true);
    }
    if (kind == ConvKind::input_grad) x.write();
    if (kind == ConvKind::forward) y.write();
  });

  if (partial && !packed) {
    add_partials(weight, own, chunks.count, static_cast<int64_t>(size));
  } else if (partial) {
    if (chunks.count > 1) add_partials(own, own, chunks.count, static_cast<int64_t>(size));
    conv->unpack_weight(weight, own);
  }
  return true;
}

// Brings the arrays into layouts that the code above takes, with copies where they are in others, and runs.
void convolve(Array x, Array w, Array y, const Conv2dOptions& o, ConvKind kind, Array b = {}) {
  Array& written = kind == ConvKind::forward ? y : kind == ConvKind::input_grad ? x : w;
  GG_CHECK(!b.data || (b.shape == Shape{written.shape[1]} && b.is_contiguous() && b.dtype == written.dtype),
           "conv2d: a bias of ", b.shape, " for ", written.shape);
  if (written.numel() == 0) return;
  if (x.numel() == 0 || w.numel() == 0 || y.numel() == 0) {
    fill(written, 0);
    if (b.data) {
      const Array column = {b.data, b.dtype, {b.shape[0], 1, 1}, {1, 0, 0}};
      copy(written, column.expanded(written.shape, "conv2d"));
    }
    return;
  }

  auto is_image = [](const Array& a) { return is_nchw(a) || is_channels_last(a); };
  auto bytes = [](const Array& a, bool copied) {
    return copied ? size_of(a.dtype) * static_cast<size_t>(a.numel()) : 0;
  };
  const bool copy_x = !is_image(x), copy_y = !is_image(y), copy_w = !w.is_contiguous();
  Scratch x_buffer(bytes(x, copy_x)), y_buffer(bytes(y, copy_y)), w_buffer(bytes(w, copy_w));
  Conv2dProblem q{x, w, y, o};
  auto replace = [](Array& a, const Scratch& buffer, const Layout& layout) {
    a.data = buffer.as<void>();
    a.strides = layout.strides;
  };
  if (copy_x) replace(q.x, x_buffer, image_layout(x.shape, true));
  if (copy_y) replace(q.y, y_buffer, image_layout(y.shape, true));
  if (copy_w) replace(q.w, w_buffer, Layout::contiguous(w.shape));
  if (copy_x && kind != ConvKind::input_grad) copy(q.x, x);
  if (copy_y && kind != ConvKind::forward) copy(q.y, y);
  if (copy_w && kind != ConvKind::weight_grad) copy(q.w, w);

  visit_floating(x.dtype, "conv2d", [&]<class T>() {
    const T* bias = b.as<const T>();
    if constexpr (std::is_same_v<T, float>) {
      if (run_by_images(q, kind, bias)) return;
    }
    run_by_products<T>(q, kind, bias);
  });

  if (copy_x && kind == ConvKind::input_grad) copy(x, q.x);
  if (copy_y && kind == ConvKind::forward) copy(y, q.y);
  if (copy_w && kind == ConvKind::weight_grad) copy(w, q.w);
}

}  // namespace

void conv2d_forward(Array out, Array x, Array w, Conv2dOptions o, Array b) {
  check_conv2d(x, w, out, o, "conv2d");
  convolve(x, w, out, o, ConvKind::forward, b);
}

void conv2d_input_grad(Array dx, Array g, Array w, Conv2dOptions o, Array b) {
  check_conv2d(dx, w, g, o, "conv2d_input_grad");
  convolve(dx, w, g, o, ConvKind::input_grad, b);
}

void conv2d_weight_grad(Array dw, Array x, Array g, Conv2dOptions o) {
  check_conv2d(x, dw, g, o, "conv2d_weight_grad");
  convolve(x, dw, g, o, ConvKind::weight_grad);
}

}  // namespace gg::cpu
