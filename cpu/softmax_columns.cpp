#include "cpu/softmax_columns.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "core/parallel.h"
#include "cpu/kernels/softmax.h"
#include "cpu/scratch.h"
#include "cpu/strided.h"

namespace gg::cpu {
namespace {

constexpr int64_t kColumns = 512;      // of a tile
constexpr int64_t kGrain = 64 * 1024;  // elements of a piece

template <class T>
const SoftmaxColumnsOf<T>& kernels() {
  if constexpr (std::is_same_v<T, float>) {
    return softmax_kernels().columns_f32;
  } else {
    return softmax_kernels().columns_f64;
  }
}

/// N arrays as matrices, one for each position of `outer`; each is cut into tiles of columns, and those into pieces.
template <int N>
struct Columns {
  Walk<N> outer;
  int64_t rows = 0, columns = 0, blocks = 0, tiles = 0, pieces = 1;
  std::array<int64_t, N> stride{};

  explicit operator bool() const { return columns > 0; }

  /// fn(offsets of the arrays at the tile's first column, its columns)
  template <class Fn>
  void at(int64_t tile, Fn&& fn) const {
    const int64_t first = tile % blocks * kColumns;
    for_positions(outer, outer.rank, tile / blocks, tile / blocks + 1, [&](std::array<int64_t, N> offset) {
      for (int64_t& o : offset) o += first;
      fn(offset, std::min(kColumns, columns - first));
    });
  }
  int64_t begin(int64_t piece) const { return rows * piece / pieces; }
};

/// The columns lie along an axis with stride 1 in all arrays; false where there is none.
template <int N>
Columns<N> plan_columns(const std::array<const Array*, N>& arrays) {
  Columns<N> plan;
  const Array& x = *arrays[0];
  const int last = x.rank() - 1;
  constexpr int64_t kLeast = 8;
  int inner = -1;
  for (int i = 0; i < last; ++i) {
    bool side_by_side = x.shape[i] >= kLeast;
    for (const Array* a : arrays) side_by_side &= a->strides[i] == 1;
    if (side_by_side) inner = i;
  }
  if (inner < 0 || x.shape[last] < 2) return plan;
  for (int i = 0; i < last; ++i) {
    std::array<int64_t, N> strides;
    for (int k = 0; k < N; ++k) strides[k] = arrays[k]->strides[i];
    if (i != inner) plan.outer.push(x.shape[i], strides);
  }
  for (int k = 0; k < N; ++k) {
    plan.stride[k] = arrays[k]->strides[last];
    if (plan.stride[k] == 1) return plan;  // a row that is contiguous goes row by row
  }
  coalesce(plan.outer);
  plan.rows = x.shape[last];
  plan.columns = x.shape[inner];
  plan.blocks = (plan.columns + kColumns - 1) / kColumns;
  plan.tiles = plan.outer.numel() * plan.blocks;
  if (plan.tiles < 64) {
    plan.pieces = std::clamp<int64_t>(plan.rows * std::min(plan.columns, kColumns) / kGrain, 1, 64);
  }
  return plan;
}

/// Gathers State from each piece (take), merges those of a tile (merge), makes Shared of it (finish), and writes.
template <class State, class Shared, int N, class Take, class Finish, class Write>
void run(const Columns<N>& plan, Take&& take, Finish&& finish, Write&& write) {
  if (plan.pieces == 1) {
    const int64_t grain = std::max<int64_t>(1, kGrain / (plan.rows * std::min(plan.columns, kColumns)));
    parallel_for(plan.tiles, grain, [&](int64_t begin, int64_t end) {
      State state;
      Shared shared;
      for (int64_t tile = begin; tile < end; ++tile) {
        plan.at(tile, [&](const std::array<int64_t, N>& at, int64_t columns) {
          state.clear();
          take(state, at, 0, plan.rows, columns);
          finish(shared, state, at, columns);
          write(shared, at, 0, plan.rows, columns);
        });
      }
    });
    return;
  }
  Scratch scratch(sizeof(State) * static_cast<size_t>(plan.tiles * plan.pieces));
  Scratch more(sizeof(Shared) * static_cast<size_t>(plan.tiles));
  auto* states = scratch.as<State>();
  auto* shared = more.as<Shared>();
  parallel_chunks(plan.tiles * plan.pieces, [&](int64_t task) {
    const int64_t piece = task % plan.pieces;
    plan.at(task / plan.pieces, [&](const std::array<int64_t, N>& at, int64_t columns) {
      states[task].clear();
      take(states[task], at, plan.begin(piece), plan.begin(piece + 1), columns);
    });
  });
  parallel_for(plan.tiles, 1, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      State& total = states[tile * plan.pieces];
      plan.at(tile, [&](const std::array<int64_t, N>& at, int64_t columns) {
        for (int64_t p = 1; p < plan.pieces; ++p) total.merge(states[tile * plan.pieces + p], columns);
        finish(shared[tile], total, at, columns);
      });
    }
  });
  parallel_chunks(plan.tiles * plan.pieces, [&](int64_t task) {
    const int64_t piece = task % plan.pieces;
    plan.at(task / plan.pieces, [&](const std::array<int64_t, N>& at, int64_t columns) {
      write(shared[task / plan.pieces], at, plan.begin(piece), plan.begin(piece + 1), columns);
    });
  });
}

template <class T>
struct MaxAndSum {
  T max[kColumns], nan[kColumns];
  double sum[kColumns];

  void clear() {
    std::fill_n(max, kColumns, -std::numeric_limits<T>::infinity());
    std::fill_n(nan, kColumns, T(0));
    std::fill_n(sum, kColumns, 0.0);
  }
  void merge(const MaxAndSum& other, int64_t columns) {
    for (int64_t j = 0; j < columns; ++j) {
      const T high = std::max(max[j], other.max[j]);
      auto weighted = [&](T m, double s) { return m == high ? s : s * std::exp(static_cast<double>(m - high)); };
      sum[j] = weighted(max[j], sum[j]) + weighted(other.max[j], other.sum[j]);
      max[j] = high;
      if (other.nan[j] != other.nan[j]) nan[j] = other.nan[j];
    }
  }
};

struct Sums {
  double sum[kColumns];

  void clear() { std::fill_n(sum, kColumns, 0.0); }
  void merge(const Sums& other, int64_t columns) {
    for (int64_t j = 0; j < columns; ++j) sum[j] += other.sum[j];
  }
};

template <class T>
struct Shared {
  T max[kColumns], of_column[kColumns];
};

template <class T>
void forward(SoftmaxForm form, const Columns<2>& plan, T* out, const T* x) {
  auto matrix = [&](auto* data, int k, const std::array<int64_t, 2>& at, int64_t row) {
    return MatrixOf<std::remove_pointer_t<decltype(data)>>{data + at[k] + row * plan.stride[k], plan.stride[k]};
  };
  run<MaxAndSum<T>, Shared<T>>(
      plan,
      [&](MaxAndSum<T>& s, const std::array<int64_t, 2>& at, int64_t begin, int64_t end, int64_t columns) {
        kernels<T>().take(s.max, s.sum, s.nan, matrix(x, 0, at, begin), end - begin, columns);
      },
      [&](Shared<T>& shared, const MaxAndSum<T>& s, const std::array<int64_t, 2>& at, int64_t columns) {
        for (int64_t j = 0; j < columns; ++j) {
          const bool infinite = std::isinf(s.max[j]);
          shared.max[j] = s.max[j];
          if (form == SoftmaxForm::logsumexp) {
            out[at[1] + j] = static_cast<T>(infinite ? static_cast<double>(s.max[j] + s.nan[j])
                                                     : static_cast<double>(s.max[j]) + std::log(s.sum[j]));
          } else {
            // The elements become NaN where this is.
            const double of_column = form == SoftmaxForm::softmax ? 1 / s.sum[j] : std::log(s.sum[j]);
            shared.of_column[j] = infinite ? std::numeric_limits<T>::quiet_NaN() : static_cast<T>(of_column);
          }
        }
      },
      [&](const Shared<T>& shared, const std::array<int64_t, 2>& at, int64_t begin, int64_t end, int64_t columns) {
        if (form == SoftmaxForm::logsumexp) return;
        (form == SoftmaxForm::softmax ? kernels<T>().softmax : kernels<T>().log_softmax)(
            matrix(out, 1, at, begin), matrix(x, 0, at, begin), end - begin, columns, shared.max, shared.of_column);
      });
}

}  // namespace

bool softmax_columns_forward(SoftmaxForm form, const Array& out, const Array& x) {
  const auto plan = plan_columns<2>({&x, &out});
  if (!plan) return false;
  visit_floating(x.dtype, "softmax", [&]<class T>() { forward(form, plan, out.as<T>(), x.as<const T>()); });
  return true;
}

bool softmax_columns_backward(SoftmaxForm form, const Array& dx, const Array& g, const Array& y) {
  const auto plan = plan_columns<3>({&y, &g, &dx});
  if (!plan) return false;
  visit_floating(y.dtype, "softmax_backward", [&]<class T>() {
    const auto& k = kernels<T>();
    const bool logarithm = form == SoftmaxForm::log_softmax;
    using At = std::array<int64_t, 3>;
    auto read = [&](const Array& a, int i, const At& at, int64_t row) {
      return MatrixOf<const T>{a.as<const T>() + at[i] + row * plan.stride[i], plan.stride[i]};
    };
    run<Sums, Shared<T>>(
        plan,
        [&](Sums& sums, const At& at, int64_t begin, int64_t end, int64_t columns) {
          (logarithm ? k.add : k.add_products)(sums.sum, read(g, 1, at, begin), read(y, 0, at, begin), end - begin,
                                               columns);
        },
        [&](Shared<T>& shared, const Sums& sums, const At&, int64_t columns) {
          for (int64_t j = 0; j < columns; ++j) shared.of_column[j] = static_cast<T>(sums.sum[j]);
        },
        [&](const Shared<T>& shared, const At& at, int64_t begin, int64_t end, int64_t columns) {
          const MatrixOf<T> to{dx.as<T>() + at[2] + begin * plan.stride[2], plan.stride[2]};
          (logarithm ? k.log_softmax_backward : k.softmax_backward)(to, read(g, 1, at, begin), read(y, 0, at, begin),
                                                                    end - begin, columns, shared.of_column);
        });
  });
  return true;
}

}  // namespace gg::cpu
