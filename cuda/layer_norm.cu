// Layer norm works row by row; RMS norm is layer norm with 0 for every mean (`centred` is false). Contiguous rows stay
// in registers between mean, variance and output, and between the gradient's sums and its output
// (cuda/packed_rows.cuh); others are read again, mostly from the cache (cuda/rows.cuh).
//
// The gradients of weight and bias sum over rows. Where they are wanted, and rows are packed, one kernel takes all
// three gradients from one reading: its threads stay in their columns while they go down some dozens of rows, and leave
// partial sums. Otherwise a reduction reads x and g once more (cuda/reduce_axes.cuh).
#include "cuda/norm_arrays.cuh"
#include "cuda/norm_kernels.h"
#include "cuda/norm_policies.cuh"
#include "cuda/packed_rows.cuh"

namespace gg::GG_CUDA_NS {

// Operands: x, out, mean, rstd.
// bytes: x + out up to 8 columns a thread, the least; 3·x + out beyond
template <class T>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks)
    layer_norm_forward_kernel(RowPlan<4> plan, bool centred, double each, T eps, const T* x, T* out, T* mean, T* rstd,
                              const T* w, int32_t w_step, const T* b, int32_t b_step) {
  const RowThreads threads(plan.log_threads);
  RowReader<T, 1> reader(threads);
  for (uint32_t first = blockIdx.x * threads.slots; first < plan.rows.count; first += gridDim.x * threads.slots) {
    const uint32_t row = first + threads.slot;
    const bool active = row < plan.rows.count;
    int32_t at[4] = {};
    if (active) plan.rows.add_offsets(row, at);
    reader.open(0, x + at[0], plan.step[0], T(0), active ? plan.cols : 0);
    double total = 0;
    T m = 0;
    if (centred) {
      reader.each([&](const T(&v)[1][kRowChunk], uint32_t) { total += static_cast<double>(sum_of(v[0])); });
      m = static_cast<T>(threads.reduce(total, 0.0, Add{}) * each);
    }
    total = 0;
    reader.each([&](const T(&v)[1][kRowChunk], uint32_t c0) {
      T s = 0;
      reader.put(c0, [&](int k, int32_t) {
        const T d = v[0][k] - m;
        s += d * d;
      });
      total += static_cast<double>(s);
    });
    const T variance = static_cast<T>(threads.reduce(total, 0.0, Add{}) * each);
    const T r = plan.cols == 0 ? T(0) : T(1) / sqrt(variance + eps);
    reader.each([&](const T(&v)[1][kRowChunk], uint32_t c0) {
      reader.put(c0, [&](int k, int32_t c) {
        out[at[1] + c * plan.step[1]] = (v[0][k] - m) * r * w[c * w_step] + b[c * b_step];
      });
    });
    if (active && threads.rank == 0) {
      mean[at[2]] = m;
      rstd[at[3]] = r;
    }
  }
}

struct TwoSums {
  double a, b;
};
struct AddBoth {
  __device__ TwoSums operator()(TwoSums x, TwoSums y) const { return {x.a + y.a, x.b + y.b}; }
};

// dx = rstd · (h - mean(h) - u · mean(h·u)) with h = g·w, u = (x - mean)·rstd. Operands: g, x, dx, mean, rstd.
// bytes: x + g + dx up to 8 columns a thread, the least; 2·x + 2·g + dx beyond
template <class T>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks)
    layer_norm_backward_kernel(RowPlan<5> plan, bool centred, double each, const T* g, const T* x, T* dx, const T* mean,
                               const T* rstd, const T* w, int32_t w_step) {
  const RowThreads threads(plan.log_threads);
  RowReader<T, 2> reader(threads);
  for (uint32_t first = blockIdx.x * threads.slots; first < plan.rows.count; first += gridDim.x * threads.slots) {
    const uint32_t row = first + threads.slot;
    const bool active = row < plan.rows.count;
    int32_t at[5] = {};
    if (active) plan.rows.add_offsets(row, at);
    reader.open(0, g + at[0], plan.step[0], T(0), active ? plan.cols : 0);
    reader.open(1, x + at[1], plan.step[1], T(0), active ? plan.cols : 0);
    const T m = active ? mean[at[3]] : T(0), r = active ? rstd[at[4]] : T(0);
    TwoSums total{0, 0};
    reader.each([&](const T(&v)[2][kRowChunk], uint32_t c0) {
      T s = 0, p = 0;
      reader.put(c0, [&](int k, int32_t c) {
        const T h = v[0][k] * w[c * w_step];
        s += h;
        p += h * ((v[1][k] - m) * r);
      });
      total.a += static_cast<double>(s);
      total.b += static_cast<double>(p);
    });
    total = threads.reduce(total, TwoSums{0, 0}, AddBoth{});
    const T h_mean = centred ? static_cast<T>(total.a * each) : T(0), hu_mean = static_cast<T>(total.b * each);
    reader.each([&](const T(&v)[2][kRowChunk], uint32_t c0) {
      reader.put(c0, [&](int k, int32_t c) {
        const T u = (v[1][k] - m) * r;
        dx[at[2] + c * plan.step[2]] = r * (v[0][k] * w[c * w_step] - h_mean - u * hu_mean);
      });
    });
  }
}

struct RowSums {
  double h, v, hu, vu, hv;
};
struct AddSums {
  __device__ RowSums operator()(const RowSums& x, const RowSums& y) const {
    return {x.h + y.h, x.v + y.v, x.hu + y.hu, x.vu + y.vu, x.hv + y.hv};
  }
};

// The formulas stand in ops/norm_backward.h. Operands: v, g, x, dg, dx, and P·v of all rows, or null.
// bytes: v + g + x + dg + dx (+ P·v) up to 8 columns a thread, the least; the first three twice beyond
template <class T>
__global__ void __launch_bounds__(kRowThreads, 2)
    layer_norm_double_backward_kernel(RowPlan<6> plan, bool centred, double each, const T* v, const T* g, const T* x,
                                      T* dg, T* dx, T* pv, const T* mean, int32_t mean_step, const T* rstd,
                                      int32_t rstd_step, const T* w, int32_t w_step) {
  const RowThreads threads(plan.log_threads);
  RowReader<T, 3> reader(threads);
  for (uint32_t first = blockIdx.x * threads.slots; first < plan.rows.count; first += gridDim.x * threads.slots) {
    const uint32_t row = first + threads.slot;
    const bool active = row < plan.rows.count;
    int32_t at[6] = {};
    if (active) plan.rows.add_offsets(row, at);
    reader.open(0, v + at[0], plan.step[0], T(0), active ? plan.cols : 0);
    reader.open(1, g + at[1], plan.step[1], T(0), active ? plan.cols : 0);
    reader.open(2, x + at[2], plan.step[2], T(0), active ? plan.cols : 0);
    const T m = active ? mean[static_cast<int32_t>(row) * mean_step] : T(0);
    const T r = active ? rstd[static_cast<int32_t>(row) * rstd_step] : T(0);
    RowSums total{0, 0, 0, 0, 0};
    reader.each([&](const T(&in)[3][kRowChunk], uint32_t c0) {
      T h_sum = 0, v_sum = 0, hu_sum = 0, vu_sum = 0, hv_sum = 0;
      reader.put(c0, [&](int k, int32_t c) {
        const T u = (in[2][k] - m) * r, h = in[1][k] * w[c * w_step];
        h_sum += h;
        v_sum += in[0][k];
        hu_sum += h * u;
        vu_sum += in[0][k] * u;
        hv_sum += h * in[0][k];
      });
      total = AddSums{}(total, {static_cast<double>(h_sum), static_cast<double>(v_sum), static_cast<double>(hu_sum),
                                static_cast<double>(vu_sum), static_cast<double>(hv_sum)});
    });
    total = threads.reduce(total, RowSums{0, 0, 0, 0, 0}, AddSums{});
    const double hm = centred ? total.h * each : 0, vm = centred ? total.v * each : 0;
    const double hum = total.hu * each, vum = total.vu * each;
    const T s = static_cast<T>(total.hv * each - hm * vm - hum * vum);
    const T h_mean = static_cast<T>(hm), v_mean = static_cast<T>(vm);
    const T hu = static_cast<T>(hum), vu = static_cast<T>(vum);
    reader.each([&](const T(&in)[3][kRowChunk], uint32_t c0) {
      reader.put(c0, [&](int k, int32_t c) {
        const T u = (in[2][k] - m) * r, scale = w[c * w_step];
        const T h = in[1][k] * scale - h_mean - u * hu, rest = in[0][k] - v_mean - u * vu;
        dg[at[3] + c * plan.step[3]] = scale * (r * rest);
        dx[at[4] + c * plan.step[4]] = -(r * r) * (s * u + vu * h + hu * rest);
        if (pv) pv[at[5] + c * plan.step[5]] = r * rest;
      });
    });
  }
}

inline constexpr int kNormPacks = 8;  // of each array, in a thread's registers

// bytes: x + out, the least
template <class T>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks)
    layer_norm_packed_kernel(PackedPlan<2> plan, bool centred, double each, T eps, const T* x, T* out, T* mean,
                             int32_t mean_step, T* rstd, int32_t rstd_step, const T* w, const T* b) {
  constexpr int kSize = kPackSize<T>;
  const RowThreads threads(plan.log_threads);
  const uint32_t row = blockIdx.x * threads.slots + threads.slot, packs = row < plan.rows ? plan.packs : 0;
  RowPack<T> v[kNormPacks];
  load_row(v, threads, x + static_cast<int32_t>(row) * plan.stride[0], packs, T(0));
  double total = 0;
  T m = 0;
  if (centred) {
    each_pack<kNormPacks>(threads, packs, [&](int j, uint32_t) { total += static_cast<double>(sum_of_pack<T>(v[j])); });
    m = static_cast<T>(threads.reduce(total, 0.0, Add{}) * each);
  }
  total = 0;
  each_pack<kNormPacks>(threads, packs, [&](int j, uint32_t p) {
    RowPack<T> square;
#pragma unroll
    for (int e = 0; e < kSize; ++e) {
      v[j].element[e] -= m;
      square.element[e] = v[j].element[e] * v[j].element[e];
    }
    if (p < packs) total += static_cast<double>(sum_of_pack<T>(square));
  });
  const T variance = static_cast<T>(threads.reduce(total, 0.0, Add{}) * each);
  const T r = T(1) / sqrt(variance + eps);
  const auto *ws = reinterpret_cast<const RowPack<T>*>(w), *bs = reinterpret_cast<const RowPack<T>*>(b);
  auto* to = reinterpret_cast<RowPack<T>*>(out + static_cast<int32_t>(row) * plan.stride[1]);
  each_pack<kNormPacks>(threads, packs, [&](int j, uint32_t p) {
    if (p >= packs) return;
    const RowPack<T> scale = ws[p], shift = bs[p];
#pragma unroll
    for (int e = 0; e < kSize; ++e) v[j].element[e] = v[j].element[e] * r * scale.element[e] + shift.element[e];
    to[p] = v[j];
  });
  if (packs > 0 && threads.rank == 0) {
    mean[static_cast<int32_t>(row) * mean_step] = m;
    rstd[static_cast<int32_t>(row) * rstd_step] = r;
  }
}

// bytes: x + g + dx, the least
template <class T>
__global__ void __launch_bounds__(kRowThreads, 2)
    layer_norm_packed_backward_kernel(PackedPlan<3> plan, bool centred, double each, const T* g, const T* x, T* dx,
                                      const T* mean, int32_t mean_step, const T* rstd, int32_t rstd_step, const T* w) {
  constexpr int kSize = kPackSize<T>;
  const RowThreads threads(plan.log_threads);
  const uint32_t row = blockIdx.x * threads.slots + threads.slot, packs = row < plan.rows ? plan.packs : 0;
  RowPack<T> h[kNormPacks], u[kNormPacks];
  load_row(h, threads, g + static_cast<int32_t>(row) * plan.stride[0], packs, T(0));
  load_row(u, threads, x + static_cast<int32_t>(row) * plan.stride[1], packs, T(0));
  const T m = packs ? mean[static_cast<int32_t>(row) * mean_step] : T(0);
  const T r = packs ? rstd[static_cast<int32_t>(row) * rstd_step] : T(0);
  const auto* ws = reinterpret_cast<const RowPack<T>*>(w);
  TwoSums total{0, 0};
  each_pack<kNormPacks>(threads, packs, [&](int j, uint32_t p) {
    if (p >= packs) return;
    const RowPack<T> scale = ws[p];
    RowPack<T> product;
#pragma unroll
    for (int e = 0; e < kSize; ++e) {
      h[j].element[e] *= scale.element[e];
      u[j].element[e] = (u[j].element[e] - m) * r;
      product.element[e] = h[j].element[e] * u[j].element[e];
    }
    total.a += static_cast<double>(sum_of_pack<T>(h[j]));
    total.b += static_cast<double>(sum_of_pack<T>(product));
  });
  total = threads.reduce(total, TwoSums{0, 0}, AddBoth{});
  const T h_mean = centred ? static_cast<T>(total.a * each) : T(0), hu_mean = static_cast<T>(total.b * each);
  auto* to = reinterpret_cast<RowPack<T>*>(dx + static_cast<int32_t>(row) * plan.stride[2]);
  each_pack<kNormPacks>(threads, packs, [&](int j, uint32_t p) {
#pragma unroll
    for (int e = 0; e < kSize; ++e) h[j].element[e] = r * (h[j].element[e] - h_mean - u[j].element[e] * hu_mean);
    if (p < packs) to[p] = h[j];
  });
}

/// How all three gradients are taken at once: 2^log_threads threads, each with kPacks packs of a row, go down
/// `piece` rows, kPacksAtOnce / kPacks rows at a time.
struct DownRows {
  uint32_t rows, packs, piece;
  int log_threads;
  int32_t g_stride, x_stride, dx_stride, mean_step, rstd_step;
};
inline constexpr int kPacksAtOnce = 4;

/// Sums of `values` over the threads of a row; all threads of the block must call it. `turn` alternates between 0 and
/// 1, so that one barrier is enough.
template <class T, int kCount>
__device__ void sum_over_row(T (&values)[kCount], int log_threads, int turn) {
  for (int lanes = log_threads < 5 ? 1 << log_threads >> 1 : 16; lanes > 0; lanes /= 2) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) values[i] += shuffle_xor(values[i], lanes);
  }
  if (log_threads <= 5) return;
  constexpr int kWarps = kRowThreads / 32;
  struct alignas(16) Values {
    T of[kCount];
  };
  GG_SHARED(Values, tile, [2][kWarps]);
  const uint32_t warp = threadIdx.x / 32, warps = 1u << (log_threads - 5), first = warp & ~(warps - 1);
  if (threadIdx.x % 32 == 0) {
#pragma unroll
    for (int i = 0; i < kCount; ++i) tile[turn][warp].of[i] = values[i];
  }
  __syncthreads();
#pragma unroll
  for (int i = 0; i < kCount; ++i) values[i] = 0;
  for (uint32_t k = 0; k < warps; ++k) {
    const Values more = tile[turn][first + k];
#pragma unroll
    for (int i = 0; i < kCount; ++i) values[i] += more.of[i];
  }
}

// partial: [pieces][dw, db][columns]
// bytes: x + g + dx, the least; partial sums, a quarter to a 32th of x, come on top
template <class T, int kPacks>
__global__ void __launch_bounds__(kRowThreads, 2)
    layer_norm_gradients_kernel(DownRows plan, bool centred, T each, const T* g, const T* x, T* dx, const T* mean,
                                const T* rstd, const T* w, T* partial) {
  constexpr int kSize = kPackSize<T>, kRows = kPacksAtOnce / kPacks;
  const RowThreads threads(plan.log_threads);
  const uint32_t piece = blockIdx.x * threads.slots + threads.slot, begin = piece * plan.piece;
  RowPack<T> scale[kPacks], dw[kPacks], db[kPacks];
  load_row(scale, threads, w, plan.packs, T(0));
#pragma unroll
  for (int j = 0; j < kPacks; ++j) dw[j] = db[j] = splat_pack(T(0));
  int turn = 0;
  for (uint32_t i = 0; i < plan.piece; i += kRows, turn ^= 1) {
    RowPack<T> gs[kRows][kPacks], us[kRows][kPacks];
    T r[kRows], m[kRows], sums[2 * kRows];
#pragma unroll
    for (int k = 0; k < kRows; ++k) {
      const uint32_t row = begin + i + static_cast<uint32_t>(k);
      const bool active = i + static_cast<uint32_t>(k) < plan.piece && row < plan.rows;
      const auto at = static_cast<int32_t>(active ? row : 0);
      load_row(gs[k], threads, g + at * plan.g_stride, active ? plan.packs : 0, T(0));
      load_row(us[k], threads, x + at * plan.x_stride, active ? plan.packs : 0, T(0));
      m[k] = active ? mean[at * plan.mean_step] : T(0);
      r[k] = active ? rstd[at * plan.rstd_step] : T(0);
    }
#pragma unroll
    for (int k = 0; k < kRows; ++k) {
      T sum = 0, product_sum = 0;
#pragma unroll
      for (int j = 0; j < kPacks; ++j) {
        RowPack<T> h, product;
#pragma unroll
        for (int e = 0; e < kSize; ++e) {
          const T gk = gs[k][j].element[e], u = (us[k][j].element[e] - m[k]) * r[k];
          us[k][j].element[e] = u;
          dw[j].element[e] += gk * u;  // g is 0 beyond the end of rows and columns
          db[j].element[e] += gk;
          h.element[e] = gk * scale[j].element[e];
          product.element[e] = h.element[e] * u;
        }
        sum += sum_of_pack<T>(h);
        product_sum += sum_of_pack<T>(product);
      }
      sums[2 * k] = sum;
      sums[2 * k + 1] = product_sum;
    }
    sum_over_row(sums, plan.log_threads, turn);
#pragma unroll
    for (int k = 0; k < kRows; ++k) {
      const uint32_t row = begin + i + static_cast<uint32_t>(k);
      const bool active = i + static_cast<uint32_t>(k) < plan.piece && row < plan.rows;
      const T h_mean = centred ? sums[2 * k] * each : T(0), hu_mean = sums[2 * k + 1] * each;
      auto* to = reinterpret_cast<RowPack<T>*>(dx + static_cast<int32_t>(active ? row : 0) * plan.dx_stride);
#pragma unroll
      for (int j = 0; j < kPacks; ++j) {
        const uint32_t p = static_cast<uint32_t>(j) * threads.size + threads.rank;
        RowPack<T> d;
#pragma unroll
        for (int e = 0; e < kSize; ++e) {
          const T h = gs[k][j].element[e] * scale[j].element[e];
          d.element[e] = r[k] * (h - h_mean - us[k][j].element[e] * hu_mean);
        }
        if (active && p < plan.packs) to[p] = d;
      }
    }
  }
  if (begin >= plan.rows) return;
  auto* to = reinterpret_cast<RowPack<T>*>(partial) + static_cast<size_t>(piece) * 2 * plan.packs;
#pragma unroll
  for (int j = 0; j < kPacks; ++j) {
    const uint32_t p = static_cast<uint32_t>(j) * threads.size + threads.rank;
    if (p >= plan.packs) continue;
    to[p] = dw[j];
    to[plan.packs + p] = db[j];
  }
}

/// The sums of two operands.
template <class T>
struct SumPair {
  using In = T;
  static constexpr int kOperands = 2;
  using Acc = TwoSums;
  struct Local {
    TwoSums sums{0, 0};
  };
  __device__ void take(Local& local, const T (&v)[2][kReduceChunk], uint32_t, uint32_t, uint32_t) const {
    local.sums.a += static_cast<double>(sum_of(v[0]));
    local.sums.b += static_cast<double>(sum_of(v[1]));
  }
  __device__ Acc identity() const { return {0, 0}; }
  __device__ Acc finish(const Local& local) const { return local.sums; }
  __device__ Acc combine(const Acc& x, const Acc& y) const { return AddBoth{}(x, y); }
  __device__ void put(const Acc& sums, const T* const*, const int32_t (&at)[4], void* a, void* b) const {
    if (a) static_cast<T*>(a)[at[2]] = static_cast<T>(sums.a);
    if (b) static_cast<T*>(b)[at[3]] = static_cast<T>(sums.b);
  }
};

/// The sum of products of two operands.
template <class T>
struct SumProducts {
  using In = T;
  static constexpr int kOperands = 2;
  using Acc = double;
  struct Local {
    double sum = 0;
  };
  __device__ void take(Local& local, const T (&v)[2][kReduceChunk], uint32_t, uint32_t, uint32_t) const {
    T p[kReduceChunk];
#pragma unroll
    for (int k = 0; k < kReduceChunk; ++k) p[k] = v[0][k] * v[1][k];
    local.sum += static_cast<double>(sum_of(p));
  }
  __device__ Acc identity() const { return 0; }
  __device__ Acc finish(const Local& local) const { return local.sum; }
  __device__ Acc combine(Acc x, Acc y) const { return x + y; }
  __device__ void put(Acc sum, const T* const*, const int32_t (&at)[4], void* out, void*) const {
    static_cast<T*>(out)[at[2]] = static_cast<T>(sum);
  }
};

namespace {

constexpr uint32_t kManyRows = 64;  // from here on one reading for all gradients is worth its partial sums

template <class T>
void all_gradients(const PackedPlan<3>& rows, const Array& dx, const Array& dw, const Array& db, const Array& g,
                   const Array& x, const Array& mean, const Array& rstd, const Array& w, bool centred) {
  DownRows plan{rows.rows,     rows.packs,   0, 5, rows.stride[0], rows.stride[1], rows.stride[2],
                step_of(mean), step_of(rstd)};
  // About a thousand pieces, of 8 to 64 rows: their sums are in T.
  plan.piece = std::clamp<uint32_t>(rows.rows / 1024 / kPacksAtOnce * kPacksAtOnce, 8, 64);
  while (plan.log_threads < 8 && (1u << plan.log_threads) < plan.packs) ++plan.log_threads;
  const uint32_t pieces = (plan.rows + plan.piece - 1) / plan.piece, slots = kRowThreads >> plan.log_threads;
  const int64_t n = x.shape[1];
  DeviceScratch memory(sizeof(T) * static_cast<size_t>(pieces * 2 * n), Device::GG_CUDA_NS);
  T* partial = memory.as<T>();
  auto run = [&](auto kernel) {
    launch("layer_norm_backward", kernel, (pieces + slots - 1) / slots, kRowThreads, 0, plan, centred,
           static_cast<T>(1 / static_cast<double>(n)), g.as<const T>(), x.as<const T>(), dx.as<T>(), mean.as<const T>(),
           rstd.as<const T>(), w.as<const T>(), partial);
  };
  const uint32_t packs = (plan.packs + kRowThreads - 1) / kRowThreads;
  packs == 1   ? run(layer_norm_gradients_kernel<T, 1>)
  : packs == 2 ? run(layer_norm_gradients_kernel<T, 2>)
               : run(layer_norm_gradients_kernel<T, 4>);
  Array sums[2];
  for (int k = 0; k < 2; ++k) {
    sums[k] = {partial + k * n, x.dtype, {static_cast<int64_t>(pieces), n}, {}};
    sums[k].strides[0] = 2 * n;
    sums[k].strides[1] = 1;
  }
  reduce_axes("layer_norm_backward (weight)", SumPair<T>{}, sums, along(dw, 1, 2), along(db, 1, 2));
}

}  // namespace

void layer_norm_forward(Array out, Array mean, Array rstd, Array x, Array w, Array b, double eps, bool centred) {
  constexpr const char* op = "layer_norm";
  GG_CHECK(x.rank() == 2, op, ": expected a matrix, got ", x.shape);
  check_same(op, out, x);
  for (const Array* v : {&mean, &rstd}) check_vector(op, *v, x.shape[0], x);
  for (const Array* v : {&w, &b}) check_vector(op, *v, x.shape[1], x);
  visit_floating(x.dtype, op, [&]<class T>() {
    const double each = one_of(x.shape[1]);
    const auto packed = plan_packed<T>(op, kNormPacks, std::array{x, out});
    if (packed && is_packed(w) && is_packed(b)) {
      return launch("layer_norm_forward", layer_norm_packed_kernel<T>, packed.blocks(), kRowThreads, 0, packed, centred,
                    each, static_cast<T>(eps), x.as<const T>(), out.as<T>(), mean.as<T>(), step_of(mean), rstd.as<T>(),
                    step_of(rstd), w.as<const T>(), b.as<const T>());
    }
    const auto plan = plan_rows(op, std::array{x, out, mean, rstd});
    launch("layer_norm_forward", layer_norm_forward_kernel<T>, plan.blocks(), kRowThreads, 0, plan, centred, each,
           static_cast<T>(eps), x.as<const T>(), out.as<T>(), mean.as<T>(), rstd.as<T>(), w.as<const T>(), step_of(w),
           b.as<const T>(), step_of(b));
  });
}

void layer_norm_backward(Array dx, Array dw, Array db, Array g, Array x, Array mean, Array rstd, Array w,
                         bool centred) {
  constexpr const char* op = "layer_norm_backward";
  GG_CHECK(x.rank() == 2, op, ": expected a matrix, got ", x.shape);
  for (const Array* a : {&dx, &g}) check_same(op, *a, x);
  for (const Array* v : {&mean, &rstd}) check_vector(op, *v, x.shape[0], x);
  for (const Array* v : {&w, &dw, &db}) check_vector(op, *v, x.shape[1], x);
  visit_floating(x.dtype, op, [&]<class T>() {
    const bool sums = dw.data || db.data;
    auto packed = plan_packed<T>(op, kNormPacks, std::array{g, x, dx});
    if (!is_packed(w)) packed = {};
    if (packed && sums && packed.rows >= kManyRows && packed.packs >= 24 &&
        packed.packs <= kRowThreads * kPacksAtOnce) {
      return all_gradients<T>(packed, dx, dw, db, g, x, mean, rstd, w, centred);
    }
    if (sums) {
      const std::array ins{g, x, along(mean, 0, 2, &x.shape), along(rstd, 0, 2, &x.shape)};
      reduce_axes("layer_norm_backward (weight)", NormGradients<T, false>{T(0)}, ins, along(dw, 1, 2), along(db, 1, 2));
    }
    if (x.numel() == 0) return;
    const double each = one_of(x.shape[1]);
    if (packed) {
      return launch("layer_norm_backward (input)", layer_norm_packed_backward_kernel<T>, packed.blocks(), kRowThreads,
                    0, packed, centred, each, g.as<const T>(), x.as<const T>(), dx.as<T>(), mean.as<const T>(),
                    step_of(mean), rstd.as<const T>(), step_of(rstd), w.as<const T>());
    }
    const auto plan = plan_rows(op, std::array{g, x, dx, mean, rstd});
    launch("layer_norm_backward (input)", layer_norm_backward_kernel<T>, plan.blocks(), kRowThreads, 0, plan, centred,
           each, g.as<const T>(), x.as<const T>(), dx.as<T>(), mean.as<const T>(), rstd.as<const T>(), w.as<const T>(),
           step_of(w));
  });
}

void layer_norm_double_backward(Array dg, Array dx, Array dw, Array v, Array g, Array x, Array mean, Array rstd,
                                Array w, bool centred) {
  constexpr const char* op = "layer_norm_double_backward";
  GG_CHECK(x.rank() == 2, op, ": expected a matrix, got ", x.shape);
  for (const Array* a : {&dg, &dx, &v, &g}) check_same(op, *a, x);
  for (const Array* a : {&mean, &rstd}) check_vector(op, *a, x.shape[0], x);
  for (const Array* a : {&w, &dw}) check_vector(op, *a, x.shape[1], x);
  visit_floating(x.dtype, op, [&]<class T>() {
    const auto count = static_cast<size_t>(dw.data ? x.numel() : 0);
    DeviceScratch memory(sizeof(T) * count, Device::GG_CUDA_NS);
    const Array pv{count ? memory.as<T>() : nullptr, x.dtype, x.shape, Layout::contiguous(x.shape).strides};
    if (x.numel() > 0) {
      const auto plan = plan_rows(op, std::array{v, g, x, dg, dx, pv});
      launch(op, layer_norm_double_backward_kernel<T>, plan.blocks(), kRowThreads, 0, plan, centred, one_of(x.shape[1]),
             v.as<const T>(), g.as<const T>(), x.as<const T>(), dg.as<T>(), dx.as<T>(), pv.as<T>(), mean.as<const T>(),
             step_of(mean), rstd.as<const T>(), step_of(rstd), w.as<const T>(), step_of(w));
    }
    if (dw.data) {
      reduce_axes("layer_norm_double_backward (weight)", SumProducts<T>{}, std::array{g, pv}, along(dw, 1, 2),
                  along(dw, 1, 2));
    }
  });
}

}  // namespace gg::GG_CUDA_NS
