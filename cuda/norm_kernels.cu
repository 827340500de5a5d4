// Layer norm works row by row (cuda/rows.cuh): rows of up to 2048 elements are read once, stay in registers through
// mean, variance and output, and are written once. Its weight's gradients sum over rows, batch norm's statistics and
// gradients over all but the channel: reductions (cuda/reduce_axes.cuh), each of which reads its operands once. What
// batch norm writes is elementwise.
#include "cuda/norm_kernels.h"

#include "cuda/norm_policies.cuh"
#include "cuda/rows.cuh"

namespace gg::GG_CUDA_NS {

// Operands: x, out, mean, rstd.
// bytes: x + out up to 2048 columns, the least; 3·x + out beyond
template <class T>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks)
    layer_norm_forward_kernel(RowPlan<4> plan, double each, T eps, const T* x, T* out, T* mean, T* rstd, const T* w,
                              int32_t w_step, const T* b, int32_t b_step) {
  const RowThreads threads(plan.log_threads);
  RowReader<T, 1> reader(threads);
  for (uint32_t first = blockIdx.x * threads.slots; first < plan.rows.count; first += gridDim.x * threads.slots) {
    const uint32_t row = first + threads.slot;
    const bool active = row < plan.rows.count;
    int32_t at[4] = {};
    if (active) plan.rows.add_offsets(row, at);
    reader.open(0, x + at[0], plan.step[0], T(0), active ? plan.cols : 0);
    double total = 0;
    reader.each([&](const T(&v)[1][kRowChunk], uint32_t) { total += static_cast<double>(sum_of(v[0])); });
    const T m = static_cast<T>(threads.reduce(total, 0.0, Add{}) * each);
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
// bytes: x + g + dx up to 2048 columns, the least; 2·x + 2·g + dx beyond
template <class T>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks)
    layer_norm_backward_kernel(RowPlan<5> plan, double each, const T* g, const T* x, T* dx, const T* mean,
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
    const T h_mean = static_cast<T>(total.a * each), hu_mean = static_cast<T>(total.b * each);
    reader.each([&](const T(&v)[2][kRowChunk], uint32_t c0) {
      reader.put(c0, [&](int k, int32_t c) {
        const T u = (v[1][k] - m) * r;
        dx[at[2] + c * plan.step[2]] = r * (v[0][k] * w[c * w_step] - h_mean - u * hu_mean);
      });
    });
  }
}

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

namespace {

unsigned map_blocks(uint32_t count) { return grid_for((int64_t{count} + kMapUnroll - 1) / kMapUnroll, kMapThreads); }

int32_t step_of(const Array& vector) { return static_cast<int32_t>(vector.strides[0]); }

/// A vector as an array of rank `rank` that lies along `axis`, and repeats along the others if their sizes are given.
Array along(const Array& vector, int axis, int rank, const Shape* shape = nullptr) {
  Array a{vector.data, vector.dtype, {}, {}};
  for (int i = 0; i < rank; ++i) a.shape.push_back(i == axis ? vector.shape[0] : shape ? (*shape)[i] : 1);
  a.strides[axis] = vector.strides[0];
  return a;
}

void check_vector(const char* op, const Array& v, int64_t n, const Array& x) {
  GG_CHECK(v.shape == Shape{n} && v.dtype == x.dtype, op, ": expected ", x.dtype, " [", n, "], got ", v.dtype, " ",
           v.shape);
  check_reach(op, {v});
}

void check_same(const char* op, const Array& a, const Array& x) {
  GG_CHECK(a.shape == x.shape && a.dtype == x.dtype, op, ": expected ", x.dtype, " ", x.shape, ", got ", a.dtype, " ",
           a.shape);
  check_reach(op, {a, x});
}

/// Not an array in memory: an operand whose offset is the number of the channel.
Array channel_numbers(const Array& x) {
  Array a{nullptr, i64, x.shape, {}};
  a.strides[1] = 1;
  return a;
}

double one_of(int64_t n) { return n > 0 ? 1 / static_cast<double>(n) : 0; }

}  // namespace

void layer_norm_forward(Array out, Array mean, Array rstd, Array x, Array w, Array b, double eps) {
  constexpr const char* op = "layer_norm";
  GG_CHECK(x.rank() == 2, op, ": expected a matrix, got ", x.shape);
  check_same(op, out, x);
  for (const Array* v : {&mean, &rstd}) check_vector(op, *v, x.shape[0], x);
  for (const Array* v : {&w, &b}) check_vector(op, *v, x.shape[1], x);
  visit_floating(x.dtype, op, [&]<class T>() {
    const auto plan = plan_rows(op, std::array{x, out, mean, rstd});
    launch("layer_norm_forward", layer_norm_forward_kernel<T>, plan.blocks(), kRowThreads, 0, plan, one_of(plan.cols),
           static_cast<T>(eps), x.as<const T>(), out.as<T>(), mean.as<T>(), rstd.as<T>(), w.as<const T>(), step_of(w),
           b.as<const T>(), step_of(b));
  });
}

void layer_norm_backward(Array dx, Array dw, Array db, Array g, Array x, Array mean, Array rstd, Array w) {
  constexpr const char* op = "layer_norm_backward";
  GG_CHECK(x.rank() == 2, op, ": expected a matrix, got ", x.shape);
  for (const Array* a : {&dx, &g}) check_same(op, *a, x);
  for (const Array* v : {&mean, &rstd}) check_vector(op, *v, x.shape[0], x);
  for (const Array* v : {&w, &dw, &db}) check_vector(op, *v, x.shape[1], x);
  visit_floating(x.dtype, op, [&]<class T>() {
    const std::array ins{g, x, along(mean, 0, 2, &x.shape), along(rstd, 0, 2, &x.shape)};
    reduce_axes("layer_norm_backward (weight)", NormGradients<T, false>{T(0)}, ins, along(dw, 1, 2), along(db, 1, 2));
    if (x.numel() == 0) return;
    const auto plan = plan_rows(op, std::array{g, x, dx, mean, rstd});
    launch("layer_norm_backward (input)", layer_norm_backward_kernel<T>, plan.blocks(), kRowThreads, 0, plan,
           one_of(plan.cols), g.as<const T>(), x.as<const T>(), dx.as<T>(), mean.as<const T>(), rstd.as<const T>(),
           w.as<const T>(), step_of(w));
  });
}

void batch_norm_statistics(Array mean, Array var, Array x) {
  constexpr const char* op = "batch_norm_statistics";
  GG_CHECK(x.rank() >= 2, op, ": expected [N, C, ...], got ", x.shape);
  for (const Array* v : {&mean, &var}) check_vector(op, *v, x.shape[1], x);
  visit_floating(x.dtype, op, [&]<class T>() {
    reduce_axes(op, MomentsOf<T>{}, std::array{x}, along(mean, 1, x.rank()), along(var, 1, x.rank()));
  });
}

void batch_norm_forward(Array out, Array x, Array mean, Array var, Array w, Array b, double eps) {
  constexpr const char* op = "batch_norm";
  GG_CHECK(x.rank() >= 2, op, ": expected [N, C, ...], got ", x.shape);
  check_same(op, out, x);
  for (const Array* v : {&mean, &var, &w, &b}) check_vector(op, *v, x.shape[1], x);
  if (x.numel() == 0) return;
  visit_floating(x.dtype, op, [&]<class T>() {
    const auto plan = make_plan(op, std::array{out, x, channel_numbers(x)});
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
    const auto plan = make_plan(op, std::array{dx, g, x, channel_numbers(x)});
    const ChannelSteps step{step_of(mean), step_of(var), step_of(w), 0, step_of(dw), step_of(db)};
    launch("batch_norm_backward (input)", batch_norm_backward_kernel<T>, map_blocks(plan.count), kMapThreads, 0, plan,
           step, static_cast<T>(eps), static_cast<T>(one_of(x.numel() / x.shape[1])), dx.as<T>(), g.as<const T>(),
           x.as<const T>(), mean.as<const T>(), var.as<const T>(), w.as<const T>(), dw.as<const T>(), db.as<const T>());
  });
}

}  // namespace gg::GG_CUDA_NS
