#include "cpu/reduce.h"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include "core/parallel.h"
#include "cpu/copy.h"
#include "cpu/kernels/reduce.h"
#include "cpu/reduce_plan.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

constexpr int64_t kGrain = kReduceGrain;
constexpr int64_t kShortRun = 16;  // below which a plain loop is done before a kernel has begun
constexpr int64_t kColumns = 512;  // columns whose sums are held at once

// Sums of floats are carried in double, those of integers and bools in 64-bit integers.
template <class T>
using Sum = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

double sum_run(const float* x, int64_t n) { return reduce_kernels().f32.sum(x, n); }
double sum_run(const double* x, int64_t n) { return reduce_kernels().f64.sum(x, n); }
template <class T>
uint64_t sum_run(const T* x, int64_t n) {
  uint64_t s = 0;
  for (int64_t i = 0; i < n; ++i) s += static_cast<uint64_t>(x[i]);
  return s;
}

void add_rows(double* acc, const float* x, int64_t stride, int64_t rows, int64_t cols) {
  reduce_kernels().f32.add_rows(acc, x, stride, rows, cols);
}
void add_rows(double* acc, const double* x, int64_t stride, int64_t rows, int64_t cols) {
  reduce_kernels().f64.add_rows(acc, x, stride, rows, cols);
}
template <class T>
void add_rows(uint64_t* acc, const T* x, int64_t stride, int64_t rows, int64_t cols) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < cols; ++j) acc[j] += static_cast<uint64_t>(x[i * stride + j]);
  }
}

// A run whose elements are apart: gathered in pieces, so that the same tree serves.
template <class T>
Sum<T> sum_strided(const T* x, int64_t n, int64_t step) {
  Sum<T> total = 0;
  if (n < kShortRun) {
    for (int64_t i = 0; i < n; ++i) total += static_cast<Sum<T>>(x[i * step]);
    return total;
  }
  if (step == 1) return sum_run(x, n);
  T buffer[256];
  for (int64_t begin = 0; begin < n; begin += 256) {
    int64_t count = std::min<int64_t>(256, n - begin);
    for (int64_t i = 0; i < count; ++i) buffer[i] = x[(begin + i) * step];
    total += sum_run(buffer, count);
  }
  return total;
}

template <class T, class Out>
void sum_rows(const ReducePlan& plan, Out* out, const T* x) {
  // The innermost axis of x is summed: one run for each position of the kept axes and of the other summed axes. Where
  // there are few outputs, each one's runs are cut into segments, whose sums are added in order.
  const Walk<1>& r = plan.reduced;
  int64_t run = r.size[r.rank - 1], step = r.stride[0][r.rank - 1], runs = positions(r, r.rank - 1);
  int64_t outputs = plan.kept.numel(), each = run * runs;
  auto sum_part = [&](const T* from, int64_t part, int64_t parts) {  // by runs, or inside the only run
    Sum<T> s = 0;
    if (runs >= parts) {
      int64_t begin = runs * part / parts, end = runs * (part + 1) / parts;
      for_positions(r, r.rank - 1, begin, end,
                    [&](const std::array<int64_t, 1>& at) { s += sum_strided(from + at[0], run, step); });
    } else {
      int64_t begin = run * part / parts, end = run * (part + 1) / parts;
      for_positions(r, r.rank - 1, 0, runs, [&](const std::array<int64_t, 1>& at) {
        s += sum_strided(from + at[0] + begin * step, end - begin, step);
      });
    }
    return s;
  };
  int64_t parts = outputs < 64 ? std::clamp<int64_t>(each / kGrain, 1, 256) : 1;
  if (parts == 1) {
    parallel_for(outputs, std::max<int64_t>(1, kGrain / std::max<int64_t>(each, 16)), [&](int64_t begin, int64_t end) {
      for_positions(plan.kept, plan.kept.rank, begin, end, [&](const std::array<int64_t, 2>& at) {
        const T* from = x + at[1];
        out[at[0]] = static_cast<Out>(r.rank == 1 ? sum_strided(from, run, step) : sum_part(from, 0, 1));
      });
    });
    return;
  }
  Scratch scratch(sizeof(Sum<T>) * static_cast<size_t>(outputs * parts));
  Sum<T>* partial = scratch.as<Sum<T>>();
  parallel_chunks(outputs * parts, [&](int64_t task) {
    for_positions(plan.kept, plan.kept.rank, task / parts, task / parts + 1,
                  [&](const std::array<int64_t, 2>& at) { partial[task] = sum_part(x + at[1], task % parts, parts); });
  });
  int64_t i = 0;
  for_positions(plan.kept, plan.kept.rank, 0, outputs, [&](const std::array<int64_t, 2>& at) {
    Sum<T> s = 0;
    for (int64_t p = 0; p < parts; ++p) s += partial[i * parts + p];
    out[at[0]] = static_cast<Out>(s);
    ++i;
  });
}

template <class T, class Out>
void sum_columns(const ReducePlan& plan, Out* out, const T* x) {
  // The innermost axis of x is kept, with stride 1: rows are added to each other, some columns at a time, and where
  // there are few columns, the rows are cut into segments.
  Walk<2> outer = plan.kept;
  int64_t columns = outer.size[outer.rank - 1], out_step = outer.stride[0][outer.rank - 1];
  outer.drop(outer.rank - 1);
  Walk<1> rows = plan.reduced;
  int64_t near = rows.size[rows.rank - 1], near_stride = rows.stride[0][rows.rank - 1];
  rows.drop(rows.rank - 1);
  int64_t far = rows.numel();

  int64_t blocks = (columns + kColumns - 1) / kColumns, outers = outer.numel();
  int64_t width = std::min(columns, kColumns);
  int64_t parts = 1;
  if (outers * blocks < 64) parts = std::clamp<int64_t>(near * far * width / kGrain, 1, 256);
  auto add_part = [&](Sum<T>* acc, const T* from, int64_t count, int64_t part) {
    if (far >= parts) {
      for_positions(rows, rows.rank, far * part / parts, far * (part + 1) / parts,
                    [&](const std::array<int64_t, 1>& at) { add_rows(acc, from + at[0], near_stride, near, count); });
    } else {
      int64_t begin = near * part / parts, end = near * (part + 1) / parts;
      for_positions(rows, rows.rank, 0, far, [&](const std::array<int64_t, 1>& at) {
        add_rows(acc, from + at[0] + begin * near_stride, near_stride, end - begin, count);
      });
    }
  };
  auto write = [&](Out* to, const Sum<T>* acc, int64_t count) {
    for (int64_t j = 0; j < count; ++j) to[j * out_step] = static_cast<Out>(acc[j]);
  };
  // fn(x and out at the block's first column, columns in the block)
  auto at_block = [&](int64_t index, auto&& fn) {
    int64_t first = index % blocks * kColumns;
    for_positions(outer, outer.rank, index / blocks, index / blocks + 1, [&](const std::array<int64_t, 2>& at) {
      fn(x + at[1] + first, out + at[0] + first * out_step, std::min(kColumns, columns - first));
    });
  };
  if (parts == 1) {
    int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, near * far * width));
    parallel_for(outers * blocks, grain, [&](int64_t begin, int64_t end) {
      Sum<T> acc[kColumns];
      for (int64_t index = begin; index < end; ++index) {
        at_block(index, [&](const T* from, Out* to, int64_t count) {
          std::fill_n(acc, count, Sum<T>{});
          add_part(acc, from, count, 0);
          write(to, acc, count);
        });
      }
    });
    return;
  }
  Scratch scratch(sizeof(Sum<T>) * static_cast<size_t>(outers * blocks * parts * width));
  Sum<T>* partial = scratch.as<Sum<T>>();
  parallel_chunks(outers * blocks * parts, [&](int64_t task) {
    at_block(task / parts, [&](const T* from, Out*, int64_t count) {
      Sum<T>* acc = partial + task * width;
      std::fill_n(acc, count, Sum<T>{});
      add_part(acc, from, count, task % parts);
    });
  });
  for (int64_t index = 0; index < outers * blocks; ++index) {
    at_block(index, [&](const T*, Out* to, int64_t count) {
      Sum<T>* acc = partial + index * parts * width;
      for (int64_t p = 1; p < parts; ++p) {
        const Sum<T>* more = acc + p * width;
        for (int64_t j = 0; j < count; ++j) acc[j] += more[j];
      }
      write(to, acc, count);
    });
  }
}

template <class T, class Out>
void sum_as(const Array& out, const Array& x) {
  ReducePlan plan(out, x);
  (plan.columns ? sum_columns<T, Out> : sum_rows<T, Out>)(plan, out.as<Out>(), x.as<const T>());
}

// One line of elements, at distance `step`; better(a, b) says whether a beats b. NaN beats all and ends the search.
template <class T, bool Max>
int64_t find(const T* x, int64_t n, int64_t step) {
  if constexpr (std::is_floating_point_v<T>) {
    if (step == 1) {
      const auto& kernels = reduce_kernels();
      if constexpr (std::is_same_v<T, float>) {
        return Max ? kernels.f32.argmax(x, n) : kernels.f32.argmin(x, n);
      } else {
        return Max ? kernels.f64.argmax(x, n) : kernels.f64.argmin(x, n);
      }
    }
  }
  int64_t at = 0;
  for (int64_t i = 0; i < n; ++i) {
    T v = x[i * step];
    if (v != v) return i;
    if (Max ? v > x[at * step] : v < x[at * step]) at = i;
  }
  return at;
}

template <class T, bool Max>
void extreme_as(const Array& values, const Array& indices, const Array& x, int axis) {
  int64_t n = x.shape[axis], step = x.strides[axis];
  Walk<3> w;  // x, values, indices
  for (int i = 0; i < x.rank(); ++i) {
    if (i != axis) w.push(x.shape[i], {x.strides[i], values.strides[i], indices.strides[i]});
  }
  coalesce(w);
  int64_t grain = std::max<int64_t>(1, kGrain / n);
  auto put = [&](const std::array<int64_t, 3>& at, int64_t found) {
    if (values.data) values.as<T>()[at[1]] = x.as<const T>()[at[0] + found * step];
    if (indices.data) indices.as<int64_t>()[at[2]] = found;
  };
  if (step == 1 || w.rank == 0 || w.stride[0][w.rank - 1] != 1) {
    parallel_for(w.numel(), grain, [&](int64_t begin, int64_t end) {
      for_positions(w, w.rank, begin, end,
                    [&](const std::array<int64_t, 3>& at) { put(at, find<T, Max>(x.as<const T>() + at[0], n, step)); });
    });
    return;
  }
  // Neighbouring lines lie side by side: walk down some dozens of them together.
  constexpr int64_t kLines = 64;
  int64_t lines = w.size[w.rank - 1], value_step = w.stride[1][w.rank - 1], index_step = w.stride[2][w.rank - 1];
  int64_t blocks = (lines + kLines - 1) / kLines;
  w.drop(w.rank - 1);
  parallel_for(w.numel() * blocks, std::max<int64_t>(1, grain / kLines), [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      int64_t first = task % blocks * kLines, count = std::min(kLines, lines - first);
      for_positions(w, w.rank, task / blocks, task / blocks + 1, [&](const std::array<int64_t, 3>& at) {
        const T* from = x.as<const T>() + at[0] + first;
        T best[kLines];
        int64_t found[kLines] = {};
        std::copy_n(from, count, best);
        for (int64_t i = 1; i < n; ++i) {
          const T* row = from + i * step;
          for (int64_t j = 0; j < count; ++j) {
            T v = row[j], b = best[j];
            bool take = ((Max ? v > b : v < b) | (v != v)) & (b == b);
            best[j] = take ? v : b;
            found[j] = take ? i : found[j];
          }
        }
        for (int64_t j = 0; j < count; ++j) {
          if (values.data) values.as<T>()[at[1] + (first + j) * value_step] = best[j];
          if (indices.data) indices.as<int64_t>()[at[2] + (first + j) * index_step] = found[j];
        }
      });
    }
  });
}

template <bool Max>
void extreme(const Array& values, const Array& indices, const Array& x, int axis, const char* op) {
  axis = normalize_axis(axis, x.rank(), op);
  Shape expected = x.shape;
  expected[axis] = 1;
  Array v = values, k = indices;
  GG_CHECK(!v.data || (v.shape == expected && v.dtype == x.dtype), op, ": expected values ", expected, " of ", x.dtype,
           ", got ", v.shape, " of ", v.dtype);
  GG_CHECK(!k.data || (k.shape == expected && k.dtype == i64), op, ": expected indices ", expected, " of int64, got ",
           k.shape, " of ", k.dtype);
  if (expected.numel() == 0) return;
  GG_CHECK(x.shape[axis] > 0, op, ": axis ", axis, " of ", x.shape, " is empty");
  switch (x.dtype) {
    case DType::f32:
      return extreme_as<float, Max>(v, k, x, axis);
    case DType::f64:
      return extreme_as<double, Max>(v, k, x, axis);
    case DType::i64:
      return extreme_as<int64_t, Max>(v, k, x, axis);
    default:
      fail(op, ": not defined for ", x.dtype);
  }
}

}  // namespace

void sum(Array out, Array x) {
  GG_CHECK(out.rank() == x.rank(), "sum: ranks differ: ", out.shape, " and ", x.shape);
  for (int i = 0; i < x.rank(); ++i) {
    GG_CHECK(out.shape[i] == x.shape[i] || out.shape[i] == 1, "sum: ", x.shape, " does not sum to ", out.shape);
  }
  DType expected = x.dtype == boolean ? i64 : x.dtype;
  GG_CHECK(out.dtype == expected, "sum: a sum of ", x.dtype, " is ", expected, ", got an output of ", out.dtype);
  if (out.numel() == 0) return;
  if (x.numel() == 0) return fill(out, 0);
  switch (x.dtype) {
    case DType::f32:
      return sum_as<float, float>(out, x);
    case DType::f64:
      return sum_as<double, double>(out, x);
    case DType::i64:
      return sum_as<int64_t, int64_t>(out, x);
    default:
      return sum_as<bool, int64_t>(out, x);
  }
}

void max(Array values, Array indices, Array x, int axis) { extreme<true>(values, indices, x, axis, "max"); }
void min(Array values, Array indices, Array x, int axis) { extreme<false>(values, indices, x, axis, "min"); }

}  // namespace gg::cpu
