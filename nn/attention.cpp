#include "nn/attention.h"

#include <cmath>
#include <limits>
#include <vector>

#include "nn/init.h"
#include "ops/attention.h"
#include "ops/creation.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/matmul.h"
#include "ops/shape.h"

namespace gg::nn {
namespace {

std::string describe(int64_t embed, int64_t heads, const MultiheadAttentionOptions& o) {
  std::string s = str("MultiheadAttention(", embed, ", ", heads);
  if (o.dropout != 0) s += str(", dropout = ", o.dropout);
  if (!o.bias) s += ", bias = false";
  if (o.kdim != embed) s += str(", kdim = ", o.kdim);
  if (o.vdim != embed) s += str(", vdim = ", o.vdim);
  return s + ")";
}

MultiheadAttentionOptions filled_in(MultiheadAttentionOptions o, int64_t embed) {
  if (o.kdim == 0) o.kdim = embed;
  if (o.vdim == 0) o.vdim = embed;
  return o;
}

// The mask of scores [N, heads, L, S] as scaled_dot_product_attention takes it; undefined where nothing is hidden.
Tensor attention_mask(const std::string& who, const HiddenFrom& hidden, int64_t batch, int64_t heads, int64_t queries,
                      int64_t keys) {
  Tensor mask = hidden.attn_mask;
  if (mask.defined() && mask.rank() == 3 && mask.size(0) == batch * heads) {
    mask = reshape(mask, {batch, heads, mask.size(1), mask.size(2)});
  }
  GG_CHECK(!mask.defined() || mask.rank() == 2 || mask.rank() == 4, who, ": attn_mask must be [L, S], [N*heads, L, S] ",
           "or [N, heads, L, S] with L = ", queries, " and S = ", keys, ", got ", mask.shape());
  const bool added = mask.defined() && mask.dtype() != boolean;
  if (mask.defined() && !added) mask = logical_not(mask);

  const Tensor& padding = hidden.key_padding_mask;
  if (!padding.defined()) return mask;
  GG_CHECK(padding.dtype() == boolean && padding.shape() == (Shape{batch, keys}), who,
           ": key_padding_mask must be bool [", batch, ",", keys, "], got ", name_of(padding.dtype()), " ",
           padding.shape());
  const Tensor hides = reshape(padding, {batch, 1, 1, keys});
  if (added) return where(hides, full({}, -std::numeric_limits<double>::infinity(), mask.options()), mask);
  return mask.defined() ? logical_and(mask, logical_not(hides)) : logical_not(hides);
}

}  // namespace

MultiheadAttention::MultiheadAttention(int64_t embed_dim, int64_t num_heads, const MultiheadAttentionOptions& o)
    : Module(describe(embed_dim, num_heads, filled_in(o, embed_dim))),
      embed(embed_dim),
      heads(num_heads),
      options(filled_in(o, embed_dim)),
      out_proj(embed_dim > 0 ? embed_dim : 1, embed_dim > 0 ? embed_dim : 1, {.bias = o.bias}) {
  GG_CHECK(embed > 0 && heads > 0 && embed % heads == 0, description(), ": ", heads, " heads do not divide ", embed,
           " features");
  GG_CHECK(options.kdim > 0 && options.vdim > 0, description(), ": sizes must be positive");
  GG_CHECK(o.dropout >= 0 && o.dropout < 1, description(), ": dropout must be in [0, 1), got ", o.dropout);
  auto weight = [&](const char* name, int64_t rows, int64_t columns) {
    auto w = register_parameter(name, empty({rows, columns}));
    init::xavier_uniform_(w);
    return w;
  };
  if (options.kdim == embed && options.vdim == embed) {
    in_proj_weight = weight("in_proj_weight", 3 * embed, embed);
  } else {
    q_proj_weight = weight("q_proj_weight", embed, embed);
    k_proj_weight = weight("k_proj_weight", embed, options.kdim);
    v_proj_weight = weight("v_proj_weight", embed, options.vdim);
  }
  if (o.bias) {
    in_proj_bias = register_parameter("in_proj_bias", zeros({3 * embed}));
    init::zeros_(out_proj.bias);
  }
  add_module("out_proj", out_proj);
}

Tensor MultiheadAttention::operator()(const Tensor& query, const Tensor& key, const Tensor& value,
                                      const HiddenFrom& hidden) const {
  auto expect = [&](const char* what, const Tensor& x, int64_t features) {
    GG_CHECK(x.rank() == 3 && x.size(2) == features && x.size(0) == query.size(0), description(), ": the ", what,
             " must be [N, length, ", features, "] with one N for all, got ", x.shape(), ", the query being ",
             query.shape());
  };
  GG_CHECK(query.rank() == 3, description(), ": the query must be [N, length, ", embed, "], got ", query.shape());
  expect("query", query, embed);
  expect("key", key, options.kdim);
  expect("value", value, options.vdim);
  GG_CHECK(key.size(1) == value.size(1), description(), ": there are ", key.size(1), " keys and ", value.size(1),
           " values");
  const int64_t batch = query.size(0), queries = query.size(1), keys = key.size(1);

  std::vector<Tensor> projected;  // query, key, value: [N, length, embed]
  const bool joint = in_proj_weight.defined();
  if (joint && query.is_same(key) && key.is_same(value)) {
    projected = split(linear(query, in_proj_weight, in_proj_bias), embed, 2);
  } else {
    const Tensor inputs[] = {query, key, value};
    for (int i = 0; i < 3; ++i) {
      const Tensor w = joint    ? slice(in_proj_weight, 0, i * embed, (i + 1) * embed)
                       : i == 0 ? q_proj_weight.tensor()
                       : i == 1 ? k_proj_weight.tensor()
                                : v_proj_weight.tensor();
      const Tensor b = in_proj_bias.defined() ? slice(in_proj_bias, 0, i * embed, (i + 1) * embed) : Tensor();
      projected.push_back(linear(inputs[i], w, b));
    }
  }
  for (Tensor& x : projected) x = transpose(reshape(x, {batch, x.size(1), heads, embed / heads}), 1, 2);
  const Tensor y =
      scaled_dot_product_attention(projected[0], projected[1], projected[2],
                                   {.mask = attention_mask(description(), hidden, batch, heads, queries, keys),
                                    .causal = hidden.causal,
                                    .dropout = training() ? options.dropout : 0});
  return out_proj(reshape(transpose(y, 1, 2), {batch, queries, embed}));
}

PositionalEncoding::PositionalEncoding(int64_t dim, const PositionalEncodingOptions& o)
    : Module(str("PositionalEncoding(", dim, ", max_length = ", o.max_length, ", dropout = ", o.dropout, ")")),
      p(o.dropout) {
  GG_CHECK(dim > 0 && o.max_length > 0, description(), ": sizes must be positive");
  GG_CHECK(p >= 0 && p < 1, description(), ": dropout must be in [0, 1), got ", p);
  std::vector<float> waves;
  waves.reserve(static_cast<size_t>(o.max_length * dim));
  for (int64_t t = 0; t < o.max_length; ++t) {
    for (int64_t i = 0; i < dim; ++i) {
      const double angle =
          static_cast<double>(t) * std::pow(1e4, -static_cast<double>(i - i % 2) / static_cast<double>(dim));
      waves.push_back(static_cast<float>(i % 2 == 0 ? std::sin(angle) : std::cos(angle)));
    }
  }
  pe = register_buffer("pe", from_vector(waves, {1, o.max_length, dim}));
}

Tensor PositionalEncoding::operator()(const Tensor& x) const {
  GG_CHECK(x.rank() == 3 && x.size(2) == pe.size(2) && x.size(1) <= pe.size(1), description(), ": expected [N, L, ",
           pe.size(2), "] with L up to ", pe.size(1), ", got ", x.shape());
  return dropout(x + slice(pe, 1, 0, x.size(1)), p, training());
}

}  // namespace gg::nn
