// All that is used of oneDNN, without its headers. Every call runs on the calling thread alone.
#pragma once

#include <cstdint>
#include <string>

namespace gg::cpu {

/// Row-major c [m,n] = op(a) · op(b) with op(a) [m,k], op(b) [k,n]; a transposed operand is stored as [k,m] or [n,k].
/// With `accumulate` it is added to c. Returns false where the library refuses the sizes.
bool onednn_sgemm(bool transpose_a, bool transpose_b, int64_t m, int64_t n, int64_t k, const float* a, int64_t lda,
                  const float* b, int64_t ldb, float* c, int64_t ldc, bool accumulate = false);

/// "oneDNN 2.6.3".
std::string onednn_version();

}  // namespace gg::cpu
