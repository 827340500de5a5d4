#include "cuda/matmul.h"

#include <algorithm>

#include "core/matmul_plan.h"
#include "cuda/blas.h"
#include "cuda/copy.h"
#include "cuda/platform.h"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {
namespace {

/// A row-major matrix is to a BLAS a column-major one, transposed; so c = a·b is asked for as cᵀ = bᵀ·aᵀ.
template <class T>
Gemm<T> swapped(const MatmulPlan& p, const Array& out, const Array& a, const Array& b, bool add) {
  Gemm<T> g;
  g.m = p.n;
  g.n = p.m;
  g.k = p.k;
  g.a = {b.as<const T>(), p.b.ld, p.b.transposed, 0};
  g.b = {a.as<const T>(), p.a.ld, p.a.transposed, 0};
  g.c = {out.as<T>(), p.ldc, 0};
  g.beta = add ? T(1) : T(0);
  return g;
}

/// The longest batch axis goes into one call; the others are walked here.
template <class T>
void run(const MatmulPlan& p, const Gemm<T>& first) {
  int inner = 0;
  for (int i = 1; i < p.axes; ++i) {
    if (p.sizes[i] > p.sizes[inner]) inner = i;
  }
  const int64_t calls = p.axes ? p.batch() / std::max<int64_t>(p.sizes[inner], 1) : 1;
  for (int64_t call = 0; call < calls; ++call) {
    Gemm<T> g = first;
    int64_t rest = call;
    for (int i = 0; i < p.axes; ++i) {
      if (i == inner) continue;
      const int64_t at = rest % p.sizes[i];
      rest /= p.sizes[i];
      g.b.data += at * p.strides[0][i];
      g.a.data += at * p.strides[1][i];
      g.c.data += at * p.strides[2][i];
    }
    if (p.axes) {
      g.batch = p.sizes[inner];
      g.b.stride = p.strides[0][inner];
      g.a.stride = p.strides[1][inner];
      g.c.stride = p.strides[2][inner];
    }
    gemm(g);
  }
}

DeviceScratch scratch_for(const Array& x) {
  return {size_of(x.dtype) * static_cast<size_t>(distinct_numel(x)), Device::GG_CUDA_NS};
}

Array compact(const Array& x, const DeviceScratch& buffer) {
  const CompactCopy c = compact_copy(x, buffer.as<void>());
  copy(c.to, c.from);
  return c.array;
}

/// Copies what a BLAS cannot read, and multiplies.
void multiply(Array out, Array a, Array b, bool add) {
  const BlasView view = blas_view(out);
  if (!view.possible) {
    const DeviceScratch scratch = scratch_for(out);
    Array temporary = out;
    temporary.data = scratch.as<void>();
    temporary.strides = Layout::contiguous(out.shape).strides;
    if (add) copy(temporary, out);
    multiply(temporary, a, b, add);
    return copy(out, temporary);
  }
  if (view.transposed) return multiply(transposed(out), transposed(b), transposed(a), add);
  if (!blas_view(a).possible) return multiply(out, compact(a, scratch_for(a)), b, add);
  if (!blas_view(b).possible) return multiply(out, a, compact(b, scratch_for(b)), add);
  const MatmulPlan plan = plan_matmul(out, a, b);
  visit_floating(out.dtype, "matmul", [&]<class T>() { run(plan, swapped<T>(plan, out, a, b, add)); });
}

}  // namespace

void matmul(Array out, Array a, Array b) {
  check_matmul(out, a, b);
  if (out.numel() == 0) return;
  if (a.shape[a.rank() - 1] == 0) return fill(out, 0.0);
  multiply(out, a, b, false);
}

void matmul_add(Array out, Array a, Array b) {
  check_matmul(out, a, b);
  if (out.numel() == 0 || a.shape[a.rank() - 1] == 0) return;
  multiply(out, a, b, true);
}

}  // namespace gg::GG_CUDA_NS
