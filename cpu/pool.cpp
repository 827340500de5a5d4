#include "cpu/pool.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

#include "core/parallel.h"
#include "cpu/kernels/pool.h"

namespace gg::cpu {
namespace {

constexpr int64_t kGrain = 16 * 1024;  // elements in a chunk
constexpr int64_t kChannels = 64;      // channels walked together in channels-last images

// All loops here go over "lines": a row of one plane (NCHW), or some channels of one pixel (channels-last), whichever
// is closer together in memory. A unit is what one task owns: a plane, or some channels of an image.
bool channels_last(const Array& x) { return x.shape[1] > 1 && x.strides[1] < x.strides[3]; }

template <class Fn>
void for_units(const Array& small, const Array& large, bool last, Fn&& fn) {
  int64_t width = last ? kChannels : 1, channels = small.shape[1];
  int64_t blocks = (channels + width - 1) / width;
  int64_t work = std::max(small.shape[2] * small.shape[3], large.shape[2] * large.shape[3]) * std::min(width, channels);
  parallel_for(small.shape[0] * blocks, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t u = begin; u < end; ++u) {
                   int64_t first = u % blocks * width;
                   fn(u / blocks, first, std::min(width, channels - first));
                 }
               });
}

// One tap of a window for a whole line: lanes [begin, end) of the line see the image at `image` + lane distance, where
// the plane position is `place` + i · place_step.
struct Tap {
  int64_t begin, end;
  int64_t image, image_step;
  int64_t place, place_step;
};

// Calls line(offset in `pooled`, its step, lanes, taps), with taps(fn) calling fn(Tap) for the taps inside the image.
template <class Line>
void for_windows(const Array& pooled, const Array& image, const Pool2dOptions& o, Line&& line) {
  bool last = channels_last(image);
  int64_t height = image.shape[2], width = image.shape[3];
  std::vector<Tap> columns;  // for each column of the window, the lanes of an output row that see it inside the image
  for (int64_t j = 0; j < o.kernel[1]; ++j) {
    int64_t shift = j * o.dilation[1] - o.padding[1];  // column = lane · stride + shift
    int64_t begin = shift >= 0 ? 0 : (-shift + o.stride[1] - 1) / o.stride[1];
    int64_t end = width - shift <= 0 ? 0 : (width - shift + o.stride[1] - 1) / o.stride[1];
    int64_t w = begin * o.stride[1] + shift;
    columns.push_back(
        {begin, std::min(end, pooled.shape[3]), w * image.strides[3], o.stride[1] * image.strides[3], w, o.stride[1]});
  }
  for_units(pooled, image, last, [&](int64_t n, int64_t c, int64_t channels) {
    int64_t base = n * image.strides[0] + c * image.strides[1];
    for (int64_t oh = 0; oh < pooled.shape[2]; ++oh) {
      int64_t to = n * pooled.strides[0] + c * pooled.strides[1] + oh * pooled.strides[2];
      auto rows = [&](auto&& fn) {
        for (int64_t i = 0; i < o.kernel[0]; ++i) {
          int64_t h = oh * o.stride[0] - o.padding[0] + i * o.dilation[0];
          if (h >= 0 && h < height) fn(h);
        }
      };
      if (last) {
        for (int64_t ow = 0; ow < pooled.shape[3]; ++ow) {
          line(to + ow * pooled.strides[3], pooled.strides[1], channels, [&](auto&& tap) {
            rows([&](int64_t h) {
              for (int64_t j = 0; j < o.kernel[1]; ++j) {
                int64_t w = ow * o.stride[1] - o.padding[1] + j * o.dilation[1];
                if (w < 0 || w >= width) continue;
                tap(Tap{0, channels, base + h * image.strides[2] + w * image.strides[3], image.strides[1],
                        h * width + w, 0});
              }
            });
          });
        }
      } else {
        line(to, pooled.strides[3], pooled.shape[3], [&](auto&& tap) {
          rows([&](int64_t h) {
            for (Tap t : columns) {
              if (t.begin >= t.end) continue;
              t.image += base + h * image.strides[2];
              t.place += h * width;
              tap(t);
            }
          });
        });
      }
    }
  });
}

// values = x at the places in its planes
template <class T>
void read_places(const Array& values, const Array& index, const Array& x) {
  const int64_t width = x.shape[3], places = index.shape[2] * index.shape[3];
  const bool flat = x.strides[2] == width * x.strides[3];
  parallel_for(x.shape[0] * x.shape[1], std::max<int64_t>(1, kGrain / places), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t n = plane / x.shape[1], c = plane % x.shape[1];
      const T* from = x.as<const T>() + n * x.strides[0] + c * x.strides[1];
      const int64_t first = n * index.strides[0] + c * index.strides[1];
      for (int64_t h = 0; h < index.shape[2]; ++h) {
        const int64_t row = first + h * index.strides[2];
        const int64_t* at = index.as<const int64_t>() + row;
        T* to = values.as<T>() + row;
        const int64_t step = index.strides[3];
        for (int64_t w = 0; w < index.shape[3]; ++w) {
          const int64_t place = at[w * step];
          to[w * step] =
              flat ? from[place * x.strides[3]] : from[place / width * x.strides[2] + place % width * x.strides[3]];
        }
      }
    }
  });
}

template <class T>
void zero_unit(const Array& dx, T* data, int64_t n, int64_t c, int64_t channels) {
  for (int64_t h = 0; h < dx.shape[2]; ++h) {
    for (int64_t w = 0; w < dx.shape[3]; ++w) {
      T* to = data + n * dx.strides[0] + c * dx.strides[1] + h * dx.strides[2] + w * dx.strides[3];
      for (int64_t i = 0; i < channels; ++i) to[i * dx.strides[1]] = 0;
    }
  }
}

template <class T>
void max_index(const Array& index, const Array& x, const Pool2dOptions& o) {
  const T* from = x.as<const T>();
  const PoolOf<T>& kernels = [&]() -> const PoolOf<T>& {
    if constexpr (std::is_same_v<T, float>) {
      return pool_kernels().f32;
    } else {
      return pool_kernels().f64;
    }
  }();
  for_windows(index, x, o, [&](int64_t offset, int64_t step, int64_t lanes, auto&& taps) {
    thread_local std::vector<T> best;
    thread_local std::vector<int32_t> found;
    best.assign(lanes, -std::numeric_limits<T>::infinity());
    found.assign(lanes, -1);
    taps([&](const Tap& t) {
      kernels.max_tap(best.data() + t.begin, found.data() + t.begin, from + t.image, t.end - t.begin, t.image_step,
                      static_cast<int32_t>(t.place), static_cast<int32_t>(t.place_step));
    });
    int64_t* to = index.as<int64_t>() + offset;
    for (int64_t l = 0; l < lanes; ++l) to[l * step] = found[l];
  });
}

template <class T>
void average(const Array& out, const Array& x, const Pool2dOptions& o) {
  const T* from = x.as<const T>();
  T* to = out.as<T>();
  T scale = T(1) / static_cast<T>(o.kernel[0] * o.kernel[1]);
  for_windows(out, x, o, [&](int64_t offset, int64_t step, int64_t lanes, auto&& taps) {
    thread_local std::vector<T> sums;
    sums.assign(lanes, T{});
    T* s = sums.data();
    taps([&](const Tap& t) {
      const T* line = from + t.image;
      if (t.image_step == 1) {
        for (int64_t l = t.begin; l < t.end; ++l) s[l] += line[l - t.begin];
      } else {
        for (int64_t l = t.begin, i = 0; l < t.end; ++l, ++i) s[l] += line[i * t.image_step];
      }
    });
    for (int64_t l = 0; l < lanes; ++l) to[offset + l * step] = s[l] * scale;
  });
}

template <class T>
void average_adjoint(const Array& dx, const Array& g, const Pool2dOptions& o) {
  T* to = dx.as<T>();
  const T* from = g.as<const T>();
  T scale = T(1) / static_cast<T>(o.kernel[0] * o.kernel[1]);
  for_units(g, dx, channels_last(dx), [&](int64_t n, int64_t c, int64_t m) { zero_unit(dx, to, n, c, m); });
  for_windows(g, dx, o, [&](int64_t offset, int64_t step, int64_t, auto&& taps) {
    taps([&](const Tap& t) {
      for (int64_t l = t.begin, i = 0; l < t.end; ++l, ++i) {
        to[t.image + i * t.image_step] += from[offset + l * step] * scale;
      }
    });
  });
}

// Calls line(offset in `fine`, its step, offset in `coarse`, its step, lanes, columns) for the lines of the fine image;
// in NCHW images, lane l sees column columns[l] of the coarse one; in channels-last ones `columns` is null.
template <class Unit, class Line>
void for_nearest(const Array& fine, const Array& coarse, Unit&& unit, Line&& line) {
  bool last = channels_last(fine) && channels_last(coarse);
  int64_t height = fine.shape[2], width = fine.shape[3];
  std::vector<int64_t> columns(width);
  for (int64_t w = 0; w < width; ++w) columns[w] = w * coarse.shape[3] / width;
  for_units(coarse, fine, last, [&](int64_t n, int64_t c, int64_t channels) {
    unit(n, c, channels);
    for (int64_t h = 0; h < height; ++h) {
      int64_t a = n * fine.strides[0] + c * fine.strides[1] + h * fine.strides[2];
      int64_t b = n * coarse.strides[0] + c * coarse.strides[1] + h * coarse.shape[2] / height * coarse.strides[2];
      if (!last) {
        line(a, fine.strides[3], b, coarse.strides[3], width, columns.data());
        continue;
      }
      for (int64_t w = 0; w < width; ++w) {
        line(a + w * fine.strides[3], fine.strides[1], b + columns[w] * coarse.strides[3], coarse.strides[1], channels,
             nullptr);
      }
    }
  });
}

void check_images(const Array& a, const Array& b, const char* op) {
  GG_CHECK(a.rank() == 4 && b.rank() == 4 && a.shape[0] == b.shape[0] && a.shape[1] == b.shape[1], op,
           ": expected two arrays [N,C,H,W] of equal N and C, got ", a.shape, " and ", b.shape);
}

void check_pool(const Array& pooled, const Array& image, const Pool2dOptions& o, const char* op) {
  check_images(pooled, image, op);
  for (int i = 0; i < 2; ++i) {
    GG_CHECK(o.kernel[i] >= 1 && o.stride[i] >= 1 && o.dilation[i] >= 1 && o.padding[i] >= 0 &&
                 2 * o.padding[i] <= o.kernel[i],
             op, ": kernel, stride and dilation must be at least 1, padding from 0 to half the kernel");
    int64_t places = window_places(image.shape[2 + i], o, i);
    GG_CHECK(places >= 1 && pooled.shape[2 + i] == places, op, ": ", pooled.shape, " is not what pooling makes of ",
             image.shape);
  }
}

}  // namespace

void max_pool2d(Array values, Array index, Array x, Pool2dOptions o) {
  check_pool(index, x, o, "max_pool2d");
  GG_CHECK(values.shape == index.shape && values.strides == index.strides && values.dtype == x.dtype,
           "max_pool2d: values ", values.dtype, " ", values.shape, " do not lie as positions ", index.shape, " of ",
           x.dtype);
  GG_CHECK(index.dtype == i64, "max_pool2d: positions are int64, got ", index.dtype);
  GG_CHECK(x.shape[2] * x.shape[3] <= std::numeric_limits<int32_t>::max(), "max_pool2d: planes of ", x.shape,
           " are too large");
  if (index.numel() == 0) return;
  visit_floating(x.dtype, "max_pool2d", [&]<class T>() {
    max_index<T>(index, x, o);
    read_places<T>(values, index, x);
  });
}

void avg_pool2d(Array out, Array x, Pool2dOptions o) {
  check_pool(out, x, o, "avg_pool2d");
  if (out.numel() == 0) return;
  visit_floating(x.dtype, "avg_pool2d", [&]<class T>() { average<T>(out, x, o); });
}

void avg_pool2d_adjoint(Array dx, Array g, Pool2dOptions o) {
  check_pool(g, dx, o, "avg_pool2d_adjoint");
  if (dx.numel() == 0) return;
  visit_floating(dx.dtype, "avg_pool2d_adjoint", [&]<class T>() { average_adjoint<T>(dx, g, o); });
}

void interpolate_nearest(Array out, Array x) {
  check_images(out, x, "interpolate_nearest");
  if (out.numel() == 0) return;
  GG_CHECK(x.numel() > 0, "interpolate_nearest: cannot resize ", x.shape, " to ", out.shape);
  visit_floating(x.dtype, "interpolate_nearest", [&]<class T>() {
    T* to = out.as<T>();
    const T* from = x.as<const T>();
    for_nearest(
        out, x, [](int64_t, int64_t, int64_t) {},
        [=](int64_t a, int64_t a_step, int64_t b, int64_t b_step, int64_t lanes, const int64_t* columns) {
          for (int64_t l = 0; l < lanes; ++l) to[a + l * a_step] = from[b + (columns ? columns[l] : l) * b_step];
        });
  });
}

void interpolate_nearest_adjoint(Array dx, Array g) {
  check_images(dx, g, "interpolate_nearest_adjoint");
  if (dx.numel() == 0) return;
  visit_floating(dx.dtype, "interpolate_nearest_adjoint", [&]<class T>() {
    T* to = dx.as<T>();
    const T* from = g.as<const T>();
    for_nearest(
        g, dx, [&](int64_t n, int64_t c, int64_t channels) { zero_unit(dx, to, n, c, channels); },
        [=](int64_t a, int64_t a_step, int64_t b, int64_t b_step, int64_t lanes, const int64_t* columns) {
          for (int64_t l = 0; l < lanes; ++l) to[b + (columns ? columns[l] : l) * b_step] += from[a + l * a_step];
        });
  });
}

}  // namespace gg::cpu
