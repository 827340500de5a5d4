#include "ops/attention.h"

#include <cmath>
#include <limits>

#include "core/grad_mode.h"
#include "ops/creation.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/shape.h"
#include "ops/softmax.h"

namespace gg {
namespace {

constexpr const char* kName = "scaled_dot_product_attention";

void check(const Tensor& q, const Tensor& k, const Tensor& v) {
  for (const auto& [what, t] : {std::pair("queries", &q), {"keys", &k}, {"values", &v}}) {
    GG_CHECK(is_floating(t->dtype()) && t->rank() >= 2, kName, ": ", what,
             " must be floating [..., length, features], ", "got ", name_of(t->dtype()), " ", t->shape());
    GG_CHECK(t->dtype() == q.dtype() && t->device() == q.device(), kName, ": queries are ", name_of(q.dtype()), " on ",
             q.device(), ", ", what, " ", name_of(t->dtype()), " on ", t->device());
  }
  GG_CHECK(q.size(-1) == k.size(-1), kName, ": queries ", q.shape(), " and keys ", k.shape(),
           " must have equally many features");
  GG_CHECK(k.size(-2) == v.size(-2), kName, ": there are ", k.size(-2), " keys and ", v.size(-2), " values (",
           k.shape(), " and ", v.shape(), ")");
}

void check_mask(const Tensor& mask, const Tensor& scores) {
  GG_CHECK(mask.device() == scores.device(), kName, ": the mask is on ", mask.device(), ", the queries on ",
           scores.device());
  GG_CHECK(mask.dtype() == boolean || mask.dtype() == scores.dtype(), kName, ": the mask must be bool or ",
           name_of(scores.dtype()), ", got ", name_of(mask.dtype()));
  bool fits = mask.rank() <= scores.rank();
  for (int i = 1; fits && i <= mask.rank(); ++i) fits = mask.size(-i) == 1 || mask.size(-i) == scores.size(-i);
  GG_CHECK(fits, kName, ": a mask of shape ", mask.shape(), " does not broadcast to the scores ", scores.shape());
}

}  // namespace

Tensor causal_mask(int64_t queries, int64_t keys, Device device) {
  GG_CHECK(queries >= 0 && keys >= 0, "causal_mask: sizes must not be negative, got ", queries, " and ", keys);
  const IntegerOptions o{.device = device};
  return ge(unsqueeze(arange(0, static_cast<double>(queries), 1, o), 1), arange(0, static_cast<double>(keys), 1, o));
}

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& o,
                                    Generator& generator) {
  check(q, k, v);
  const double scale = o.scale.value_or(1 / std::sqrt(static_cast<double>(q.size(-1))));
  Tensor scores = matmul(q * scale, transpose(k));
  Tensor seen;  // bool; undefined: everything
  if (o.causal) seen = causal_mask(q.size(-2), k.size(-2), q.device());
  if (Tensor mask = o.mask; mask.defined()) {
    check_mask(mask, scores);
    if (mask.dtype() != boolean) {
      const Tensor nothing = zeros({}, mask.options());
      const Tensor kept = ne(mask.detach(), full({}, -std::numeric_limits<double>::infinity(), mask.options()));
      scores = scores + where(kept, mask, nothing);
      mask = kept;
    }
    seen = seen.defined() ? logical_and(seen, mask) : mask;
  }
  if (!seen.defined()) return matmul(dropout(softmax(scores), o.dropout, true, generator), v);
  // Hidden scores are finite, so that a row of nothing else has weights to be set to zero, and derivatives of any
  // order.
  const double lowest = scores.dtype() == f32 ? -0x1p120 : -0x1p1000;
  const Tensor low = full({}, lowest, scores.options()), none = zeros({}, scores.options());
  const Tensor weights = where(seen, softmax(where(seen, scores, low)), none);
  return matmul(dropout(weights, o.dropout, true, generator), v);
}

}  // namespace gg
