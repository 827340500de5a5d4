#include "cuda/arithmetic.h"

#include "cuda/functor_kernels.cuh"

namespace gg::GG_CUDA_NS {
namespace {

template <class S>
struct AddOp {
  __device__ S operator()(S a, S b) const { return a + b; }
};
template <class S>
struct SubOp {
  __device__ S operator()(S a, S b) const { return a - b; }
};
template <class S>
struct MulOp {
  __device__ S operator()(S a, S b) const { return a * b; }
};

template <template <class> class Op>
void run(const char* name, const Array& out, const Array* ins) {
  if (out.numel() == 0) return;
  visit_floating(out.dtype, name, [&]<class S>() {
    elementwise(name, Op<S>{}, std::array{strided(out), strided(ins[0]), strided(ins[1])}, DeviceStream{}, out.as<S>(),
                static_cast<const S*>(ins[0].data), static_cast<const S*>(ins[1].data));
  });
}

}  // namespace

void add(const Array& out, const Array* ins) { run<AddOp>("add", out, ins); }
void sub(const Array& out, const Array* ins) { run<SubOp>("sub", out, ins); }
void mul(const Array& out, const Array* ins) { run<MulOp>("mul", out, ins); }

}  // namespace gg::GG_CUDA_NS
