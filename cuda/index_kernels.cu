// Picking is one elementwise kernel, which moves 16 bytes at a time where slices allow it.
#include "cuda/index_kernels.h"

#include <array>
#include <cstring>

#include "cuda/indexed_axis.cuh"

namespace gg::GG_CUDA_NS {

struct alignas(16) Bits128 {
  uint64_t half[2];
};

/// Operands: out, index, x without the axis. `none`: the byte of which elements without a source are made.
// bytes: index + 2·out, the least; index again for each element where it is broadcast, from the cache
template <class Bits>
__global__ void __launch_bounds__(kIndexThreads) gather_kernel(StridedPlan plan, IndexedAxis axis, int none, Bits* out,
                                                               const int64_t* index, const Bits* x, Fault* fault) {
  for (uint32_t i = blockIdx.x * kIndexThreads + threadIdx.x; i < plan.count; i += gridDim.x * kIndexThreads) {
    int32_t at[3] = {};
    plan.add_offsets(i, at);
    const int64_t position = index[at[1]];
    Bits bits;
    if (is_valid(position, axis)) {
      bits = x[at[2] + static_cast<int32_t>(position) * axis.step];
    } else {
      std::memset(&bits, none, sizeof bits);
      note_fault(fault, axis, position, at[1]);
    }
    out[at[0]] = bits;
  }
}

namespace {

/// Makes a plan of (out, index, x) count packs of `width` elements, if slices lie in whole packs; else returns false.
bool widen(StridedPlan& plan, IndexedAxis& axis, int32_t width, const void* out, const void* x) {
  if (plan.rank == 0 || plan.strides[0][0] != 1 || plan.strides[1][0] != 0 || plan.strides[2][0] != 1) return false;
  auto whole = [&](int64_t n) { return n % width == 0; };
  bool fits = whole(plan.dims[0].value) && whole(axis.step) && reinterpret_cast<uintptr_t>(out) % 16 == 0 &&
              reinterpret_cast<uintptr_t>(x) % 16 == 0;
  for (int i = 1; i < plan.rank; ++i) fits &= whole(plan.strides[0][i]) && whole(plan.strides[2][i]);
  if (!fits) return false;
  plan.dims[0] = Divisor(plan.dims[0].value / static_cast<uint32_t>(width));
  for (int i = 1; i < plan.rank; ++i) {
    plan.strides[0][i] /= width;
    plan.strides[2][i] /= width;
  }
  plan.count /= static_cast<uint32_t>(width);
  axis.step /= width;
  return true;
}

/// `index` has the shape of out here.
void pick(const char* op, const Array& out, const Array& x, const Array& index, IndexedAxis axis) {
  check_reach(op, {x, index});
  if (out.numel() == 0) return;
  StridedPlan plan = make_plan(op, std::array{out, index, without_axis(x, axis.axis, out.shape)});
  auto run = [&]<class Bits>(Bits) {
    launch(op, gather_kernel<Bits>, index_grid(plan.count), kIndexThreads, 0, plan, axis,
           out.dtype == boolean ? 0 : 0xff, out.as<Bits>(), index.as<const int64_t>(), x.as<const Bits>(),
           fault_record());
  };
  const auto size = static_cast<int32_t>(size_of(out.dtype));
  if (widen(plan, axis, 16 / size, out.data, x.data)) return run(Bits128{});
  switch (size) {
    case 4:
      return run(uint32_t{});
    case 8:
      return run(uint64_t{});
    default:
      return run(uint8_t{});
  }
}

}  // namespace

void index_select(Array out, Array x, Array index, int axis) {
  axis = normalize_axis(axis, x.rank(), "index_select");
  check_slices("index_select", x, out, index, axis);
  pick("index_select", out, x, along(index, axis, out.shape), indexed(Fault::index_select, x, axis, index.strides[0]));
}

void gather(Array out, Array x, Array index, int axis) {
  axis = normalize_axis(axis, x.rank(), "gather");
  check_elements("gather", x, out, index, axis);
  pick("gather", out, x, index, indexed(Fault::gather, x, axis, 1));
}

}  // namespace gg::GG_CUDA_NS
