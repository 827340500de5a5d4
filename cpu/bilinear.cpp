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

// The middle of a line, where all repeats: `period` results on, the same weights meet elements `step` further on.
struct Regular {
  int64_t begin = 0, end = 0, period = 1, step = 0, count = 0;
};

template <class T>
Regular regular_part(const Taps<T>& taps) {
  const auto results = static_cast<int64_t>(taps.first.size());
  auto at = [](int64_t i) { return static_cast<size_t>(i); };
  for (int64_t period : {1, 2}) {
    Regular r{2, 2 + period, period, 0, 0};
    if (results < 16) break;
    r.step = taps.first[at(2 + period)] - taps.first[2];
    r.count = taps.count[2];
    auto fits = [&](int64_t i) {  // i continues what is `period` before it
      const size_t here = at(i), before = at(i - period);
      return taps.count[here] == r.count && taps.count[before] == r.count &&
             taps.first[here] == taps.first[before] + r.step &&
             std::equal(taps.weight.begin() + static_cast<int64_t>(taps.from[here]),
                        taps.weight.begin() + static_cast<int64_t>(taps.from[here]) + r.count,
                        taps.weight.begin() + static_cast<int64_t>(taps.from[before]));
    };
    while (r.end < results && fits(r.end)) ++r.end;
    r.end -= (r.end - r.begin) % period;
    if (r.end - r.begin >= results / 2) return r;
  }
  return {};
}

// result[period·k + p] = Σ v[first[p] + step·k + c] · w[p][c]: constants, so that the loop becomes vector code.
template <int kPeriod, int kCount, int kStep, class T>
void stretch(T* __restrict result, const T* __restrict v, int64_t repeats, const int64_t* first, const T* w) {
  T weight[kPeriod][kCount];
  const T* from[kPeriod];
  for (int p = 0; p < kPeriod; ++p) {
    from[p] = v + first[p];
    for (int c = 0; c < kCount; ++c) weight[p][c] = w[p * kCount + c];
  }
  for (int64_t k = 0; k < repeats; ++k) {
    for (int p = 0; p < kPeriod; ++p) {
      T sum = from[p][k * kStep] * weight[p][0];
      for (int c = 1; c < kCount; ++c) sum += from[p][k * kStep + c] * weight[p][c];
      result[kPeriod * k + p] = sum;
    }
  }
}

// Doubling, halving, and the adjoint of doubling go through the above.
template <class T>
bool stretch_regular(T* result, const T* v, const Taps<T>& taps, const Regular& r) {
  const int64_t repeats = (r.end - r.begin) / r.period;
  const auto begin = static_cast<size_t>(r.begin);
  const int64_t* first = &taps.first[begin];
  const T* w = taps.weight.data() + taps.from[begin];
  if (r.period == 2 && r.count == 2 && r.step == 1) return stretch<2, 2, 1>(result, v, repeats, first, w), true;
  if (r.period == 1 && r.count == 2 && r.step == 2) return stretch<1, 2, 2>(result, v, repeats, first, w), true;
  if (r.period == 1 && r.count == 4 && r.step == 2) return stretch<1, 4, 2>(result, v, repeats, first, w), true;
  return false;
}

// One line of the result from the source lines that it reads, which lie one behind the other.
template <class T>
void blend(T* __restrict to, const T* __restrict lines, int64_t count, const T* weight, int64_t size) {
  if (count == 2) {
    const T a = weight[0], b = weight[1], *second = lines + size;
    for (int64_t i = 0; i < size; ++i) to[i] = lines[i] * a + second[i] * b;
  } else if (count == 4) {
    const T a = weight[0], b = weight[1], c = weight[2], d = weight[3];
    const T *second = lines + size, *third = second + size, *fourth = third + size;
    for (int64_t i = 0; i < size; ++i) to[i] = lines[i] * a + second[i] * b + third[i] * c + fourth[i] * d;
  } else {
    std::fill_n(to, size, T(0));
    for (int64_t k = 0; k < count; ++k, lines += size) {
      const T a = weight[k];
      for (int64_t i = 0; i < size; ++i) to[i] += lines[i] * a;
    }
  }
}

// Results begin … end - 1 of a line of pixels of `inner` elements.
template <class T>
void read_pixels(T* line, const T* v, const Taps<T>& taps, int64_t begin, int64_t end, int64_t inner) {
  for (int64_t i = begin; i < end; ++i) {
    const auto at = static_cast<size_t>(i);
    const T* from = v + taps.first[at] * inner;
    const T* const w = taps.weight.data() + taps.from[at];
    const int64_t count = taps.count[at];
    if (inner == 1) {
      T sum = 0;
      for (int64_t k = 0; k < count; ++k) sum += from[k] * w[k];
      line[i] = sum;
      continue;
    }
    T* const pixel = line + i * inner;
    std::fill_n(pixel, inner, T(0));
    for (int64_t k = 0; k < count; ++k, from += inner) {
      const T a = w[k];
      for (int64_t c = 0; c < inner; ++c) pixel[c] += from[c] * a;
    }
  }
}

template <class T>
void resample(T* out, const T* x, const Planes& to, const Planes& from, const Taps<T>& rows, const Taps<T>& columns) {
  const int64_t size = from.width * from.inner, inner = from.inner, width = to.width;
  const Regular regular = inner == 1 ? regular_part(columns) : Regular();
  const int64_t work = std::max(width, from.width) * inner;
  auto run = [&](int64_t begin, int64_t end) {
    Scratch scratch(sizeof(T) * static_cast<size_t>(size));
    T* const blended = scratch.as<T>();
    for (int64_t row = begin; row < end; ++row) {
      const auto h = static_cast<size_t>(row % to.height);
      const T* source = x + (row / to.height * from.height + rows.first[h]) * size;
      blend(blended, source, rows.count[h], rows.weight.data() + rows.from[h], size);
      T* const line = out + row * width * inner;
      if (regular.end > 0 && stretch_regular(line + regular.begin, blended, columns, regular)) {
        read_pixels(line, blended, columns, 0, regular.begin, inner);
        read_pixels(line, blended, columns, regular.end, width, inner);
      } else {
        read_pixels(line, blended, columns, 0, width, inner);
      }
    }
  };
  parallel_for(to.outer * to.height, std::max<int64_t>(1, kGrain / std::max<int64_t>(work, 1)), run);
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
