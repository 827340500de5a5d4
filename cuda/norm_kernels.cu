// Batch norm's statistics and gradients sum over all but the channel: reductions (cuda/reduce_axes.cuh), each of which
// reads its operands once. What it writes is elementwise.
#include "cuda/norm_kernels.h"

#include "cuda/norm_arrays.cuh"
#include "cuda/norm_policies.cuh"
#include "cuda/packed_rows.cuh"

namespace gg::GG_CUDA_NS {

inline constexpr int kMapThreads = 256, kMapUnroll = 4;  // elements of a thread, so that several reads are in flight

/// The distances of the elements of vectors of one number for each channel.
struct ChannelSteps {
  int32_t mean, var, w, b, dw, db;
};

// Operands: out, x, and the number of the channel.
// bytes: x + out, the least once the statistics are known
template <class T>
__global__ void __launch_bounds__(kMapThreads)
    batch_norm_forward_kernel(StridedPlan plan, ChannelSteps step, T eps, T* out, const T* x, const T* mean,
                              const T* var, const T* w, const T* b) {
  if (plan.in_packs) {  // of one channel each
    constexpr int kSize = kPackSize<T>;
    const uint32_t apart = gridDim.x * kMapThreads * kSize;
    for (uint32_t i = (blockIdx.x * kMapThreads + threadIdx.x) * kSize; i < plan.count; i += apart) {
      int32_t at[3] = {};
      plan.pack_offsets(i, at);
      const int32_t c = at[2];
      RowPack<T> v = *reinterpret_cast<const RowPack<T>*>(x + at[1]);
      const T scale = w[c * step.w] / sqrt(var[c * step.var] + eps), m = mean[c * step.mean], shift = b[c * step.b];
#pragma unroll
      for (int e = 0; e < kSize; ++e) v.element[e] = (v.element[e] - m) * scale + shift;
      *reinterpret_cast<RowPack<T>*>(out + at[0]) = v;
    }
    return;
  }
  const uint32_t tile = kMapThreads * kMapUnroll;
  for (uint32_t first = blockIdx.x * tile + threadIdx.x; first < plan.count; first += gridDim.x * tile) {
#pragma unroll
    for (int k = 0; k < kMapUnroll; ++k) {
      const uint32_t i = first + static_cast<uint32_t>(k) * kMapThreads;
      if (i >= plan.count) continue;
      int32_t at[3] = {};
      plan.add_offsets(i, at);
      const int32_t c = at[2];
      const T scale = w[c * step.w] / sqrt(var[c * step.var] + eps);
      out[at[0]] = (x[at[1]] - mean[c * step.mean]) * scale + b[c * step.b];
    }
  }
}

// dx = w·rstd · (g - db/n - u · dw/n), u = (x - mean)·rstd. Operands: dx, g, x, and the number of the channel.
// bytes: x + g + dx, the least once dw and db are known
template <class T>
__global__ void __launch_bounds__(kMapThreads)
    batch_norm_backward_kernel(StridedPlan plan, ChannelSteps step, T eps, T each, T* dx, const T* g, const T* x,
                               const T* mean, const T* var, const T* w, const T* dw, const T* db) {
  if (plan.in_packs) {  // of one channel each
    constexpr int kSize = kPackSize<T>;
    const uint32_t apart = gridDim.x * kMapThreads * kSize;
    for (uint32_t i = (blockIdx.x * kMapThreads + threadIdx.x) * kSize; i < plan.count; i += apart) {
      int32_t at[4] = {};
      plan.pack_offsets(i, at);
      const int32_t c = at[3];
      RowPack<T> v = *reinterpret_cast<const RowPack<T>*>(g + at[1]);
      const RowPack<T> xs = *reinterpret_cast<const RowPack<T>*>(x + at[2]);
      const T rstd = T(1) / sqrt(var[c * step.var] + eps), m = mean[c * step.mean], scale = w[c * step.w] * rstd;
      const T g_mean = db[c * step.db] * each, gu_mean = dw[c * step.dw] * each;
#pragma unroll
      for (int e = 0; e < kSize; ++e) {
        const T u = (xs.element[e] - m) * rstd;
        v.element[e] = scale * (v.element[e] - g_mean - u * gu_mean);
      }
      *reinterpret_cast<RowPack<T>*>(dx + at[0]) = v;
    }
    return;
  }
  const uint32_t tile = kMapThreads * kMapUnroll;
  for (uint32_t first = blockIdx.x * tile + threadIdx.x; first < plan.count; first += gridDim.x * tile) {
#pragma unroll
    for (int k = 0; k < kMapUnroll; ++k) {
      const uint32_t i = first + static_cast<uint32_t>(k) * kMapThreads;
      if (i >= plan.count) continue;
      int32_t at[4] = {};
      plan.add_offsets(i, at);
      const int32_t c = at[3];
      const T rstd = T(1) / sqrt(var[c * step.var] + eps), u = (x[at[2]] - mean[c * step.mean]) * rstd;
      dx[at[0]] = w[c * step.w] * rstd * (g[at[1]] - db[c * step.db] * each - u * (dw[c * step.dw] * each));
    }
  }
}

struct CombineSteps {
  int32_t mean, a, b, c;
};

// out = g·a + (x - mean)·b + c. Operands: out, g, x, and the number of the channel.
// bytes: x + g + out, the least
template <class T>
__global__ void __launch_bounds__(kMapThreads)
    channel_combine_kernel(StridedPlan plan, CombineSteps step, T* out, const T* g, const T* x, const T* mean,
                           const T* a, const T* b, const T* c) {
  if (plan.in_packs) {  // of one channel each
    constexpr int kSize = kPackSize<T>;
    const uint32_t apart = gridDim.x * kMapThreads * kSize;
    for (uint32_t i = (blockIdx.x * kMapThreads + threadIdx.x) * kSize; i < plan.count; i += apart) {
      int32_t at[4] = {};
      plan.pack_offsets(i, at);
      const int32_t k = at[3];
      RowPack<T> v = *reinterpret_cast<const RowPack<T>*>(g + at[1]);
      const RowPack<T> xs = *reinterpret_cast<const RowPack<T>*>(x + at[2]);
      const T m = mean[k * step.mean], p = a[k * step.a], q = b[k * step.b], r = c[k * step.c];
#pragma unroll
      for (int e = 0; e < kSize; ++e) v.element[e] = v.element[e] * p + (xs.element[e] - m) * q + r;
      *reinterpret_cast<RowPack<T>*>(out + at[0]) = v;
    }
    return;
  }
  const uint32_t tile = kMapThreads * kMapUnroll;
  for (uint32_t first = blockIdx.x * tile + threadIdx.x; first < plan.count; first += gridDim.x * tile) {
#pragma unroll
    for (int k = 0; k < kMapUnroll; ++k) {
      const uint32_t i = first + static_cast<uint32_t>(k) * kMapThreads;
      if (i >= plan.count) continue;
      int32_t at[4] = {};
      plan.add_offsets(i, at);
      const int32_t n = at[3];
      out[at[0]] = g[at[1]] * a[n * step.a] + (x[at[2]] - mean[n * step.mean]) * b[n * step.b] + c[n * step.c];
    }
  }
}

namespace {

/// The plan of a kernel that maps elements: the number of the channel is the last operand.
template <class T, size_t kOperands>
StridedPlan plan_map(const char* op, const std::array<Array, kOperands>& operands) {
  StridedPlan plan = make_plan(op, operands);
  plan.use_packs(operands, kPackSize<T>);
  // The packs are read as they are, so only the number of the channel may repeat; it does not where channels lie
  // innermost.
  const bool one_channel = plan.repeats == 1u << (kOperands - 1);
  if (!one_channel || plan.count % kPackSize<T> != 0) plan.in_packs = false;
  return plan;
}

unsigned map_blocks(uint32_t count) { return grid_for((int64_t{count} + kMapUnroll - 1) / kMapUnroll, kMapThreads, 4); }

/// Not an array in memory: an operand whose offset is the number of the channel.
Array channel_numbers(const Array& x) {
  Array a{nullptr, i64, x.shape, {}};
  a.strides[1] = 1;
  return a;
}

}  // namespace

void batch_norm_statistics(Array mean, Array var, Array x) {
  constexpr const char* op = "batch_norm_statistics";
  GG_CHECK(x.rank() >= 2, op, ": expected [N, C, ...], got ", x.shape);
  for (const Array* v : {&mean, &var}) check_vector(op, *v, x.shape[1], x);
  visit_floating(x.dtype, op, [&]<class T>() {
    reduce_axes(op, MomentsOf<T>{}, std::array{x}, along(mean, 1, x.rank()), along(var, 1, x.rank()));
  });
}

void channel_gradients(Array dw, Array db, Array g, Array x, Array mean) {
  constexpr const char* op = "channel_gradients";
  GG_CHECK(x.rank() >= 2, op, ": expected [N, C, ...], got ", x.shape);
  check_same(op, g, x);
  for (const Array* v : {&dw, &db, &mean}) check_vector(op, *v, x.shape[1], x);
  visit_floating(x.dtype, op, [&]<class T>() {
    reduce_axes(op, ProductAndSum<T>{}, std::array{g, x, along(mean, 1, x.rank(), &x.shape)}, along(dw, 1, x.rank()),
                along(db, 1, x.rank()));
  });
}

void channel_combine(Array out, Array g, Array x, Array mean, Array a, Array b, Array c) {
  constexpr const char* op = "channel_combine";
  GG_CHECK(x.rank() >= 2, op, ": expected [N, C, ...], got ", x.shape);
  for (const Array* same : {&out, &g}) check_same(op, *same, x);
  for (const Array* v : {&mean, &a, &b, &c}) check_vector(op, *v, x.shape[1], x);
  if (x.numel() == 0) return;
  visit_floating(x.dtype, op, [&]<class T>() {
    const auto plan = plan_map<T>(op, std::array{out, g, x, channel_numbers(x)});
    const CombineSteps step{step_of(mean), step_of(a), step_of(b), step_of(c)};
    launch("channel_combine", channel_combine_kernel<T>, map_blocks(plan.count), kMapThreads, 0, plan, step,
           out.as<T>(), g.as<const T>(), x.as<const T>(), mean.as<const T>(), a.as<const T>(), b.as<const T>(),
           c.as<const T>());
  });
}

void batch_norm_forward(Array out, Array x, Array mean, Array var, Array w, Array b, double eps) {
  constexpr const char* op = "batch_norm";
  GG_CHECK(x.rank() >= 2, op, ": expected [N, C, ...], got ", x.shape);
  check_same(op, out, x);
  for (const Array* v : {&mean, &var, &w, &b}) check_vector(op, *v, x.shape[1], x);
  if (x.numel() == 0) return;
  visit_floating(x.dtype, op, [&]<class T>() {
    const auto plan = plan_map<T>(op, std::array{out, x, channel_numbers(x)});
    const ChannelSteps step{step_of(mean), step_of(var), step_of(w), step_of(b), 0, 0};
    launch("batch_norm_forward", batch_norm_forward_kernel<T>, map_blocks(plan.count), kMapThreads, 0, plan, step,
           static_cast<T>(eps), out.as<T>(), x.as<const T>(), mean.as<const T>(), var.as<const T>(), w.as<const T>(),
           b.as<const T>());
  });
}

void batch_norm_backward(Array dx, Array dw, Array db, Array g, Array x, Array mean, Array var, Array w, double eps) {
  constexpr const char* op = "batch_norm_backward";
  GG_CHECK(x.rank() >= 2, op, ": expected [N, C, ...], got ", x.shape);
  for (const Array* a : {&dx, &g}) check_same(op, *a, x);
  for (const Array* v : {&mean, &var, &w, &dw, &db}) check_vector(op, *v, x.shape[1], x);
  visit_floating(x.dtype, op, [&]<class T>() {
    const std::array ins{g, x, along(mean, 1, x.rank(), &x.shape), along(var, 1, x.rank(), &x.shape)};
    reduce_axes("batch_norm_backward (weight)", NormGradients<T, true>{static_cast<T>(eps)}, ins,
                along(dw, 1, x.rank()), along(db, 1, x.rank()));
    if (x.numel() == 0) return;
    const auto plan = plan_map<T>(op, std::array{dx, g, x, channel_numbers(x)});
    const ChannelSteps step{step_of(mean), step_of(var), step_of(w), 0, step_of(dw), step_of(db)};
    launch("batch_norm_backward (input)", batch_norm_backward_kernel<T>, map_blocks(plan.count), kMapThreads, 0, plan,
           step, static_cast<T>(eps), static_cast<T>(one_of(x.numel() / x.shape[1])), dx.as<T>(), g.as<const T>(),
           x.as<const T>(), mean.as<const T>(), var.as<const T>(), w.as<const T>(), dw.as<const T>(), db.as<const T>());
  });
}

}  // namespace gg::GG_CUDA_NS
