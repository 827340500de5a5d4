#include "core/isa.h"

#include <cstdlib>
#include <string_view>

#include "core/error.h"

namespace gg::cpu {

Isa best_isa() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
              __builtin_cpu_supports("bmi2");
  bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                __builtin_cpu_supports("avx512vl");
  if (avx512) return Isa::avx512;
  if (avx2) return Isa::avx2;
#endif
  return Isa::baseline;
}

const char* name_of(Isa isa) {
  constexpr const char* names[] = {"baseline", "avx2", "avx512"};
  return names[static_cast<int>(isa)];
}

Isa choose_isa(const char* text) {
  Isa best = best_isa();
  if (!text || !*text) return best;
  for (Isa i : {Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (std::string_view(text) == name_of(i)) return i < best ? i : best;
  }
  fail("GG_ISA: expected baseline, avx2 or avx512, got '", text, "'");
}

Isa isa() {
  static const Isa chosen = choose_isa(std::getenv("GG_ISA"));
  return chosen;
}

}  // namespace gg::cpu
