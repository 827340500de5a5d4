#include <algorithm>
#include <array>
#include <type_traits>

#include "core/parallel.h"
#include "cpu/copy.h"
#include "cpu/kernels/reduce.h"
#include "cpu/reduce.h"
#include "cpu/reduce_plan.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

constexpr int64_t kBlock = 2048;   // elements of a run whose mean and distances are computed together: they stay in L1
constexpr int64_t kBuffer = 512;   // elements that are gathered where runs are short or strided
constexpr int64_t kColumns = 256;  // columns that are walked down together,
constexpr int64_t kRows = 32;      // and rows

template <class T>
const ReduceOf<T>& kernels() {
  if constexpr (std::is_same_v<T, float>) {
    return reduce_kernels().f32;
  } else {
    return reduce_kernels().f64;
  }
}

struct Moments {
  double count = 0, mean = 0, squares = 0;

  void merge(double more, double more_mean, double more_squares) {
    const double total = count + more, distance = more_mean - mean, share = total > 0 ? more / total : 0;
    squares += more_squares + distance * distance * count * share;
    mean += distance * share;
    count = total;
  }
};

// `sum` and `sum_of_squares` are of the distances to a number near the mean.
double squares_about_mean(double count, double sum, double sum_of_squares) {
  const double squares = sum_of_squares - sum * (sum / count);
  return squares < 0 ? 0 : squares;
}

template <class T>
void take_run(Moments& moments, const T* x, int64_t n) {
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t size = std::min(kBlock, n - begin);
    const auto count = static_cast<double>(size);
    const T origin = static_cast<T>(kernels<T>().sum(x + begin, size) / count);
    double distances[2] = {};
    kernels<T>().deviations(distances, x + begin, size, origin);
    moments.merge(count, static_cast<double>(origin) + distances[0] / count,
                  squares_about_mean(count, distances[0], distances[1]));
  }
}

// Collects elements that do not lie side by side.
template <class T>
struct Gatherer {
  Moments moments;
  int64_t held = 0;
  T buffer[kBuffer];

  void take(const T* x, int64_t n, int64_t step) {
    if (step == 1 && n >= kBuffer / 4) return take_run(moments, x, n);
    for (int64_t i = 0; i < n; ++i) {
      buffer[held++] = x[i * step];
      if (held == kBuffer) flush();
    }
  }
  void flush() {
    take_run(moments, buffer, held);
    held = 0;
  }
};

// The innermost axis of x is reduced. As for sums, few outputs are cut into parts.
template <class T>
void var_rows(const ReducePlan& plan, T* out, const T* x, double divisor) {
  const Walk<1>& r = plan.reduced;
  const int64_t run = r.size[r.rank - 1], step = r.stride[0][r.rank - 1], runs = positions(r, r.rank - 1);
  const int64_t outputs = plan.kept.numel(), each = run * runs;
  auto part_of = [&](const T* from, int64_t part, int64_t parts) {  // by runs, or inside of all runs
    Gatherer<T> all;
    const bool by_runs = runs >= parts;
    const int64_t first = by_runs ? runs * part / parts : 0, last = by_runs ? runs * (part + 1) / parts : runs;
    const int64_t begin = by_runs ? 0 : run * part / parts, end = by_runs ? run : run * (part + 1) / parts;
    for_positions(r, r.rank - 1, first, last,
                  [&](const std::array<int64_t, 1>& at) { all.take(from + at[0] + begin * step, end - begin, step); });
    all.flush();
    return all.moments;
  };
  const int64_t parts = outputs < 64 ? std::clamp<int64_t>(each / kReduceGrain, 1, 256) : 1;
  Scratch scratch(sizeof(Moments) * static_cast<size_t>(parts > 1 ? outputs * parts : 1));
  auto* partial = scratch.as<Moments>();
  if (parts > 1) {
    parallel_chunks(outputs * parts, [&](int64_t task) {
      for_positions(plan.kept, plan.kept.rank, task / parts, task / parts + 1,
                    [&](const std::array<int64_t, 2>& at) { partial[task] = part_of(x + at[1], task % parts, parts); });
    });
  }
  const int64_t grain = std::max<int64_t>(1, kReduceGrain / std::max<int64_t>(each, 16));
  parallel_for(outputs, grain, [&](int64_t begin, int64_t end) {
    int64_t i = begin;
    for_positions(plan.kept, plan.kept.rank, begin, end, [&](const std::array<int64_t, 2>& at) {
      Moments total;
      if (parts == 1) total = part_of(x + at[1], 0, 1);
      for (int64_t p = 0; parts > 1 && p < parts; ++p) {
        const Moments& m = partial[i * parts + p];
        total.merge(m.count, m.mean, m.squares);
      }
      out[at[0]] = static_cast<T>(total.squares / divisor);
      ++i;
    });
  });
}

// The moments of some neighbouring columns, over one number of rows.
struct ColumnMoments {
  double count, mean[kColumns], squares[kColumns];

  void clear() { count = 0, std::fill_n(mean, kColumns, 0.0), std::fill_n(squares, kColumns, 0.0); }
  void merge(double more, const double* more_mean, const double* more_squares, int64_t columns) {
    const double total = count + more, share = total > 0 ? more / total : 0, weight = count * share;
    for (int64_t j = 0; j < columns; ++j) {
      const double distance = more_mean[j] - mean[j];
      squares[j] += more_squares[j] + distance * distance * weight;
      mean[j] += distance * share;
    }
    count = total;
  }
  template <class T>
  void take(const T* x, int64_t stride, int64_t rows, int64_t columns) {
    for (int64_t first = 0; first < rows; first += kRows) {
      const int64_t some = std::min(kRows, rows - first);
      const auto n = static_cast<double>(some);
      const T* from = x + first * stride;
      double means[kColumns] = {}, distances[2 * kColumns] = {};
      T origin[kColumns];
      kernels<T>().add_rows(means, from, stride, some, columns);
      for (int64_t j = 0; j < columns; ++j) origin[j] = static_cast<T>(means[j] / n);
      kernels<T>().deviation_rows(distances, from, stride, some, columns, origin);
      for (int64_t j = 0; j < columns; ++j) {
        means[j] = static_cast<double>(origin[j]) + distances[j] / n;
        distances[j] = squares_about_mean(n, distances[j], distances[columns + j]);
      }
      merge(n, means, distances, columns);
    }
  }
};

// The innermost axis of x is kept, with stride 1.
template <class T>
void var_columns(const ReducePlan& plan, T* out, const T* x, double divisor) {
  Walk<2> outer = plan.kept;
  const int64_t columns = outer.size[outer.rank - 1], out_step = outer.stride[0][outer.rank - 1];
  outer.drop(outer.rank - 1);
  Walk<1> rows = plan.reduced;
  const int64_t near = rows.size[rows.rank - 1], near_stride = rows.stride[0][rows.rank - 1];
  rows.drop(rows.rank - 1);
  const int64_t far = rows.numel(), blocks = (columns + kColumns - 1) / kColumns, tiles = outer.numel() * blocks;
  const int64_t each = near * far * std::min(columns, kColumns);
  const int64_t parts = tiles < 64 ? std::clamp<int64_t>(each / kReduceGrain, 1, 256) : 1;
  // fn(x and out at the tile's first column, columns in the tile)
  auto at_tile = [&](int64_t tile, auto&& fn) {
    const int64_t first = tile % blocks * kColumns;
    for_positions(outer, outer.rank, tile / blocks, tile / blocks + 1, [&](const std::array<int64_t, 2>& at) {
      fn(x + at[1] + first, out + at[0] + first * out_step, std::min(kColumns, columns - first));
    });
  };
  auto take_part = [&](ColumnMoments& to, const T* from, int64_t count, int64_t part) {
    to.clear();
    const bool by_far = far >= parts;
    const int64_t first = by_far ? far * part / parts : 0, last = by_far ? far * (part + 1) / parts : far;
    const int64_t begin = by_far ? 0 : near * part / parts, end = by_far ? near : near * (part + 1) / parts;
    for_positions(rows, rows.rank, first, last, [&](const std::array<int64_t, 1>& at) {
      to.take(from + at[0] + begin * near_stride, near_stride, end - begin, count);
    });
  };
  auto write = [&](T* to, const ColumnMoments& moments, int64_t count) {
    for (int64_t j = 0; j < count; ++j) to[j * out_step] = static_cast<T>(moments.squares[j] / divisor);
  };
  if (parts == 1) {
    parallel_for(tiles, std::max<int64_t>(1, kReduceGrain / each), [&](int64_t begin, int64_t end) {
      ColumnMoments moments;
      for (int64_t tile = begin; tile < end; ++tile) {
        at_tile(tile, [&](const T* from, T* to, int64_t count) {
          take_part(moments, from, count, 0);
          write(to, moments, count);
        });
      }
    });
    return;
  }
  Scratch scratch(sizeof(ColumnMoments) * static_cast<size_t>(tiles * parts));
  auto* partial = scratch.as<ColumnMoments>();
  parallel_chunks(tiles * parts, [&](int64_t task) {
    at_tile(task / parts,
            [&](const T* from, T*, int64_t count) { take_part(partial[task], from, count, task % parts); });
  });
  parallel_for(tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      at_tile(tile, [&](const T*, T* to, int64_t count) {
        ColumnMoments& total = partial[tile * parts];
        for (int64_t p = 1; p < parts; ++p) {
          const ColumnMoments& more = partial[tile * parts + p];
          total.merge(more.count, more.mean, more.squares, count);
        }
        write(to, total, count);
      });
    }
  });
}

}  // namespace

void var(Array out, Array x, double divisor) {
  GG_CHECK(out.rank() == x.rank() && out.dtype == x.dtype, "var: ", out.dtype, " ", out.shape, " does not fit ",
           x.dtype, " ", x.shape);
  for (int i = 0; i < x.rank(); ++i) {
    GG_CHECK(out.shape[i] == x.shape[i] || out.shape[i] == 1, "var: ", x.shape, " does not reduce to ", out.shape);
  }
  if (out.numel() == 0) return;
  if (x.numel() == 0) return fill(out, 0);
  visit_floating(x.dtype, "var", [&]<class T>() {
    ReducePlan plan(out, x);
    (plan.columns ? var_columns<T> : var_rows<T>)(plan, out.as<T>(), x.as<const T>(), divisor);
  });
}

}  // namespace gg::cpu
