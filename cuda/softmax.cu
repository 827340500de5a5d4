// One pass over a row gathers what all its elements share, a second one writes. Contiguous rows stay in registers
// between the two (cuda/packed_rows.cuh), so that x and out cross the memory bus once; others are read again, mostly
// from the cache (cuda/rows.cuh). Where rows are few and lie side by side, neighbouring threads take neighbouring rows:
// a reduction gathers (cuda/reduce_axes.cuh), and a second kernel writes.
#include "cuda/softmax.h"

#include "cuda/online_sum.cuh"
#include "cuda/packed_rows.cuh"
#include "cuda/reduce_axes.cuh"

namespace gg::GG_CUDA_NS {

enum class SoftmaxForm { softmax, log_softmax, logsumexp };

/// What the elements of a row are multiplied by, or what is subtracted (they become NaN where this is); the logsumexp
/// itself.
template <class T, SoftmaxForm kForm>
__device__ T shared_by_row(const MaxAndSum<T>& total) {
  if constexpr (kForm == SoftmaxForm::logsumexp) {
    const T nan_or_zero = total.sum != total.sum ? static_cast<T>(NAN) : T(0);
    return total.max + (total.is_infinite() ? nan_or_zero : total.log_sum());
  }
  if (total.is_infinite()) return static_cast<T>(NAN);
  return kForm == SoftmaxForm::softmax ? T(1) / static_cast<T>(total.sum) : total.log_sum();
}

// Operands: x, out. The logsumexp has no second pass; its out has one element a row.
// bytes: x + out up to 8 columns a thread, the least; 2·x + out beyond
template <class T, SoftmaxForm kForm>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks) softmax_forward_kernel(RowPlan<2> plan, const T* x, T* out) {
  const T inf = static_cast<T>(INFINITY);
  const RowThreads threads(plan.log_threads);
  RowReader<T, 1> reader(threads);
  for (uint32_t first = blockIdx.x * threads.slots; first < plan.rows.count; first += gridDim.x * threads.slots) {
    const uint32_t row = first + threads.slot;
    const bool active = row < plan.rows.count;
    int32_t at[2] = {};
    if (active) plan.rows.add_offsets(row, at);
    reader.open(0, x + at[0], plan.step[0], -inf, active ? plan.cols : 0);
    auto total = MaxAndSum<T>::none();
    reader.each([&](const T(&v)[1][kRowChunk], uint32_t) { total.take(v[0]); });
    total = threads.reduce(total, MaxAndSum<T>::none(), CombineMaxAndSum{});
    if constexpr (kForm == SoftmaxForm::logsumexp) {
      if (active && threads.rank == 0) out[at[1]] = shared_by_row<T, kForm>(total);
    } else {
      const T shared = shared_by_row<T, kForm>(total);
      reader.each([&](const T(&v)[1][kRowChunk], uint32_t c0) {
        reader.put(c0, [&](int k, int32_t c) {
          const T d = v[0][k] - total.max;
          out[at[1] + c * plan.step[1]] = kForm == SoftmaxForm::softmax ? exp(d) * shared : d - shared;
        });
      });
    }
  }
}

// Operands: g, y, dx.
// bytes: g + y + dx up to 8 columns a thread, the least; 2·g + 2·y + dx beyond
template <class T, SoftmaxForm kForm>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks)
    softmax_backward_kernel(RowPlan<3> plan, const T* g, const T* y, T* dx) {
  const RowThreads threads(plan.log_threads);
  RowReader<T, 2> reader(threads);
  for (uint32_t first = blockIdx.x * threads.slots; first < plan.rows.count; first += gridDim.x * threads.slots) {
    const uint32_t row = first + threads.slot;
    const bool active = row < plan.rows.count;
    int32_t at[3] = {};
    if (active) plan.rows.add_offsets(row, at);
    reader.open(0, g + at[0], plan.step[0], T(0), active ? plan.cols : 0);
    reader.open(1, y + at[1], plan.step[1], T(0), active ? plan.cols : 0);
    double total = 0;
    reader.each([&](const T(&v)[2][kRowChunk], uint32_t) {
      T p[kRowChunk];
#pragma unroll
      for (int k = 0; k < kRowChunk; ++k) p[k] = kForm == SoftmaxForm::softmax ? v[0][k] * v[1][k] : v[0][k];
      total += static_cast<double>(sum_of(p));
    });
    const T shared = static_cast<T>(threads.reduce(total, 0.0, Add{}));
    reader.each([&](const T(&v)[2][kRowChunk], uint32_t c0) {
      reader.put(c0, [&](int k, int32_t c) {
        const T gk = v[0][k], yk = v[1][k];
        dx[at[2] + c * plan.step[2]] = kForm == SoftmaxForm::softmax ? yk * (gk - shared) : gk - exp(yk) * shared;
      });
    });
  }
}

struct Larger {
  template <class T>
  __device__ T operator()(T a, T b) const {
    return b > a ? b : a;  // NaN does not count: it comes back in the sum
  }
};

inline constexpr int kSoftmaxPacks = 8;  // of each array, in a thread's registers

// Infinities need no care here: their differences are NaN, and so is the sum.
// bytes: x + out, the least
template <class T, SoftmaxForm kForm>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks)
    softmax_packed_kernel(PackedPlan<2> plan, const T* x, T* out) {
  constexpr int kSize = kPackSize<T>;
  const T inf = static_cast<T>(INFINITY);
  const RowThreads threads(plan.log_threads);
  const uint32_t row = blockIdx.x * threads.slots + threads.slot, packs = row < plan.rows ? plan.packs : 0;
  RowPack<T> v[kSoftmaxPacks];
  load_row(v, threads, x + static_cast<int32_t>(row) * plan.stride[0], packs, -inf);
  T high = -inf;
  each_pack<kSoftmaxPacks>(threads, packs, [&](int j, uint32_t) {
#pragma unroll
    for (int e = 0; e < kSize; ++e) high = Larger{}(high, v[j].element[e]);
  });
  high = threads.reduce(high, -inf, Larger{});
  double total = 0;
  each_pack<kSoftmaxPacks>(threads, packs, [&](int j, uint32_t) {
    RowPack<T> weight;
#pragma unroll
    for (int e = 0; e < kSize; ++e) {
      const T d = v[j].element[e] - high;
      weight.element[e] = exp(d);
      v[j].element[e] = kForm == SoftmaxForm::softmax ? weight.element[e] : d;
    }
    total += static_cast<double>(sum_of_pack<T>(weight));
  });
  total = threads.reduce(total, 0.0, Add{});
  const T shared = kForm == SoftmaxForm::softmax ? static_cast<T>(1 / total) : log1p(static_cast<T>(total - 1));
  auto* to = reinterpret_cast<RowPack<T>*>(out + static_cast<int32_t>(row) * plan.stride[1]);
  each_pack<kSoftmaxPacks>(threads, packs, [&](int j, uint32_t p) {
#pragma unroll
    for (int e = 0; e < kSize; ++e) {
      const T u = v[j].element[e];
      v[j].element[e] = kForm == SoftmaxForm::softmax ? u * shared : u - shared;
    }
    if (p < packs) to[p] = v[j];
  });
}

// bytes: g + y + dx, the least
template <class T, SoftmaxForm kForm>
__global__ void __launch_bounds__(kRowThreads, 2)
    softmax_packed_backward_kernel(PackedPlan<3> plan, const T* g, const T* y, T* dx) {
  constexpr int kSize = kPackSize<T>;
  const RowThreads threads(plan.log_threads);
  const uint32_t row = blockIdx.x * threads.slots + threads.slot, packs = row < plan.rows ? plan.packs : 0;
  RowPack<T> gs[kSoftmaxPacks], ys[kSoftmaxPacks];
  load_row(gs, threads, g + static_cast<int32_t>(row) * plan.stride[0], packs, T(0));
  load_row(ys, threads, y + static_cast<int32_t>(row) * plan.stride[1], packs, T(0));
  double total = 0;
  each_pack<kSoftmaxPacks>(threads, packs, [&](int j, uint32_t) {
    RowPack<T> p = gs[j];
    if constexpr (kForm == SoftmaxForm::softmax) {
#pragma unroll
      for (int e = 0; e < kSize; ++e) p.element[e] *= ys[j].element[e];
    }
    total += static_cast<double>(sum_of_pack<T>(p));
  });
  const T shared = static_cast<T>(threads.reduce(total, 0.0, Add{}));
  auto* to = reinterpret_cast<RowPack<T>*>(dx + static_cast<int32_t>(row) * plan.stride[2]);
  each_pack<kSoftmaxPacks>(threads, packs, [&](int j, uint32_t p) {
#pragma unroll
    for (int e = 0; e < kSize; ++e) {
      const T gk = gs[j].element[e], yk = ys[j].element[e];
      gs[j].element[e] = kForm == SoftmaxForm::softmax ? yk * (gk - shared) : gk - exp(yk) * shared;
    }
    if (p < packs) to[p] = gs[j];
  });
}

// Neighbouring rows that lie side by side, as columns of a matrix: their maxima, and what else their elements share.
template <class T, SoftmaxForm kForm>
struct ColumnStatistics {
  using In = T;
  using Acc = MaxAndSum<T>;
  struct Local {
    Acc acc{-static_cast<T>(INFINITY), 0};
  };
  static constexpr int kOperands = 1;

  __device__ void take(Local& local, const T (&v)[1][kReduceChunk], uint32_t first, uint32_t apart,
                       uint32_t end) const {
    static_assert(kReduceChunk == kRowChunk);
    T known[kRowChunk];
#pragma unroll
    for (int k = 0; k < kReduceChunk; ++k) {
      known[k] = first + static_cast<uint32_t>(k) * apart < end ? v[0][k] : -static_cast<T>(INFINITY);
    }
    local.acc.take(known);
  }
  __device__ Acc identity() const { return Acc::none(); }
  __device__ Acc finish(const Local& local) const { return local.acc; }
  __device__ Acc combine(const Acc& a, const Acc& b) const { return CombineMaxAndSum{}(a, b); }
  __device__ void put(const Acc& acc, const T* const*, const int32_t (&at)[3], void* max, void* shared) const {
    if (max) static_cast<T*>(max)[at[1]] = acc.max;
    static_cast<T*>(shared)[at[2]] = shared_by_row<T, kForm>(acc);
  }
};

template <class T, SoftmaxForm kForm>
struct ColumnSums {
  using In = T;
  using Acc = double;
  using Local = double;
  static constexpr int kOperands = kForm == SoftmaxForm::softmax ? 2 : 1;

  __device__ void take(Local& sum, const T (&v)[kOperands][kReduceChunk], uint32_t, uint32_t, uint32_t) const {
    T p[kReduceChunk];
#pragma unroll
    for (int k = 0; k < kReduceChunk; ++k) p[k] = kOperands == 2 ? v[0][k] * v[kOperands - 1][k] : v[0][k];
    sum += static_cast<double>(sum_of(p));
  }
  __device__ Acc identity() const { return 0; }
  __device__ Acc finish(const Local& sum) const { return sum; }
  __device__ Acc combine(Acc a, Acc b) const { return a + b; }
  __device__ void put(Acc sum, const T* const*, const int32_t (&at)[kOperands + 2], void* out, void*) const {
    static_cast<T*>(out)[at[kOperands]] = static_cast<T>(sum);
  }
};

template <class T, SoftmaxForm kForm>
struct WriteColumn {
  __device__ T operator()(T x, T max, T shared) const {
    return kForm == SoftmaxForm::softmax ? exp(x - max) * shared : (x - max) - shared;
  }
};

template <class T, SoftmaxForm kForm>
struct WriteColumnBackward {
  __device__ T operator()(T g, T y, T sum) const {
    return kForm == SoftmaxForm::softmax ? y * (g - sum) : g - exp(y) * sum;
  }
};

namespace {

/// Whether rows along the last axis go column by column: neighbouring rows lie side by side, and are too few to be a
/// thread each.
bool goes_by_columns(const Array& x) {
  const int last = x.rank() - 1;
  int64_t across = INT64_MAX;
  for (int i = 0; i < last; ++i) {
    if (x.shape[i] > 1) across = std::min<int64_t>(across, std::abs(x.strides[i]));
  }
  const int64_t cols = x.shape[last];
  constexpr int64_t kFewCols = 64, kManyRows = 65536;
  return cols >= kFewCols && across < std::abs(x.strides[last]) && x.numel() / cols < kManyRows;
}

/// One number for each row of x: to write, and as often as x reads it.
struct RowNumbers {
  DeviceScratch memory;
  Array one, repeated;

  explicit RowNumbers(const Array& x)
      : memory(size_of(x.dtype) * static_cast<size_t>(x.numel() / x.shape[x.rank() - 1]), Device::GG_CUDA_NS) {
    Shape shape = x.shape;
    shape[x.rank() - 1] = 1;
    // Dense in the order of x, so that neighbours among rows are neighbours here.
    one = Array{memory.template as<void>(), x.dtype, shape,
                Layout::dense_like(shape, Layout(x.shape, x.strides)).strides};
    repeated = one;
    repeated.shape = x.shape;
    repeated.strides[x.rank() - 1] = 0;
  }
};

void check_same(const Array& a, const Array& b, const char* op) {
  GG_CHECK(a.shape == b.shape && a.dtype == b.dtype && a.rank() >= 1, op,
           ": expected arrays of one shape and type, got ", a.dtype, " ", a.shape, " and ", b.dtype, " ", b.shape);
}

template <SoftmaxForm kForm>
void forward(const char* op, const Array& out, const Array& x) {
  check_same(out, x, op);
  if (x.numel() == 0) return;
  visit_floating(x.dtype, op, [&]<class T>() {
    if (const auto packed = plan_packed<T>(op, kSoftmaxPacks, std::array{x, out})) {
      return launch(op, softmax_packed_kernel<T, kForm>, packed.blocks(), kRowThreads, 0, packed, x.as<const T>(),
                    out.as<T>());
    }
    if (goes_by_columns(x)) {
      const RowNumbers max(x), shared(x);
      reduce_axes(op, ColumnStatistics<T, kForm>{}, std::array{x}, max.one, shared.one);
      return elementwise<T, T, T, T>(op, WriteColumn<T, kForm>{}, out, {x, max.repeated, shared.repeated});
    }
    const auto plan = plan_rows(op, std::array{x, out});
    launch(op, softmax_forward_kernel<T, kForm>, plan.blocks(), kRowThreads, 0, plan, x.as<const T>(), out.as<T>());
  });
}

template <SoftmaxForm kForm>
void backward(const char* op, const Array& dx, const Array& g, const Array& y) {
  check_same(dx, g, op);
  check_same(dx, y, op);
  if (y.numel() == 0) return;
  visit_floating(y.dtype, op, [&]<class T>() {
    if (const auto packed = plan_packed<T>(op, kSoftmaxPacks, std::array{g, y, dx})) {
      return launch(op, softmax_packed_backward_kernel<T, kForm>, packed.blocks(), kRowThreads, 0, packed,
                    g.as<const T>(), y.as<const T>(), dx.as<T>());
    }
    if (goes_by_columns(y)) {
      const RowNumbers sums(y);
      using Sums = ColumnSums<T, kForm>;
      const Array operands[] = {g, y};
      reduce_axes(op, Sums{}, std::span(operands, Sums::kOperands), sums.one,
                  Array{nullptr, y.dtype, sums.one.shape, {}});
      return elementwise<T, T, T, T>(op, WriteColumnBackward<T, kForm>{}, dx, {g, y, sums.repeated});
    }
    const auto plan = plan_rows(op, std::array{g, y, dx});
    launch(op, softmax_backward_kernel<T, kForm>, plan.blocks(), kRowThreads, 0, plan, g.as<const T>(), y.as<const T>(),
           dx.as<T>());
  });
}

}  // namespace

void softmax_forward(Array out, Array x) { forward<SoftmaxForm::softmax>("softmax", out, x); }
void log_softmax_forward(Array out, Array x) { forward<SoftmaxForm::log_softmax>("log_softmax", out, x); }
void softmax_backward(Array dx, Array g, Array y) { backward<SoftmaxForm::softmax>("softmax_backward", dx, g, y); }
void log_softmax_backward(Array dx, Array g, Array y) {
  backward<SoftmaxForm::log_softmax>("log_softmax_backward", dx, g, y);
}

void logsumexp(Array out, Array x) {
  GG_CHECK(x.rank() >= 1 && out.dtype == x.dtype && out.shape == x.shape.part(0, x.rank() - 1),
           "logsumexp: ", out.dtype, " ", out.shape, " does not fit the rows of ", x.dtype, " ", x.shape);
  if (out.numel() == 0) return;
  visit_floating(x.dtype, "logsumexp", [&]<class T>() {
    if (goes_by_columns(x)) {
      Array kept = out;
      kept.shape.push_back(1);
      kept.strides[out.rank()] = 1;
      return reduce_axes("logsumexp", ColumnStatistics<T, SoftmaxForm::logsumexp>{}, std::array{x},
                         Array{nullptr, out.dtype, kept.shape, {}}, kept);
    }
    const auto plan = plan_rows("logsumexp", std::array{x, out});
    launch("logsumexp", softmax_forward_kernel<T, SoftmaxForm::logsumexp>, plan.blocks(), kRowThreads, 0, plan,
           x.as<const T>(), out.as<T>());
  });
}

}  // namespace gg::GG_CUDA_NS
