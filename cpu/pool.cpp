#include "cpu/pool.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"

namespace gg::cpu {
namespace {

// One H x W plane of an image.
template <class T>
struct Plane {
  T* data;
  int64_t h, w, sh, sw;
  T& at(int64_t i, int64_t j) const { return data[i * sh + j * sw]; }
};

template <class T>
Plane<T> plane(const Array& a, int64_t n) {
  int64_t c = n % a.shape[1], b = n / a.shape[1];
  return {a.as<T>() + b * a.strides[0] + c * a.strides[1], a.shape[2], a.shape[3], a.strides[2], a.strides[3]};
}

// fn(plane number) for all N·C planes.
template <class Fn>
void over_planes(const Array& out, const Array& x, const Fn& fn) {
  int64_t work = std::max<int64_t>(1, std::max(out.shape[2] * out.shape[3], x.shape[2] * x.shape[3]));
  parallel_for(out.shape[0] * out.shape[1], std::max<int64_t>(1, 16 * 1024 / work), [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) fn(n);
  });
}

// The part of a window that lies inside [0, size): positions first, first + step, … below end.
struct Window {
  int64_t first, end, step;
  Window(int64_t i, int64_t size, const Pool2dParams& p, int axis) : step(p.dilation[axis]) {
    int64_t start = i * p.stride[axis] - p.padding[axis];
    end = std::min(start + (p.kernel[axis] - 1) * step + 1, size);
    first = start < 0 ? start + (-start + step - 1) / step * step : start;
  }
};

}  // namespace

void max_pool2d_index(Array index, Array x, Pool2dParams p) {
  visit_floating(x.dtype, "max_pool2d", [&]<class T>() {
    over_planes(index, x, [&](int64_t n) {
      Plane<T> from = plane<T>(x, n);
      Plane<int64_t> to = plane<int64_t>(index, n);
      for (int64_t i = 0; i < to.h; ++i) {
        Window rows(i, from.h, p, 0);
        for (int64_t j = 0; j < to.w; ++j) {
          Window cols(j, from.w, p, 1);
          int64_t best = rows.first * from.w + cols.first;
          T largest = from.at(rows.first, cols.first);
          for (int64_t r = rows.first; r < rows.end; r += rows.step) {
            for (int64_t c = cols.first; c < cols.end; c += cols.step) {
              T v = from.at(r, c);
              if (v > largest || (std::isnan(v) && !std::isnan(largest))) {
                largest = v;
                best = r * from.w + c;
              }
            }
          }
          to.at(i, j) = best;
        }
      }
    });
  });
}

void avg_pool2d(Array out, Array x, Pool2dParams p) {
  visit_floating(x.dtype, "avg_pool2d", [&]<class T>() {
    T scale = T(1) / static_cast<T>(p.kernel[0] * p.kernel[1]);
    over_planes(out, x, [&](int64_t n) {
      Plane<T> from = plane<T>(x, n), to = plane<T>(out, n);
      for (int64_t i = 0; i < to.h; ++i) {
        Window rows(i, from.h, p, 0);
        for (int64_t j = 0; j < to.w; ++j) {
          Window cols(j, from.w, p, 1);
          T sum = 0;
          for (int64_t r = rows.first; r < rows.end; ++r) {
            for (int64_t c = cols.first; c < cols.end; ++c) sum += from.at(r, c);
          }
          to.at(i, j) = sum * scale;
        }
      }
    });
  });
}

void avg_pool2d_adjoint(Array out, Array g, Pool2dParams p) {
  visit_floating(g.dtype, "avg_pool2d_adjoint", [&]<class T>() {
    T scale = T(1) / static_cast<T>(p.kernel[0] * p.kernel[1]);
    over_planes(out, g, [&](int64_t n) {
      Plane<T> from = plane<T>(g, n), to = plane<T>(out, n);
      for (int64_t r = 0; r < to.h; ++r) {
        for (int64_t c = 0; c < to.w; ++c) to.at(r, c) = 0;
      }
      for (int64_t i = 0; i < from.h; ++i) {
        Window rows(i, to.h, p, 0);
        for (int64_t j = 0; j < from.w; ++j) {
          Window cols(j, to.w, p, 1);
          T share = from.at(i, j) * scale;
          for (int64_t r = rows.first; r < rows.end; ++r) {
            for (int64_t c = cols.first; c < cols.end; ++c) to.at(r, c) += share;
          }
        }
      }
    });
  });
}

void interpolate_nearest(Array out, Array x) {
  visit_floating(x.dtype, "interpolate_nearest", [&]<class T>() {
    over_planes(out, x, [&](int64_t n) {
      Plane<T> from = plane<T>(x, n), to = plane<T>(out, n);
      for (int64_t i = 0; i < to.h; ++i) {
        for (int64_t j = 0; j < to.w; ++j) to.at(i, j) = from.at(i * from.h / to.h, j * from.w / to.w);
      }
    });
  });
}

void interpolate_nearest_adjoint(Array out, Array g) {
  visit_floating(g.dtype, "interpolate_nearest_adjoint", [&]<class T>() {
    over_planes(out, g, [&](int64_t n) {
      Plane<T> from = plane<T>(g, n), to = plane<T>(out, n);
      for (int64_t r = 0; r < to.h; ++r) {
        for (int64_t c = 0; c < to.w; ++c) to.at(r, c) = 0;
      }
      for (int64_t i = 0; i < from.h; ++i) {
        for (int64_t j = 0; j < from.w; ++j) to.at(i * to.h / from.h, j * to.w / from.w) += from.at(i, j);
      }
    });
  });
}

}  // namespace gg::cpu
