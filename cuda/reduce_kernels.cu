#include "cuda/reduce_kernels.h"

#include "cuda/moments.cuh"

namespace gg::GG_CUDA_NS {

// Sums of floats are carried in double, those of integers and bools in 64-bit integers.
template <class T, class Out>
struct SumOf {
  using In = T;
  using Acc = std::conditional_t<std::is_floating_point_v<T>, double, unsigned long long>;
  using Local = Acc;
  using Part = std::conditional_t<std::is_floating_point_v<T>, T, unsigned long long>;
  static constexpr int kOperands = 1;

  __device__ void take(Local& sum, const T (&v)[1][kReduceChunk], uint32_t, uint32_t, uint32_t) const {
    Part p[kReduceChunk];
#pragma unroll
    for (int k = 0; k < kReduceChunk; ++k) p[k] = static_cast<Part>(v[0][k]);
    sum += static_cast<Acc>(sum_of(p));
  }
  __device__ Acc identity() const { return 0; }
  __device__ Acc finish(const Local& sum) const { return sum; }
  __device__ Acc combine(Acc a, Acc b) const { return a + b; }
  __device__ void put(Acc sum, const T* const*, const int32_t (&at)[3], void* out, void*) const {
    static_cast<Out*>(out)[at[1]] = static_cast<Out>(sum);
  }
};

// The best element so far and where it stands; no element while index < 0.
template <class T>
struct ExtremeOf {
  using In = T;
  using Index = std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;
  struct Acc {
    T value;
    Index index;
  };
  struct Local {
    T value = 0;
    Index index = -1;
  };
  static constexpr int kOperands = 1;
  bool largest;

  __device__ bool better(T a, T b) const { return largest ? a > b : a < b; }
  __device__ void take(Local& best, const T (&v)[1][kReduceChunk], uint32_t first, uint32_t apart, uint32_t end) const {
#pragma unroll
    for (int k = 0; k < kReduceChunk; ++k) {  // in the order of the positions, so the first of equals stays
      const uint32_t i = first + static_cast<uint32_t>(k) * apart;
      const T u = v[0][k], b = best.value;
      const bool take = i < end && (best.index < 0 || ((better(u, b) || u != u) && b == b));
      best.value = take ? u : b;
      best.index = take ? static_cast<Index>(i) : best.index;
    }
  }
  __device__ Acc identity() const { return {0, -1}; }
  __device__ Acc finish(const Local& best) const { return {best.value, best.index}; }
  __device__ Acc combine(Acc a, Acc b) const {
    if (a.index < 0) return b;
    if (b.index < 0) return a;
    const bool a_nan = a.value != a.value, b_nan = b.value != b.value;
    if (a_nan != b_nan) return a_nan ? a : b;
    if (better(a.value, b.value)) return a;
    if (better(b.value, a.value)) return b;
    return a.index < b.index ? a : b;
  }
  __device__ void put(Acc best, const T* const*, const int32_t (&at)[3], void* values, void* indices) const {
    if (values) static_cast<T*>(values)[at[1]] = best.value;
    if (indices) static_cast<int64_t*>(indices)[at[2]] = best.index;
  }
};

namespace {

void extreme(Array values, Array indices, const Array& x, int axis, bool largest, const char* op) {
  axis = normalize_axis(axis, x.rank(), op);
  Shape expected = x.shape;
  expected[axis] = 1;
  GG_CHECK(!values.data || (values.shape == expected && values.dtype == x.dtype), op, ": expected values ", expected,
           " of ", x.dtype, ", got ", values.shape, " of ", values.dtype);
  GG_CHECK(!indices.data || (indices.shape == expected && indices.dtype == i64), op, ": expected indices ", expected,
           " of int64, got ", indices.shape, " of ", indices.dtype);
  if (expected.numel() == 0) return;
  GG_CHECK(x.shape[axis] > 0, op, ": axis ", axis, " of ", x.shape, " is empty");
  for (Array* a : {&values, &indices}) {
    if (!a->data) *a = {nullptr, a->dtype, expected, {}};
  }
  auto run = [&]<class T>(T) { reduce_axes(op, ExtremeOf<T>{largest}, std::span(&x, 1), values, indices); };
  switch (x.dtype) {
    case DType::f32:
      return run(float{});
    case DType::f64:
      return run(double{});
    case DType::i64:
      return run(int64_t{});
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
  const DType expected = x.dtype == boolean ? i64 : x.dtype;
  GG_CHECK(out.dtype == expected, "sum: a sum of ", x.dtype, " is ", expected, ", got an output of ", out.dtype);
  auto run = [&]<class T, class Out>(T, Out) {
    reduce_axes("sum", SumOf<T, Out>{}, std::span(&x, 1), out, Array{nullptr, out.dtype, out.shape, {}});
  };
  switch (x.dtype) {
    case DType::f32:
      return run(float{}, float{});
    case DType::f64:
      return run(double{}, double{});
    case DType::i64:
      return run(int64_t{}, int64_t{});
    default:
      return run(bool{}, int64_t{});
  }
}

void var(Array out, Array x, double divisor) {
  GG_CHECK(out.rank() == x.rank() && out.dtype == x.dtype, "var: ", out.dtype, " ", out.shape, " does not fit ",
           x.dtype, " ", x.shape);
  for (int i = 0; i < x.rank(); ++i) {
    GG_CHECK(out.shape[i] == x.shape[i] || out.shape[i] == 1, "var: ", x.shape, " does not reduce to ", out.shape);
  }
  visit_floating(x.dtype, "var", [&]<class T>() {
    reduce_axes("var", VarianceOf<T>(divisor), std::span(&x, 1), out, Array{nullptr, out.dtype, out.shape, {}});
  });
}

void max(Array values, Array indices, Array x, int axis) { extreme(values, indices, x, axis, true, "max"); }
void min(Array values, Array indices, Array x, int axis) { extreme(values, indices, x, axis, false, "min"); }

}  // namespace gg::GG_CUDA_NS
