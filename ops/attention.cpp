#include "ops/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/apply.h"
#include "autograd/raw.h"
#include "core/dispatch.h"
#include "cpu/softmax.h"
#include "cuda/softmax.h"
#include "ops/creation.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/shape.h"
#include "ops/softmax.h"

namespace gg {
namespace {

constexpr const char* kName = "scaled_dot_product_attention";

Shape leading(const Tensor& x) { return x.shape().part(0, x.rank() - 2); }

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

void check_mask(const Tensor& mask, const Tensor& q, const Tensor& k) {
  Shape scores = broadcast_shapes(leading(q), leading(k), kName);
  scores.push_back(q.size(-2));
  scores.push_back(k.size(-2));
  GG_CHECK(mask.device() == q.device(), kName, ": the mask is on ", mask.device(), ", the queries on ", q.device());
  GG_CHECK(mask.dtype() == boolean || mask.dtype() == q.dtype(), kName, ": the mask must be bool or ",
           name_of(q.dtype()), ", got ", name_of(mask.dtype()));
  bool fits = mask.rank() <= scores.rank();
  for (int i = 1; fits && i <= mask.rank(); ++i) fits = mask.size(-i) == 1 || mask.size(-i) == scores.at(-i);
  GG_CHECK(fits, kName, ": a mask of shape ", mask.shape(), " does not broadcast to the scores ", scores);
}

// Row i sees keys 0 … first + i.
Tensor causal_rows(int64_t first, int64_t rows, int64_t keys, Device device) {
  const IntegerOptions o{.device = device};
  const Tensor query = arange(static_cast<double>(first), static_cast<double>(first + rows), 1, o);
  return ge(unsqueeze(query, 1), arange(0, static_cast<double>(keys), 1, o));
}

// The weights of all values for each query. The first of the queries is number `first` for the causal mask.
Tensor weights(const Tensor& q, const Tensor& k, Tensor mask, bool causal, int64_t first, double scale) {
  const int64_t rows = q.size(-2), keys = k.size(-2);
  Tensor scores = matmul(q * scale, transpose(k));
  // Hidden scores are finite, so that a row of nothing else has weights to be set to zero, and derivatives of any
  // order.
  const Tensor lowest = full({}, scores.dtype() == f32 ? -0x1p120 : -0x1p1000, scores.options());
  Tensor seen;  // bool; undefined: everything
  if (causal && first < keys - 1) seen = causal_rows(first, rows, keys, q.device());
  if (mask.defined()) {
    if (mask.dtype() != boolean) {
      const Tensor nothing = zeros({}, mask.options());
      const Tensor kept = logical_not(le(mask.detach(), lowest));  // NaN stays
      scores = scores + where(kept, mask, nothing);
      mask = kept;
    }
    seen = seen.defined() ? logical_and(seen, mask) : mask;
  }
  if (!seen.defined()) return softmax(scores);
  return where(seen, softmax(where(seen, scores, lowest)), zeros({}, scores.options()));
}

// Part of the problem: samples of the first axis, and queries.
struct Block {
  int64_t sample = 0, samples = 0, row = 0, rows = 0;
  bool whole = false;  ///< all of it
};

constexpr int64_t kBlockScores = int64_t{1} << 20;  // about what a core's cache holds
constexpr int64_t kBlockRows = 32;                  // fewer make slow products

// Scores are made for a block of queries at a time, forward and again backward, and never kept. The mask is an input,
// since floating ones may have a gradient; it may be undefined.
struct Attention {
  static constexpr const char* name = kName;
  static constexpr unsigned saves = kSaveInputs;
  bool causal;
  double scale;

  template <class Fn>
  static void for_blocks(const Tensor& q, const Tensor& k, const Tensor& v, const Fn& fn) {
    const int64_t samples = q.rank() > 2 ? q.size(0) : 1, rows = q.size(-2);
    const Shape lead = leading(q);
    const bool alike = lead == leading(k) && lead == leading(v);
    const int64_t per_row = samples == 0 ? 0 : lead.numel() / samples * k.size(-2);
    if (!alike || per_row == 0 || samples * rows * per_row <= kBlockScores) {
      return fn(Block{0, samples, 0, rows, true});
    }
    const int64_t several = std::max<int64_t>(1, kBlockScores / std::max<int64_t>(1, rows * per_row));
    const int64_t at_once = std::clamp(kBlockScores / per_row, std::min(kBlockRows, rows), rows);
    for (int64_t sample = 0; sample < samples; sample += several) {
      for (int64_t row = 0; row < rows; row += at_once) {
        fn(Block{sample, std::min(several, samples - sample), row, std::min(at_once, rows - row)});
      }
    }
  }

  // What a block has of the queries and of what is shaped as they are; of keys and values; of the mask.
  static Tensor samples_of(const Block& b, const Tensor& x) {
    return !b.whole && x.rank() > 2 ? slice(x, 0, b.sample, b.sample + b.samples) : x;
  }
  static Tensor rows_of(const Block& b, const Tensor& x) {
    return b.whole ? x : slice(samples_of(b, x), -2, b.row, b.row + b.rows);
  }
  Tensor keys_of(const Block& b, const Tensor& x) const {  // behind the last of the block nothing is seen
    const Tensor some = samples_of(b, x);
    return causal && !b.whole ? slice(some, -2, 0, b.row + b.rows) : some;
  }
  Tensor mask_of(const Block& b, const Tensor& mask, int rank, int64_t keys) const {
    if (!mask.defined() || b.whole) return mask;
    Tensor some = mask;
    if (rank > 2 && mask.rank() == rank && mask.size(0) > b.samples) {
      some = slice(some, 0, b.sample, b.sample + b.samples);
    }
    if (mask.rank() >= 2 && mask.size(-2) > b.rows) some = slice(some, -2, b.row, b.row + b.rows);
    return mask.size(-1) > keys && mask.size(-1) != 1 ? slice(some, -1, 0, keys) : some;
  }
  Tensor weights_of(const Block& b, const Tensor& q, const Tensor& k, const Tensor& mask, int rank) const {
    return weights(q, k, mask_of(b, mask, rank, k.size(-2)), causal, b.row, scale);
  }

  Tensor forward(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask) const {
    Tensor out;
    Shape shape = q.shape();
    shape[shape.rank() - 1] = v.size(-1);
    for_blocks(q, k, v, [&](const Block& b) {
      const Tensor keys = keys_of(b, k), p = weights_of(b, rows_of(b, q), keys, mask, q.rank());
      put_rows(b, out, matmul(p, keys_of(b, v)), shape);
    });
    return out;
  }
  Tensors vjp(const Vjp& c) const {
    const Tensor q = c.input(0), k = c.input(1), v = c.input(2), mask = c.input(3);
    Tensor dq, dk, dv, dmask;
    auto run = [&](const Block& b) {
      const Tensor qs = rows_of(b, q), ks = keys_of(b, k), g = rows_of(b, c.grad());
      const Tensor p = weights_of(b, qs, ks, mask, q.rank());
      if (c.needs(2)) add_keys(b, dv, matmul(transpose(p), g), v.shape());
      if (!c.needs(0) && !c.needs(1) && !c.needs(3)) return;
      const Tensor dp = matmul(g, transpose(keys_of(b, v))), ds = empty_like(p);
      GG_KERNEL(p.device(), softmax_backward, ds.array(), dp.array(), p.array());
      if (c.needs(0)) put_rows(b, dq, matmul(ds, ks) * scale, q.shape());
      if (c.needs(1)) add_keys(b, dk, matmul(transpose(ds), qs * scale), k.shape());
      if (c.needs(3)) dmask = ds;
    };
    if (c.needs(3)) {
      run(Block{.row = 0, .rows = q.size(-2), .whole = true});
    } else {
      for_blocks(q, k, v, run);
    }
    return {dq, dk, dv, dmask};
  }
  // Whether a block's part is the whole of `total`, which it then becomes; else there is room for it.
  static bool is_all(const Block& b, Tensor& total, const Tensor& part, const Shape& shape) {
    if (b.whole) {
      total = part;
    } else if (!total.defined()) {
      total = empty(shape, part.options());
    }
    return b.whole;
  }
  static void put_rows(const Block& b, Tensor& total, const Tensor& part, const Shape& shape) {
    if (!is_all(b, total, part, shape)) raw::copy_into(rows_of(b, total), part);
  }
  // Blocks of a sample come one after the other: the first finds nothing there yet.
  void add_keys(const Block& b, Tensor& total, const Tensor& part, const Shape& shape) const {
    if (is_all(b, total, part, shape)) return;
    const Tensor all = samples_of(b, total), to = keys_of(b, total);
    if (b.row == 0 && part.size(-2) < all.size(-2)) raw::copy_into(all, zeros(all.shape(), all.options()));
    raw::copy_into(to, b.row == 0 ? part : to + part);
  }
  Tensor reference(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask) const {
    return matmul(weights(q, k, mask, causal, 0, scale), v);
  }
};

}  // namespace

Tensor causal_mask(int64_t queries, int64_t keys, Device device) {
  GG_CHECK(queries >= 0 && keys >= 0, "causal_mask: sizes must not be negative, got ", queries, " and ", keys);
  return causal_rows(0, queries, keys, device);
}

Tensor scaled_dot_product_attention(const Tensor& q, const Tensor& k, const Tensor& v, const AttentionOptions& o,
                                    Generator& generator) {
  check(q, k, v);
  const Shape scores = broadcast_shapes(leading(q), leading(k), kName);
  const Shape lead = broadcast_shapes(scores, leading(v), kName);
  if (lead != scores) {  // the values have axes that the scores lack: as many queries
    Shape shape = lead;
    shape.push_back(q.size(-2));
    shape.push_back(q.size(-1));
    return scaled_dot_product_attention(expand(q, shape), k, v, o, generator);
  }
  Tensor mask = o.mask;
  if (mask.defined()) {
    check_mask(mask, q, k);
    if (mask.rank() == 0) mask = reshape(mask, {1});
  }
  const double scale = o.scale.value_or(1 / std::sqrt(static_cast<double>(q.size(-1))));
  if (o.dropout == 0) return apply(Attention{o.causal, scale}, q, k, v, mask);
  return matmul(dropout(weights(q, k, mask, o.causal, 0, scale), o.dropout, true, generator), v);
}

}  // namespace gg
