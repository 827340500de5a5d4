// Distances and angles between points.
#pragma once

#include "core/tensor.h"

namespace gg {

/// Σₖ (aᵢₖ − bⱼₖ)² of all points of a [..., n, d] and b [..., m, d]: [..., n, m]; leading axes broadcast. Differences
/// are formed before they are squared, so close points lose no digits (|a|² + |b|² − 2a·b, a matrix product, would lose
/// those by which |a|² exceeds the result); d·eps is the relative error at most. The derivatives are polynomials, made
/// of matrix products of points whose mean was subtracted: their error is about eps times the radius of the sets.
Tensor squared_distance(const Tensor& a, const Tensor& b);

/// The p-norms of the differences of all points of a [..., n, d] and b [..., m, d]: [..., n, m]; p ≥ 0, also ∞. p = 2
/// is the root of squared_distance; for other p all differences [..., n, m, d] are in memory. All derivatives are 0
/// where two points are the same; as for norm (ops/reduce.h) squares must not overflow, and p = 0 has no gradient.
Tensor cdist(const Tensor& a, const Tensor& b, double p = 2);

/// a·b / (max(|a|, eps) · max(|b|, eps)) along an axis, which goes away; a and b broadcast, also along
/// that axis, before their lengths are taken.
Tensor cosine_similarity(const Tensor& a, const Tensor& b, int axis = 1, double eps = 1e-8);

struct NormalizeOptions {
  double p = 2;
  double eps = 1e-12;
};
/// x / max(|x|ₚ, eps) along an axis. x / eps, with its derivatives, where x is 0.
Tensor normalize(const Tensor& x, int axis = 1, const NormalizeOptions& options = {});

}  // namespace gg
