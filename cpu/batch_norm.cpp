#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "core/parallel.h"
#include "cpu/copy.h"
#include "cpu/kernels/norm.h"
#include "cpu/kernels/reduce.h"
#include "cpu/norm.h"
#include "cpu/scratch.h"
#include "cpu/strided.h"

namespace gg::cpu {
namespace {

constexpr int64_t kGrain = 32 * 1024;  // elements in a chunk

template <class T>
const NormOf<T>& kernels() {
  if constexpr (std::is_same_v<T, float>) {
    return norm_kernels().f32;
  } else {
    return norm_kernels().f64;
  }
}
template <class T>
const ReduceOf<T>& sums() {
  if constexpr (std::is_same_v<T, float>) {
    return reduce_kernels().f32;
  } else {
    return reduce_kernels().f64;
  }
}

// An array [N, C, ...] as one of two forms:
//   planes: for each n and c a contiguous run of `inner` elements
//   pixels: `count` runs of C contiguous elements, `step` apart
struct View {
  bool planes = false, pixels = false;
  int64_t n_stride = 0, c_stride = 0;
  int64_t step = 0;
};

View view_of(const Array& x) {
  View v;
  Walk<1> inner, all;
  for (int i = 0; i < x.rank(); ++i) {
    if (i >= 2) inner.push(x.shape[i], {x.strides[i]});
    if (i != 1) all.push(x.shape[i], {x.strides[i]});
  }
  // Both arrays of a call must be walked in the same order, so axes are merged as they come, not sorted.
  auto merged = [](const Walk<1>& w) -> std::optional<int64_t> {  // the stride of all axes as one, 0 for no elements
    int64_t stride = 0, expected = 0;
    bool first = true;
    for (int i = w.rank - 1; i >= 0; --i) {
      if (w.size[i] == 1) continue;
      if (first) {
        stride = w.stride[0][i];
        first = false;
      } else if (w.stride[0][i] != expected) {
        return std::nullopt;
      }
      expected = w.stride[0][i] * w.size[i];
    }
    return stride;
  };
  auto run = merged(inner), row = merged(all);
  v.n_stride = x.strides[0];
  v.c_stride = x.strides[1];
  v.planes = run && *run == 1;
  v.pixels = row && (x.strides[1] == 1 || x.shape[1] == 1);
  if (row) v.step = *row;
  return v;
}

// The arrays of a call in one form that suits all of them; copies those that have neither.
class Operands {
 public:
  Operands(std::initializer_list<const Array*> read, const Array* written) : written_(written) {
    std::vector<const Array*> all(read);
    if (written) all.push_back(written);
    const Array& x = *all[0];
    channels = x.shape[1];
    batch = x.shape[0];
    inner = 1;
    for (int i = 2; i < x.rank(); ++i) inner *= x.shape[i];
    count = batch * inner;
    int pixel_votes = 0, plane_votes = 0;
    for (const Array* a : all) {
      View v = view_of(*a);
      pixel_votes += v.pixels;
      plane_votes += v.planes;
    }
    planes = plane_votes >= pixel_votes && plane_votes > 0 && inner >= 4;
    if (!planes && pixel_votes == 0) planes = inner >= 4;
    for (const Array* a : all) {
      View v = view_of(*a);
      Array use = *a;
      if (!(planes ? v.planes : v.pixels)) {
        scratch_.emplace_back(new Scratch(size_of(a->dtype) * static_cast<size_t>(a->numel())));
        use.data = scratch_.back()->as<void>();
        dense(use);
        if (a == written) {
          copied_ = use;
        } else {
          copy(use, *a);
        }
        v = view_of(use);
      }
      arrays.push_back(use);
      views.push_back(v);
    }
  }
  void finish() const {
    if (copied_) copy(*written_, *copied_);
  }

  template <class T>
  T* plane(int k, int64_t n, int64_t c) const {
    return arrays[k].as<T>() + n * views[k].n_stride + c * views[k].c_stride;
  }
  template <class T>
  T* pixel(int k, int64_t i) const {
    return arrays[k].as<T>() + i * views[k].step;
  }

  bool planes = false;
  int64_t channels = 0, batch = 0, inner = 0, count = 0;  // count: elements in a channel
  std::vector<Array> arrays;
  std::vector<View> views;

 private:
  void dense(Array& a) const {
    if (planes) {
      a.strides = Layout::contiguous(a.shape).strides;
      return;
    }
    int64_t stride = channels;
    a.strides[1] = 1;
    for (int i = a.rank() - 1; i >= 0; --i) {
      if (i == 1) continue;
      a.strides[i] = stride;
      stride *= a.shape[i];
    }
  }

  const Array* written_;
  std::optional<Array> copied_;
  std::vector<std::unique_ptr<Scratch>> scratch_;
};

// The pieces into which sums over a channel are cut, in images (planes) or pixels.
struct Pieces {
  int64_t size, count;
  explicit Pieces(const Operands& o) {
    int64_t length = o.planes ? o.batch : o.count, each = o.planes ? o.inner * o.channels : o.channels;
    int64_t most = std::clamp<int64_t>(length * each / kGrain, 1, 128);
    size = (length + most - 1) / most;
    count = (length + size - 1) / size;
  }
};

// totals[k · C + c] = Σ over channel c of K sums. `add(acc, c, n)` adds those of plane (n, c) to acc[0 … K-1] for
// planes, `add(acc, first, last)` those of the pixels to acc[k · C + c] for pixels.
template <int K, class AddPlane, class AddPixels>
std::vector<double> channel_sums(const Operands& o, AddPlane&& add_plane, AddPixels&& add_pixels) {
  Pieces pieces(o);
  int64_t width = K * o.channels;
  std::vector<double> partial(static_cast<size_t>(pieces.count * width), 0.0);
  parallel_chunks(pieces.count, [&](int64_t p) {
    double* acc = partial.data() + p * width;
    int64_t first = p * pieces.size, last = std::min(first + pieces.size, o.planes ? o.batch : o.count);
    if (!o.planes) return add_pixels(acc, first, last);
    for (int64_t n = first; n < last; ++n) {
      for (int64_t c = 0; c < o.channels; ++c) {
        double sums[K] = {};
        add_plane(sums, n, c);
        for (int k = 0; k < K; ++k) acc[k * o.channels + c] += sums[k];
      }
    }
  });
  for (int64_t p = 1; p < pieces.count; ++p) {
    for (int64_t i = 0; i < width; ++i) partial[i] += partial[p * width + i];
  }
  partial.resize(static_cast<size_t>(width));
  return partial;
}

template <class Plane, class Pixel>
void each_row(const Operands& o, Plane&& plane, Pixel&& pixel) {
  if (o.planes) {
    parallel_for(o.batch * o.channels, std::max<int64_t>(1, kGrain / o.inner), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) plane(i / o.channels, i % o.channels);
    });
  } else {
    parallel_for(o.count, std::max<int64_t>(1, kGrain / o.channels), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) pixel(i);
    });
  }
}

template <class T>
std::vector<T> vector_of(const Array& v) {
  std::vector<T> values(static_cast<size_t>(v.shape[0]));
  for (int64_t i = 0; i < v.shape[0]; ++i) values[i] = v.as<const T>()[i * v.strides[0]];
  return values;
}

template <class T>
void put(const Array& v, int64_t i, double value) {
  v.as<T>()[i * v.strides[0]] = static_cast<T>(value);
}

void check(const Array& x, std::initializer_list<const Array*> same, std::initializer_list<const Array*> vectors,
           const char* op) {
  GG_CHECK(x.rank() >= 2, op, ": expected [N, C, ...], got ", x.shape);
  for (const Array* a : same) {
    GG_CHECK(a->shape == x.shape && a->dtype == x.dtype, op, ": expected ", x.dtype, " ", x.shape, ", got ", a->dtype,
             " ", a->shape);
  }
  for (const Array* v : vectors) {
    GG_CHECK(v->shape == Shape{x.shape[1]} && v->dtype == x.dtype, op, ": expected ", x.dtype, " [", x.shape[1],
             "] for each channel, got ", v->dtype, " ", v->shape);
  }
}

// Σ g and Σ g·(x - m) for each channel, of operands x and g.
template <class T>
std::vector<double> gradient_sums(const Operands& o, const std::vector<T>& m) {
  return channel_sums<2>(
      o,
      [&](double* acc, int64_t n, int64_t c) {
        kernels<T>().gradient_row(acc, o.plane<const T>(1, n, c), o.plane<const T>(0, n, c), o.inner, m[c]);
      },
      [&](double* acc, int64_t first, int64_t last) {
        kernels<T>().gradient_rows(acc, o.pixel<const T>(1, first), o.views[1].step, o.pixel<const T>(0, first),
                                   o.views[0].step, last - first, o.channels, m.data());
      });
}

// Operand 2 = g·a + (x - m)·b + c for each channel, of operands x and g.
template <class T>
void combine(const Operands& o, const std::vector<T>& m, const std::vector<T>& a, const std::vector<T>& b,
             const std::vector<T>& c) {
  each_row(
      o,
      [&](int64_t n, int64_t k) {
        kernels<T>().combine_row(o.plane<T>(2, n, k), o.plane<const T>(1, n, k), o.plane<const T>(0, n, k), o.inner,
                                 m[k], a[k], b[k], c[k]);
      },
      [&](int64_t i) {
        kernels<T>().combine_columns(o.pixel<T>(2, i), o.pixel<const T>(1, i), o.pixel<const T>(0, i), o.channels,
                                     m.data(), a.data(), b.data(), c.data());
      });
}

}  // namespace

void channel_gradients(Array dw, Array db, Array g, Array x, Array mean) {
  check(x, {&g}, {&dw, &db, &mean}, "channel_gradients");
  if (x.numel() == 0) {
    fill(dw, 0);
    return fill(db, 0);
  }
  visit_floating(x.dtype, "channel_gradients", [&]<class T>() {
    Operands o({&x, &g}, nullptr);
    std::vector<double> total = gradient_sums<T>(o, vector_of<T>(mean));
    for (int64_t i = 0; i < o.channels; ++i) {
      put<T>(db, i, total[i]);
      put<T>(dw, i, total[o.channels + i]);
    }
  });
}

void channel_combine(Array out, Array g, Array x, Array mean, Array a, Array b, Array c) {
  check(x, {&out, &g}, {&mean, &a, &b, &c}, "channel_combine");
  if (x.numel() == 0) return;
  visit_floating(x.dtype, "channel_combine", [&]<class T>() {
    Operands o({&x, &g}, &out);
    combine<T>(o, vector_of<T>(mean), vector_of<T>(a), vector_of<T>(b), vector_of<T>(c));
    o.finish();
  });
}

void batch_norm_statistics(Array mean, Array var, Array x) {
  check(x, {}, {&mean, &var}, "batch_norm_statistics");
  if (x.numel() == 0) {
    fill(mean, 0);
    return fill(var, 0);
  }
  visit_floating(x.dtype, "batch_norm_statistics", [&]<class T>() {
    Operands o({&x}, nullptr);
    auto count = static_cast<double>(o.count);
    std::vector<double> total = channel_sums<1>(
        o, [&](double* acc, int64_t n, int64_t c) { acc[0] = sums<T>().sum(o.plane<const T>(0, n, c), o.inner); },
        [&](double* acc, int64_t first, int64_t last) {
          sums<T>().add_rows(acc, o.pixel<const T>(0, first), o.views[0].step, last - first, o.channels);
        });
    std::vector<T> m(static_cast<size_t>(o.channels));
    for (int64_t c = 0; c < o.channels; ++c) put<T>(mean, c, m[c] = static_cast<T>(total[c] / count));
    total = channel_sums<1>(
        o,
        [&](double* acc, int64_t n, int64_t c) {
          acc[0] = kernels<T>().square_row(o.plane<const T>(0, n, c), o.inner, m[c]);
        },
        [&](double* acc, int64_t first, int64_t last) {
          kernels<T>().square_rows(acc, o.pixel<const T>(0, first), o.views[0].step, last - first, o.channels,
                                   m.data());
        });
    for (int64_t c = 0; c < o.channels; ++c) put<T>(var, c, total[c] / count);
  });
}

void batch_norm_forward(Array out, Array x, Array mean, Array var, Array w, Array b, double eps) {
  check(x, {&out}, {&mean, &var, &w, &b}, "batch_norm");
  if (x.numel() == 0) return;
  visit_floating(x.dtype, "batch_norm", [&]<class T>() {
    Operands o({&x}, &out);
    std::vector<T> m = vector_of<T>(mean), scale = vector_of<T>(w), shift = vector_of<T>(b), v = vector_of<T>(var);
    for (int64_t c = 0; c < o.channels; ++c) {
      scale[c] = static_cast<T>(static_cast<double>(scale[c]) / std::sqrt(static_cast<double>(v[c]) + eps));
    }
    each_row(
        o,
        [&](int64_t n, int64_t c) {
          kernels<T>().affine_row(o.plane<T>(1, n, c), o.plane<const T>(0, n, c), o.inner, m[c], scale[c], shift[c]);
        },
        [&](int64_t i) {
          kernels<T>().affine_columns(o.pixel<T>(1, i), o.pixel<const T>(0, i), o.channels, m.data(), scale.data(),
                                      shift.data());
        });
    o.finish();
  });
}

void batch_norm_backward(Array dx, Array dw, Array db, Array g, Array x, Array mean, Array var, Array w, double eps) {
  check(x, {&dx, &g}, {&mean, &var, &w, &dw, &db}, "batch_norm_backward");
  if (x.numel() == 0) {
    fill(dw, 0);
    return fill(db, 0);
  }
  visit_floating(x.dtype, "batch_norm_backward", [&]<class T>() {
    Operands o({&x, &g}, &dx);
    std::vector<T> m = vector_of<T>(mean), v = vector_of<T>(var), scale = vector_of<T>(w);
    std::vector<double> total = gradient_sums<T>(o, m);
    // With u = (x - mean)·rstd:  dx = w·rstd · (g - mean(g) - u · mean(g·u)) = g·a + (x - mean)·b + c
    std::vector<T> a(m.size()), b(m.size()), c(m.size());
    auto count = static_cast<double>(o.count);
    for (int64_t i = 0; i < o.channels; ++i) {
      double rstd = 1 / std::sqrt(static_cast<double>(v[i]) + eps), s = static_cast<double>(scale[i]) * rstd;
      double g_sum = total[i], gu_sum = total[o.channels + i] * rstd;
      put<T>(db, i, g_sum);
      put<T>(dw, i, gu_sum);
      a[i] = static_cast<T>(s);
      b[i] = static_cast<T>(-s * rstd * gu_sum / count);
      c[i] = static_cast<T>(-s * g_sum / count);
    }
    combine<T>(o, m, a, b, c);
    o.finish();
  });
}

}  // namespace gg::cpu
