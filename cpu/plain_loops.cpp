#include "cpu/plain_loops.h"

#include "core/isa.h"

namespace gg::cpu {
namespace {

const PlainLoops& table() {
  switch (isa()) {
#if defined(__x86_64__)
    case Isa::avx512:
      return PlainKernels<Avx512>::table;
    case Isa::avx2:
      return PlainKernels<Avx2>::table;
#endif
    default:
      return PlainKernels<Baseline>::table;
  }
}

}  // namespace

ElementwiseLoop plain_loop(Plain op, DType type) {
  return table().binary[static_cast<int>(op)][static_cast<int>(type)];
}
ElementwiseLoop where_loop(DType type) { return table().where[static_cast<int>(type)]; }
ElementwiseLoop cast_loop(DType from, DType to) { return table().cast[static_cast<int>(from)][static_cast<int>(to)]; }

}  // namespace gg::cpu
