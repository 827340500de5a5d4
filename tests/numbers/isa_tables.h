// Calls `fn` with the target tag and name of every instruction set that this machine can run.
#pragma once

#include "core/isa.h"
#include "core/target.h"

namespace gg::testing {

template <class Fn>
void for_each_isa(Fn fn) {
  fn(cpu::Baseline{});
#if defined(__x86_64__)
  if (cpu::best_isa() >= cpu::Isa::avx2) fn(cpu::Avx2{});
  if (cpu::best_isa() >= cpu::Isa::avx512) fn(cpu::Avx512{});
#endif
}

}  // namespace gg::testing
