// One pass over a row gathers what all its elements share, a second one writes; rows of up to 2048 elements stay in
// registers between the two, so that x and out cross the memory bus once (cuda/rows.cuh).
#include "cuda/softmax.h"

#include "cuda/online_sum.cuh"

namespace gg::GG_CUDA_NS {

enum class SoftmaxForm { softmax, log_softmax, logsumexp };

// Operands: x, out. The logsumexp has no second pass; its out has one element a row.
// bytes: x + out up to 2048 columns, the least; 2·x + out beyond
template <class T, SoftmaxForm kForm>
__global__ void __launch_bounds__(kRowThreads, kRowBlocks) softmax_forward_kernel(RowPlan<2> plan, const T* x, T* out) {
  const T inf = static_cast<T>(INFINITY), nan = static_cast<T>(NAN);
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
      if (!active || threads.rank != 0) continue;
      const T nan_or_zero = total.sum != total.sum ? nan : T(0);
      out[at[1]] = total.max + (total.is_infinite() ? nan_or_zero : total.log_sum());
    } else {
      // The elements themselves become NaN where this is.
      const T shared = total.is_infinite()             ? nan
                       : kForm == SoftmaxForm::softmax ? T(1) / static_cast<T>(total.sum)
                                                       : total.log_sum();
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
// bytes: g + y + dx up to 2048 columns, the least; 2·g + 2·y + dx beyond
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

namespace {

void check_same(const Array& a, const Array& b, const char* op) {
  GG_CHECK(a.shape == b.shape && a.dtype == b.dtype && a.rank() >= 1, op,
           ": expected arrays of one shape and type, got ", a.dtype, " ", a.shape, " and ", b.dtype, " ", b.shape);
}

template <SoftmaxForm kForm>
void forward(const char* op, const Array& out, const Array& x) {
  check_same(out, x, op);
  if (x.numel() == 0) return;
  visit_floating(x.dtype, op, [&]<class T>() {
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
    const auto plan = plan_rows("logsumexp", std::array{x, out});
    launch("logsumexp", softmax_forward_kernel<T, SoftmaxForm::logsumexp>, plan.blocks(), kRowThreads, 0, plan,
           x.as<const T>(), out.as<T>());
  });
}

}  // namespace gg::GG_CUDA_NS
