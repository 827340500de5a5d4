// The kernels of the operations that are no functors (core/plain.h), as tables.
#include "core/plain.h"

#include "cuda/elementwise.cuh"

namespace gg::GG_CUDA_NS {

template <Plain op, class S>
struct PlainOp {
  __device__ PlainResult<op, S> operator()(S a, S b) const { return plain<op>(a, b); }
};

template <class S>
struct WhereOp {
  __device__ S operator()(Byte condition, S a, S b) const { return condition ? a : b; }
};

template <class From, class To>
struct CastOp {
  __device__ To operator()(From x) const { return plain_cast<To>(x); }
};

namespace {

template <int kType, int... kOp>
void fill_binary(DevicePlainKernels& table, std::integer_sequence<int, kOp...>) {
  using S = Stored<kType>;
  auto fill_one = [&]<Plain op>() {
    if constexpr (plain_exists(op, kType)) {
      table.binary[static_cast<int>(op)][kType] = elementwise_kernel<PlainOp<op, S>, PlainResult<op, S>, S, S>;
    }
  };
  (fill_one.template operator()<static_cast<Plain>(kOp)>(), ...);
}

template <int... kType>
DevicePlainKernels make_table(std::integer_sequence<int, kType...>) {
  DevicePlainKernels table{};
  auto fill_one = [&]<int kFrom>() {
    using S = Stored<kFrom>;
    fill_binary<kFrom>(table, std::make_integer_sequence<int, kPlainCount>());
    table.where[kFrom] = elementwise_kernel<WhereOp<S>, S, Byte, S, S>;
    ((table.cast[kFrom][kType] = elementwise_kernel<CastOp<S, Stored<kType>>, Stored<kType>, S>), ...);
  };
  (fill_one.template operator()<kType>(), ...);
  return table;
}

}  // namespace

const DevicePlainKernels& plain_kernels() {
  static const DevicePlainKernels table = make_table(std::make_integer_sequence<int, 4>());
  return table;
}

}  // namespace gg::GG_CUDA_NS
