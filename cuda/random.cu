// Numbers that are functions of their position: random ones, and arange. Compiled without contraction of a·b + c, so
// that they have the CPU's bits. A thread makes what one Philox block gives: 16 bytes of f32, f64 or i64, one store.
#include "cuda/random.h"

#include "core/convert.h"
#include "cuda/copy.h"
#include "cuda/elementwise.cuh"

namespace gg::GG_CUDA_NS {

struct UniformFloat {
  using Value = float;
  static constexpr int kPerBlock = 4;
  __device__ void operator()(const PhiloxBlock& b, float* y) const {
    for (int k = 0; k < 4; ++k) y[k] = uniform_float(b.word[k]);
  }
};

struct UniformDouble {
  using Value = double;
  static constexpr int kPerBlock = 2;
  __device__ void operator()(const PhiloxBlock& b, double* y) const {
    for (int k = 0; k < 2; ++k) y[k] = uniform_double(b.word[2 * k], b.word[2 * k + 1]);
  }
};

struct NormalFloat {
  using Value = float;
  static constexpr int kPerBlock = 4;
  __device__ void operator()(const PhiloxBlock& b, float* y) const {
    for (int k = 0; k < 4; k += 2) {
      const NormalPair<float> z = normal_pair(b.word[k], b.word[k + 1]);
      y[k] = z.first;
      y[k + 1] = z.second;
    }
  }
};

struct NormalDouble {
  using Value = double;
  static constexpr int kPerBlock = 2;
  __device__ void operator()(const PhiloxBlock& b, double* y) const {
    const NormalPair<double> z = normal_pair(b.word[0], b.word[1], b.word[2], b.word[3]);
    y[0] = z.first;
    y[1] = z.second;
  }
};

template <class T>
struct Bernoulli {
  using Value = T;
  static constexpr int kPerBlock = 4;
  uint64_t threshold;
  __device__ void operator()(const PhiloxBlock& b, T* y) const {
    for (int k = 0; k < 4; ++k) y[k] = static_cast<T>(b.word[k] < threshold);
  }
};

struct Integers {
  using Value = int64_t;
  static constexpr int kPerBlock = 2;
  uint64_t low, range;
  __device__ void operator()(const PhiloxBlock& b, int64_t* y) const {
    for (int k = 0; k < 2; ++k) {
      y[k] = static_cast<int64_t>(low + uniform_integer(b.word[2 * k], b.word[2 * k + 1], range));
    }
  }
};

/// The plan counts in row-major order.
// bytes: out, the least
template <class Draw>
__global__ void __launch_bounds__(kElementwiseThreads)
    random_kernel(Draw draw, PhiloxState state, StridedPlan plan, typename Draw::Value* out) {
  constexpr uint32_t kWidth = Draw::kPerBlock;
  using Values = Pack<typename Draw::Value, kWidth>;
  const uint32_t blocks = (plan.count + kWidth - 1) / kWidth;
  const uint32_t b = blockIdx.x * blockDim.x + threadIdx.x;
  if (b >= blocks) return;
  Values y;
  draw(philox(state.seed, state.offset + b, state.stream), y.element);
  const uint32_t first = b * kWidth;
  if (plan.in_packs && first + kWidth <= plan.count) {
    *reinterpret_cast<Values*>(out + first) = y;
    return;
  }
#pragma unroll
  for (uint32_t k = 0; k < kWidth; ++k) {
    int32_t at[1] = {};
    plan.add_offsets(first + k, at);
    if (first + k < plan.count) out[at[0]] = y.element[k];
  }
}

/// x times shift + factor · what random_kernel would draw.
// bytes: x + out, the least
template <class Draw, class T>
__global__ void __launch_bounds__(kElementwiseThreads)
    dropout_kernel(Draw draw, T factor, T shift, PhiloxState state, StridedPlan plan, T* out, const T* x) {
  constexpr uint32_t kWidth = Draw::kPerBlock;
  const uint32_t b = blockIdx.x * blockDim.x + threadIdx.x, first = b * kWidth;
  if (first >= plan.count) return;
  Pack<T, kWidth> y;
  draw(philox(state.seed, state.offset + b, state.stream), y.element);
  if (plan.in_packs && first + kWidth <= plan.count) {
    const auto values = *reinterpret_cast<const Pack<T, kWidth>*>(x + first);
#pragma unroll
    for (uint32_t k = 0; k < kWidth; ++k) y.element[k] = values.element[k] * (shift + factor * y.element[k]);
    *reinterpret_cast<Pack<T, kWidth>*>(out + first) = y;
    return;
  }
#pragma unroll
  for (uint32_t k = 0; k < kWidth; ++k) {
    int32_t at[2] = {};
    plan.add_offsets(first + k, at);
    if (first + k < plan.count) out[at[0]] = x[at[1]] * (shift + factor * y.element[k]);
  }
}

// bytes: out, the least
template <class T, class Value>
__global__ void __launch_bounds__(kElementwiseThreads)
    arange_kernel(Value start, Value step, StridedPlan plan, T* out) {
  const uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= plan.count) return;
  int32_t at[1] = {};
  plan.add_offsets(i, at);
  out[at[0]] = convert<T>(start + static_cast<Value>(i) * step);
}

namespace {

template <class Draw>
void run(const char* name, const Draw& draw, const PhiloxState& state, const Array& out) {
  StridedPlan plan = make_plan(name, std::span<const Array>(&out, 1), PlanOrder::row_major);
  if (plan.packed) plan.use_packs(std::span<const Array>(&out, 1), Draw::kPerBlock);
  const unsigned grid = blocks_for((int64_t{plan.count} + Draw::kPerBlock - 1) / Draw::kPerBlock, kElementwiseThreads);
  launch(name, random_kernel<Draw>, grid, kElementwiseThreads, 0, draw, state, plan, out.as<typename Draw::Value>());
}

// out = x · (shift + factor · draw)
template <class Draw, class T>
void multiply(const char* name, const Draw& draw, T factor, T shift, const PhiloxState& state, const Array& out,
              const Array& x) {
  const Array operands[] = {out, x};
  StridedPlan plan = make_plan(name, operands, PlanOrder::row_major);
  if (plan.packed) plan.use_packs(operands, Draw::kPerBlock);
  const unsigned grid = blocks_for((int64_t{plan.count} + Draw::kPerBlock - 1) / Draw::kPerBlock, kElementwiseThreads);
  launch(name, dropout_kernel<Draw, T>, grid, kElementwiseThreads, 0, draw, factor, shift, state, plan, out.as<T>(),
         x.as<const T>());
}

template <class Value>
void arange_in(const Array& out, Value start, Value step) {
  GG_CHECK(out.rank() == 1, "arange: expected one axis, got ", out.shape);
  const StridedPlan plan = make_plan("arange", std::span<const Array>(&out, 1));
  visit_any(out.dtype, [&]<class T>() {
    if constexpr (std::is_same_v<T, bool>) {
      fail("arange: not defined for bool");
    } else {
      launch("arange", arange_kernel<T, Value>, blocks_for(plan.count, kElementwiseThreads), kElementwiseThreads, 0,
             start, step, plan, out.as<T>());
    }
  });
}

}  // namespace

void random_uniform(Array out, const PhiloxState* state) {
  visit_floating(out.dtype, "random_uniform", [&]<class T>() {
    run("random_uniform", std::conditional_t<std::is_same_v<T, float>, UniformFloat, UniformDouble>{}, *state, out);
  });
}

void random_normal(Array out, const PhiloxState* state) {
  visit_floating(out.dtype, "random_normal", [&]<class T>() {
    run("random_normal", std::conditional_t<std::is_same_v<T, float>, NormalFloat, NormalDouble>{}, *state, out);
  });
}

void random_bernoulli(Array out, const PhiloxState* state, double p) {
  GG_CHECK(p >= 0 && p <= 1, "random_bernoulli: expected a probability from 0 to 1, got ", p);
  visit_any(out.dtype, [&]<class T>() {
    using Value = std::conditional_t<std::is_same_v<T, bool>, Byte, T>;
    run("random_bernoulli", Bernoulli<Value>{bernoulli_threshold(p)}, *state, out);
  });
}

void random_dropout(Array out, Array x, const PhiloxState* state, double keep) {
  GG_CHECK(keep > 0 && keep <= 1, "random_dropout: expected a probability above 0 and up to 1, got ", keep);
  GG_CHECK(out.dtype == x.dtype, "random_dropout: types differ: ", out.dtype, " and ", x.dtype);
  visit_floating(out.dtype, "random_dropout", [&]<class T>() {
    multiply("random_dropout", Bernoulli<T>{bernoulli_threshold(keep)}, T(1) / static_cast<T>(keep), T(0), *state, out,
             x);
  });
}

void random_noise(Array out, Array x, const PhiloxState* state, Noise kind, double width) {
  GG_CHECK(out.dtype == x.dtype, "random_noise: types differ: ", out.dtype, " and ", x.dtype);
  const NoiseFactor f = noise_factor(kind, width);
  visit_floating(out.dtype, "random_noise", [&]<class T>() {
    const T scale = static_cast<T>(f.scale), shift = static_cast<T>(f.shift);
    constexpr bool kSingle = std::is_same_v<T, float>;
    if (kind == Noise::uniform) {
      multiply("random_noise", std::conditional_t<kSingle, UniformFloat, UniformDouble>{}, scale, shift, *state, out,
               x);
    } else {
      multiply("random_noise", std::conditional_t<kSingle, NormalFloat, NormalDouble>{}, scale, shift, *state, out, x);
    }
  });
}

void random_integers(Array out, const PhiloxState* state, int64_t low, int64_t high) {
  GG_CHECK(out.dtype == i64, "random_integers: expected int64, got ", out.dtype);
  GG_CHECK(low < high, "random_integers: the range from ", low, " to ", high, " (exclusive) is empty");
  const auto first = static_cast<uint64_t>(low), range = static_cast<uint64_t>(high) - first;
  run("random_integers", Integers{first, range}, *state, out);
}

void arange(Array out, double start, double step) { arange_in(out, start, step); }
void arange(Array out, int64_t start, int64_t step) { arange_in(out, start, step); }

}  // namespace gg::GG_CUDA_NS
