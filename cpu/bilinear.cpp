#include "cpu/bilinear.h"

#include <algorithm>
#include <vector>

#include "core/conv2d_arrays.h"
#include "core/parallel.h"
#include "cpu/copy.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

constexpr int64_t kGrain = 16 * 1024;  // elements in a chunk

// A linear map along one axis: each element of the result is a weighted sum of neighbouring elements of the source.
// Interpolation and its adjoint are both of this kind.
template <class T>
struct Taps {
  std::vector<int64_t> first, count;
  std::vector<T> weight;     // of all elements one after the other
  std::vector<size_t> from;  // where an element's weights begin
};

template <class T>
Taps<T> reading(const LinearAxis& axis, int64_t source, int64_t result) {
  Taps<T> taps;
  for (int64_t i = 0; i < result; ++i) {
    const int64_t n = axis.numerator(i), low = n / axis.denominator;
    const T t = static_cast<T>(n - low * axis.denominator) / static_cast<T>(axis.denominator);
    taps.first.push_back(low);
    taps.from.push_back(taps.weight.size());
    taps.count.push_back(low + 1 < source ? 2 : 1);
    taps.weight.push_back(low + 1 < source ? 1 - t : 1);
    if (low + 1 < source) taps.weight.push_back(t);
  }
  return taps;
}

// The transpose: `size` elements are the source of `of`. What reads one element are neighbours.
template <class T>
Taps<T> adjoint(const Taps<T>& of, int64_t size) {
  Taps<T> taps;
  const auto results = static_cast<int64_t>(of.first.size());
  int64_t begin = 0;  // the first result that may read element a
  for (int64_t a = 0; a < size; ++a) {
    auto at = [](int64_t i) { return static_cast<size_t>(i); };
    while (begin < results && of.first[at(begin)] + of.count[at(begin)] <= a) ++begin;
    taps.first.push_back(begin);
    taps.from.push_back(taps.weight.size());
    int64_t end = begin;
    for (; end < results && of.first[at(end)] <= a; ++end) {
      taps.weight.push_back(of.weight[of.from[at(end)] + at(a - of.first[at(end)])]);
    }
    taps.count.push_back(end - begin);
  }
  return taps;
}

// An image as [outer, height, width, inner], packed.
struct Planes {
  int64_t outer, height, width, inner;
};
Planes planes_of(const Array& a, bool last) {
  return {last ? a.shape[0] : a.shape[0] * a.shape[1], a.shape[2], a.shape[3], last ? a.shape[1] : 1};
}

template <class T>
void resample(T* out, const T* x, const Planes& to, const Planes& from, const Taps<T>& rows, const Taps<T>& columns) {
  const int64_t line = from.width * from.inner, inner = from.inner;
  int64_t pairs = 0;  // so many results in front have two taps: all but a few at the end, where one interpolates
  while (inner == 1 && pairs < to.width && columns.count[static_cast<size_t>(pairs)] == 2) ++pairs;
  const int64_t work = std::max(to.width, from.width) * inner;
  parallel_for(to.outer * to.height, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)),
               [&](int64_t begin, int64_t end) {
                 Scratch scratch(sizeof(T) * static_cast<size_t>(line));
                 T* const blended = scratch.as<T>();
                 for (int64_t row = begin; row < end; ++row) {
                   const auto h = static_cast<size_t>(row % to.height);
                   const T* source = x + (row / to.height * from.height + rows.first[h]) * line;
                   const T* weight = rows.weight.data() + rows.from[h];
                   // Along the height, whole lines at a time.
                   const int64_t lines = rows.count[h];
                   if (lines == 2) {
                     const T a = weight[0], b = weight[1];
                     const T* const next = source + line;
                     for (int64_t i = 0; i < line; ++i) blended[i] = source[i] * a + next[i] * b;
                   } else {
                     std::fill_n(blended, line, T(0));
                     for (int64_t k = 0; k < lines; ++k, source += line) {
                       const T a = weight[k];
                       for (int64_t i = 0; i < line; ++i) blended[i] += source[i] * a;
                     }
                   }
                   // Along the width.
                   T* const result = out + row * to.width * inner;
                   const T* const two = columns.weight.data();
                   for (int64_t i = 0; i < pairs; ++i) {
                     const T* const v = blended + columns.first[static_cast<size_t>(i)];
                     result[i] = v[0] * two[2 * i] + v[1] * two[2 * i + 1];
                   }
                   for (int64_t i = pairs; i < to.width; ++i) {
                     const auto at = static_cast<size_t>(i);
                     const T* v = blended + columns.first[at] * inner;
                     const T* const w = columns.weight.data() + columns.from[at];
                     const int64_t count = columns.count[at];
                     if (inner == 1) {
                       T sum = 0;
                       for (int64_t k = 0; k < count; ++k) sum += v[k] * w[k];
                       result[i] = sum;
                       continue;
                     }
                     T* const pixel = result + i * inner;
                     std::fill_n(pixel, inner, T(0));
                     for (int64_t k = 0; k < count; ++k, v += inner) {
                       const T a = w[k];
                       for (int64_t c = 0; c < inner; ++c) pixel[c] += v[c] * a;
                     }
                   }
                 }
               });
}

void check(const Array& fine, const Array& coarse, const char* op) {
  GG_CHECK(fine.rank() == 4 && coarse.rank() == 4 && fine.shape[0] == coarse.shape[0] &&
               fine.shape[1] == coarse.shape[1] && fine.dtype == coarse.dtype,
           op, ": expected two arrays [N,C,H,W] of equal N, C and type, got ", fine.shape, " and ", coarse.shape);
}

// Makes both arrays lie in one of the two orders, with copies where they do not, and runs
// make(Taps of the height, Taps of the width).
template <class MakeTaps>
void run(Array out, Array x, const char* op, const MakeTaps& make) {
  check(out, x, op);
  if (out.numel() == 0) return;
  GG_CHECK(x.numel() > 0, op, ": cannot resize ", x.shape, " to ", out.shape);
  const bool last = is_channels_last(x) && !is_nchw(x);
  auto lies = [&](const Array& a) { return last ? is_channels_last(a) : is_nchw(a); };
  auto bytes = [&](const Array& a) { return lies(a) ? 0 : size_of(a.dtype) * static_cast<size_t>(a.numel()); };
  Scratch x_buffer(bytes(x)), out_buffer(bytes(out));
  Array from = x, to = out;
  if (!lies(x)) {
    from = {x_buffer.as<void>(), x.dtype, x.shape, image_layout(x.shape, last).strides};
    copy(from, x);
  }
  if (!lies(out)) to = {out_buffer.as<void>(), out.dtype, out.shape, image_layout(out.shape, last).strides};
  visit_floating(x.dtype, op, [&]<class T>() {
    resample<T>(to.as<T>(), from.as<const T>(), planes_of(to, last), planes_of(from, last),
                make(T{}, 2, out.shape[2], x.shape[2]), make(T{}, 3, out.shape[3], x.shape[3]));
  });
  if (!lies(out)) copy(out, to);
}

}  // namespace

void interpolate_bilinear(Array out, Array x, LinearAxes axes) {
  run(out, x, "interpolate_bilinear", [&]<class T>(T, int axis, int64_t to, int64_t from) {
    return reading<T>(axis == 2 ? axes.height : axes.width, from, to);
  });
}

void interpolate_bilinear_adjoint(Array dx, Array g, LinearAxes axes) {
  if (dx.numel() > 0 && g.numel() == 0) return fill(dx, 0);
  run(dx, g, "interpolate_bilinear_adjoint", [&]<class T>(T, int axis, int64_t to, int64_t from) {
    return adjoint<T>(reading<T>(axis == 2 ? axes.height : axes.width, to, from), to);
  });
}

}  // namespace gg::cpu
