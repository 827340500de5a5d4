// Which instruction set the CPU kernels use. Kernels are compiled once for each; the choice is made at the first call.
#pragma once

namespace gg::cpu {

/// In order of speed. On other architectures than x86-64 there is only `baseline`.
enum class Isa { baseline, avx2, avx512 };
inline constexpr int kIsaCount = 3;

/// The choice: choose_isa of the environment variable GG_ISA.
Isa isa();

/// The best that this machine runs, or what `text` asks for ("baseline", "avx2", "avx512") if that is less. Null or
/// empty text asks for nothing; any other throws.
Isa choose_isa(const char* text);

/// "baseline", "avx2", "avx512".
const char* name_of(Isa isa);

/// The best that this machine runs, whatever GG_ISA says.
Isa best_isa();

}  // namespace gg::cpu
