#include "losses/samples.h"

namespace gg::losses::detail {

Tensor unit_samples(const Tensor& d, bool per_sample) {
  const Tensor rows = sample_rows(d, per_sample);
  const Tensor largest = max(abs(rows), 1, {.keepdim = true});
  const Tensor scaled = rows / where(gt(largest, zeros_like(largest)), largest, ones_like(largest));
  const Tensor length = norm(scaled, {1}, {.keepdim = true});  // 1 … √d, or 0
  return reshape(scaled / where(gt(length, zeros_like(length)), length, ones_like(length)), d.shape());
}

}  // namespace gg::losses::detail
