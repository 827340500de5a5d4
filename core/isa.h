// Which instruction set the CPU kernels use. Kernels are compiled once for each; the choice is made at the first call.
#pragma once

namespace gg::cpu {

/// In order of speed. On other architectures than x86-64 there is only `baseline`.
enum class Isa { baseline, avx2, avx512 };
inline constexpr int kIsaCount = 3;

/// The best that this machine runs, or what the environment variable GG_ISA asks for (baseline, avx2 or avx512) if that
/// is less. Throws on any other text.
Isa isa();

/// "baseline", "avx2", "avx512".
const char* name_of(Isa isa);

/// The best that this machine runs, whatever GG_ISA says.
Isa best_isa();

}  // namespace gg::cpu
