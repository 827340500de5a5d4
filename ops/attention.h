// Attention: scaled_dot_product_attention, and the mask that hides the future.
#pragma once

#include <optional>

#include "core/generator.h"
#include "core/tensor.h"

namespace gg {

/// Which keys each query sees: bool [queries, keys], true where key j ≤ query i.
Tensor causal_mask(int64_t queries, int64_t keys, Device device = {});

struct AttentionOptions {
  /// Broadcasts to the scores [..., L, S]. Bool: the query sees the key where it is true. Floating: added to the
  /// scores, where −∞ means what false does, and so does what is at or below −2¹²⁰ (float32) or −2¹⁰⁰⁰ (float64), such
  /// as the lowest number of the type; it may have a gradient. Undefined: everything is seen.
  Tensor mask = {};
  bool causal = false;               ///< key j is hidden from query i < j, besides what `mask` hides
  std::optional<double> scale = {};  ///< of the products; 1/√d where it is not given
  double dropout = 0;  ///< probability with which a weight becomes 0 (and the others grow), as dropout does
};

/// softmax(q·kᵀ·scale, under the mask)·v: for each query the mean of the values, weighted by how well their keys fit it
/// (Vaswani et al., arXiv:1706.03762, equation 1). q [..., L, d], k [..., S, d], v [..., S, dv] -> [..., L, dv];
/// leading axes (batch, heads) broadcast. A query that sees no key gives zeros, with zero gradients. In contrast to
/// PyTorch, `mask` and `causal` may come together.
///
/// The scores [..., L, S] are made for a block of queries at a time, once forward and once more backward, and are not
/// kept, where the leading axes are equal. All of them take memory at once with dropout, with the gradient of a
/// floating mask, in forward mode and where gradients are recorded.
Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v,
                                    const AttentionOptions& options = {}, Generator& generator = default_generator());

}  // namespace gg
