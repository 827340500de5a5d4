// Rows of attention.
#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

constexpr Real kHidden = -std::numeric_limits<Real>::infinity();

// Attention of 4-d arrays, leading axes of size 1 repeating. bias(n, h, i, j) is added to the scores.
Host attend(const Host& q, const Host& k, const Host& v, Real scale,
            const std::function<Real(int64_t, int64_t, int64_t, int64_t)>& bias) {
  const int64_t N = std::max({q.shape[0], k.shape[0], v.shape[0]}), H = std::max({q.shape[1], k.shape[1], v.shape[1]}),
                L = q.shape[2], S = k.shape[2], d = q.shape[3], dv = v.shape[3];
  auto at = [](const Host& x, int64_t n, int64_t h, int64_t i, int64_t j) {
    return x.at({x.shape[0] == 1 ? 0 : n, x.shape[1] == 1 ? 0 : h, i, j});
  };
  Host out({N, H, L, dv});
  for (int64_t n = 0; n < N; ++n) {
    for (int64_t h = 0; h < H; ++h) {
      for (int64_t i = 0; i < L; ++i) {
        std::vector<Real> score;
        Real most = kHidden, total = 0;
        for (int64_t j = 0; j < S; ++j) {
          Real s = 0;
          for (int64_t c = 0; c < d; ++c) s += at(q, n, h, i, c) * at(k, n, h, j, c);
          score.push_back(s * scale + bias(n, h, i, j));
          most = std::max(most, score.back());
        }
        if (most == kHidden) continue;  // sees nothing: zeros
        for (Real s : score) total += std::exp(s - most);
        for (int64_t j = 0; j < S; ++j) {
          const Real w = std::exp(score[static_cast<size_t>(j)] - most) / total;
          for (int64_t c = 0; c < dv; ++c) out.at({n, h, i, c}) += w * at(v, n, h, j, c);
        }
      }
    }
  }
  return out;
}

Host with_axes(const Host& x, const Shape& shape) {
  Host y(shape);
  y.v = x.v;
  return y;
}

Row attention_row(std::string variant, std::vector<Input> inputs, AttentionOptions o, Oracle oracle) {
  Row row{"scaled_dot_product_attention", std::move(variant),
          [o](In in) {
            AttentionOptions with = o;
            if (in.size() > 3) with.mask = in[3];
            return scaled_dot_product_attention(in[0], in[1], in[2], with);
          },
          std::move(inputs), std::move(oracle)};
  return row;
}

// So many scores that they are made in blocks, against one head after the other, which has few enough; and against the
// same while gradients are recorded, which makes them all at once.
void check_blocks(int64_t N, int64_t H, int64_t L, int64_t S, bool all_masks) {
  Generator g(3);
  auto random = [&](const Shape& shape) { return randn(shape, {f64}, g).requires_grad_(); };
  Tensor q = random({N, H, L, 4}), k = random({N, H, S, 4}), v = random({N, H, S, 3});
  const Tensor w = randn({N, H, L, 3}, {f64}, g);
  const Tensor every = ge(randn({N, 1, L, S}, {f64}, g), zeros({}, {f64})), keys = slice(every, -2, 0, 1),
               heads = randn({H, L, 1}, {f64}, g), pairs = select(select(every, 0, 0), 0, 0);
  for (bool causal : {false, true}) {
    for (const Tensor& mask : all_masks ? std::vector<Tensor>{every, keys, heads, pairs} : std::vector<Tensor>{{}}) {
      auto run = [&](const Tensor& some_q, const Tensor& some_k, const Tensor& some_v, const Tensor& some_mask) {
        return scaled_dot_product_attention(some_q, some_k, some_v, {.mask = some_mask, .causal = causal});
      };
      Tensor y = run(q, k, v, mask);
      std::vector<Tensor> parts;
      for (int64_t n = 0; n < N; ++n) {
        std::vector<Tensor> of_sample;
        for (int64_t h = 0; h < H; ++h) {
          auto of = [&](Tensor t) {
            if (t.defined() && t.rank() == 4 && t.size(0) > 1) t = slice(t, 0, n, n + 1);
            if (t.defined() && t.rank() >= 3 && t.size(-3) > 1) t = slice(t, -3, h, h + 1);
            return t;
          };
          of_sample.push_back(run(of(q), of(k), of(v), of(mask)));
        }
        parts.push_back(concat(of_sample, 1));
      }
      Tensor apart = concat(parts, 0);
      GG_CHECK(max(abs(y - apart).detach()).item() < 1e-13, "attention in blocks: value");
      const std::vector<Tensor> in{q, k, v};
      auto fast = grad(sum(y * w), in), single = grad(sum(apart * w), in);
      for (size_t i = 0; i < 3; ++i) {
        GG_CHECK(max(abs(fast[i] - single[i])).item() < 1e-12, "attention in blocks: gradient ", i);
        std::vector<Tensor> alone{q.detach(), k.detach(), v.detach()};
        alone[i].requires_grad_();
        const Tensor own = grad(sum(run(alone[0], alone[1], alone[2], mask) * w), alone[i]);
        GG_CHECK(max(abs(fast[i] - own)).item() < 1e-12, "attention in blocks: gradient of input ", i, " alone");
      }
      if (all_masks) continue;
      auto recorded = grad(sum(run(q, k, v, mask) * w), in, {.create_graph = true});
      for (size_t i = 0; i < 3; ++i) {
        GG_CHECK(max(abs(fast[i] - recorded[i]).detach()).item() < 1e-12, "attention: recorded gradient ", i);
      }
    }
  }
}

// Leading axes that broadcast in any way, against all of them written out.
void check_leading_axes() {
  Generator g(11);
  const Shape full{2, 3};
  for (int i = 0; i < 40; ++i) {
    const std::vector<int64_t> draw = randint(0, 3, {3, 3}, {}, g).to_vector<int64_t>();
    std::vector<Tensor> in;
    for (size_t t = 0; t < 3; ++t) {
      Shape shape;
      for (int64_t a = 2 - draw[3 * t]; a < 2; ++a) {
        shape.push_back(draw[3 * t + 1 + static_cast<size_t>(a)] == 0 ? 1 : full[static_cast<int>(a)]);
      }
      shape.push_back(t == 0 ? 2 : 3);
      shape.push_back(t == 2 ? 5 : 4);
      in.push_back(randn(shape, {f64}, g).requires_grad_());
    }
    Shape lead;
    for (const Tensor& t : in) lead = broadcast_shapes(lead, t.shape().part(0, t.rank() - 2), "test");
    auto whole = [&](const Tensor& t) {
      Shape shape = lead;
      shape.push_back(t.size(-2));
      shape.push_back(t.size(-1));
      return expand(t, shape);
    };
    const Tensor y = scaled_dot_product_attention(in[0], in[1], in[2]),
                 z = scaled_dot_product_attention(whole(in[0]), whole(in[1]), whole(in[2]));
    GG_CHECK(y.shape() == z.shape(), "attention: shape ", y.shape(), ", not ", z.shape());
    const Tensor w = randn(y.shape(), {f64}, g);
    const auto a = grad(sum(y * w), in), b = grad(sum(z * w), in);
    for (size_t t = 0; t < 3; ++t) GG_CHECK(max(abs(a[t] - b[t])).item() < 1e-12, "attention: gradient ", t);
  }
}

}  // namespace

std::vector<Row> attention_rows() {
  std::vector<Row> rows;
  const auto nothing = [](int64_t, int64_t, int64_t, int64_t) -> Real { return 0; };

  rows.push_back(attention_row("", {{{3, 4}}, {{5, 4}}, {{5, 2}}}, {}, [=](Hosts in) {
    return with_axes(attend(with_axes(in[0], {1, 1, 3, 4}), with_axes(in[1], {1, 1, 5, 4}),
                            with_axes(in[2], {1, 1, 5, 2}), 0.5L, nothing),
                     {3, 2});
  }));
  rows.back().large = {{300, 32}, {200, 32}, {200, 16}};
  rows.back().complaints = {
      {[] {
         scaled_dot_product_attention(ones({3, 4}), ones({5, 3}), ones({5, 2}));
       },
       {"scaled_dot_product_attention", "[3,4]", "[5,3]", "equally many features"}},
      {[] {
         scaled_dot_product_attention(ones({3, 4}), ones({5, 4}), ones({6, 2}));
       },
       {"5 keys and 6 values"}},
      {[] {
         scaled_dot_product_attention(ones({3, 4}), ones({4}), ones({6, 2}));
       },
       {"keys must be floating [..., length, features]", "[4]"}},
      {[] {
         scaled_dot_product_attention(ones({3, 4}), ones({5, 4}, {f64}), ones({5, 2}));
       },
       {"queries are float32", "keys float64"}},
      {[] {
         scaled_dot_product_attention(ones({3, 4}), ones({5, 4}), ones({5, 2}), {.mask = ones({4, 5}, {boolean})});
       },
       {"mask of shape [4,5]", "[3,5]"}},
      {[] {
         scaled_dot_product_attention(ones({3, 4}), ones({5, 4}), ones({5, 2}), {.mask = ones({3, 5}, {i64})});
       },
       {"bool or float32, got int64"}},
      {[] {
         scaled_dot_product_attention(ones({3, 4}), ones({5, 4}), ones({5, 2}), {.dropout = 1});
       },
       {"dropout", "[0, 1), got 1"}}};
  rows.back().reference = [](In in) {
    Tensor e = exp(matmul(in[0], transpose(in[1])) * 0.5);
    return matmul(e / sum(e, -1, {.keepdim = true}), in[2]);
  };
  rows.back().extra = [] {
    check_blocks(3, 1, 450, 800, false);  // of samples
    check_blocks(2, 2, 700, 800, true);   // of queries
    check_blocks(1, 2, 700, 900, false);
    check_leading_axes();
    {  // a mask without axes, of a problem that takes blocks
      Tensor x = randn({2, 1500, 4}).requires_grad_();
      const Tensor plain = scaled_dot_product_attention(x, x, x);
      for (const Tensor& mask : {eq(ones({}), ones({})), ones({})}) {
        const Tensor y = scaled_dot_product_attention(x, x, x, {.mask = mask});
        GG_CHECK(max(abs((y - plain).detach())).item() < 1e-5, "attention with a mask of one element");
        GG_CHECK(max(abs(grad(sum(square(y)), x) - grad(sum(square(plain)), x, {.retain_graph = true}))).item() < 1e-4,
                 "attention with a mask of one element: gradient");
      }
    }
    // Nothing is seen: zeros and zero gradients, of two orders; large scores do not overflow.
    Tensor q = randn({2, 3}, {f64}).requires_grad_(), k = randn({2, 3}, {f64}), v = randn({2, 3}, {f64});
    const double inf = std::numeric_limits<double>::infinity();
    for (const Tensor& mask : {tensor({{0, 0}, {1, 0}}, {boolean}), tensor({{-inf, -inf}, {0.5, -inf}}, {f64})}) {
      Tensor y = scaled_dot_product_attention(q, k, v, {.mask = mask, .scale = 1e4});
      std::vector<double> values = y.to_vector<double>(), second = v.to_vector<double>();
      for (size_t i = 0; i < 3; ++i) {
        GG_CHECK(values[i] == 0 && values[3 + i] == second[i], "attention under a full mask: ", to_string(y));
      }
      Tensor g = grad(sum(square(y)), q, {.create_graph = true});
      for (double x : g.to_vector<double>()) GG_CHECK(x == 0, "attention under a full mask: gradient ", to_string(g));
      for (double x : grad(sum(square(g)), q).to_vector<double>()) GG_CHECK(x == 0, "second derivative ", x);
    }
    Tensor none = scaled_dot_product_attention(q, ones({0, 3}, {f64}), ones({0, 2}, {f64}));
    GG_CHECK(none.to_vector<double>() == std::vector<double>(4, 0), "attention to no keys: ", to_string(none));
    // Dropout drops weights: with equal scores, columns of the identity tell them.
    Generator g(5);
    Tensor w = scaled_dot_product_attention(zeros({400, 1}, {f64}), zeros({100, 1}, {f64}), eye(100, {f64}),
                                            {.dropout = 0.25}, g);
    double dropped = 0;
    for (double x : w.to_vector<double>()) {
      GG_CHECK(x == 0 || std::abs(x - 0.01 / 0.75) < 1e-15, "attention: a weight of ", x);
      dropped += x == 0;
    }
    GG_CHECK(std::abs(dropped - 10000) < 5 * std::sqrt(40000 * 0.25 * 0.75), "attention: ", dropped, " zeros");
  };

  rows.push_back(
      attention_row("heads", {{{2, 2, 2, 3}}, {{2, 1, 3, 3}}, {{2, 1, 3, 2}}, truths({2, 1, 1, 3})}, {}, [](Hosts in) {
        return attend(in[0], in[1], in[2], 1 / std::sqrt(3.0L), [&](int64_t n, int64_t, int64_t, int64_t j) -> Real {
          return in[3].at({n, 0, 0, j}) != 0 ? 0 : kHidden;
        });
      }));
  rows.push_back(attention_row("values_lead", {{{1, 1, 2, 3}}, {{1, 2, 3, 3}}, {{2, 1, 3, 2}}}, {},
                               [=](Hosts in) { return attend(in[0], in[1], in[2], 1 / std::sqrt(3.0L), nothing); }));
  rows.push_back(attention_row(
      "bias", {{{1, 2, 3, 2}}, {{1, 2, 2, 2}}, {{1, 2, 2, 2}}, {{2, 3, 2}}}, {.scale = 0.3}, [](Hosts in) {
        return attend(in[0], in[1], in[2], 0.3L, [&](int64_t, int64_t h, int64_t i, int64_t j) -> Real {
          return in[3].at({h, i, j});
        });
      }));
  rows.push_back(
      attention_row("causal", {{{2, 1, 4, 2}}, {{2, 1, 3, 2}}, {{2, 1, 3, 2}}}, {.causal = true}, [](Hosts in) {
        return attend(in[0], in[1], in[2], 1 / std::sqrt(2.0L),
                      [](int64_t, int64_t, int64_t i, int64_t j) -> Real { return j <= i ? 0 : kHidden; });
      }));
  rows.back().extra = [] {
    // The lowest number of a type in a mask hides as −∞ does, alone and with the causal mask.
    for (DType type : {f32, f64}) {
      const double low = type == f32 ? std::numeric_limits<float>::lowest() : std::numeric_limits<double>::lowest();
      Tensor q = randn({3, 2}, {type}), k = randn({3, 2}, {type}), v = randn({3, 2}, {type});
      const Tensor hides = to(tensor({{1, 1, 1}, {1, 0, 0}, {1, 1, 0}}, {f64}), boolean), no = zeros({}, {type});
      for (bool causal : {false, true}) {
        auto run = [&](double hidden) {
          return scaled_dot_product_attention(q, k, v,
                                              {.mask = where(hides, full({}, hidden, {type}), no), .causal = causal});
        };
        const Tensor y = run(low);
        GG_CHECK(max(abs(slice(y, 0, 0, 1))).item() == 0, "attention: a row of the lowest number: ", to_string(y));
        GG_CHECK(max(abs(y - run(-INFINITY))).item() == 0, "attention: the lowest number is not hidden");
      }
      const Tensor bad = full({}, NAN, {type});
      GG_CHECK(std::isnan(sum(scaled_dot_product_attention(q, k, v, {.mask = bad})).item()), "attention hides NaN");
    }
  };
  rows.push_back(attention_row("causal_and_mask", {{{1, 1, 3, 2}}, {{1, 1, 3, 2}}, {{1, 1, 3, 2}}, truths({3, 3})},
                               {.causal = true}, [](Hosts in) {
                                 return attend(in[0], in[1], in[2], 1 / std::sqrt(2.0L),
                                               [&](int64_t, int64_t, int64_t i, int64_t j) -> Real {
                                                 return j <= i && in[3].at({i, j}) != 0 ? 0 : kHidden;
                                               });
                               }));

  for (int64_t first : {0, 7}) {
    Row rotary{"rotary_embedding",
               first == 0 ? "" : "later",
               [first](In in) { return rotary_embedding(in[0], {.base = 100, .first = first}); },
               {{{2, 3, 4}}},
               [first](Hosts in) {
                 Host out(in[0].shape);
                 for_each_position(out.shape, [&](std::span<const int64_t> p) {
                   const int64_t n = p[0], t = p[1], i = p[2] / 2;
                   const Real angle = static_cast<Real>(first + t) / std::pow(10.0L, static_cast<Real>(i)),
                              a = in[0].at({n, t, 2 * i}), b = in[0].at({n, t, 2 * i + 1});
                   out.at({n, t, p[2]}) = p[2] % 2 == 0 ? a * std::cos(angle) - b * std::sin(angle)
                                                        : a * std::sin(angle) + b * std::cos(angle);
                 });
                 return out;
               }};
    rotary.complaints = {{[] {
                            rotary_embedding(ones({2, 3}));
                          },
                          {"rotary_embedding", "even number of features", "[2,3]"}},
                         {[] {
                            rotary_embedding(ones({2, 4}), {.base = 0});
                          },
                          {"base must be positive, got 0"}}};
    rows.push_back(rotary);
  }

  Row causal{"causal_mask",
             "",
             [](In) { return causal_mask(2, 3); },
             {},
             [](Hosts) {
               Host h({2, 3});
               h.v = {1, 0, 0, 1, 1, 0};
               return h;
             }};
  causal.order = 0;
  causal.complaints = {{[] { causal_mask(-1, 2); }, {"causal_mask", "-1 and 2"}}};
  rows.push_back(causal);
  return rows;
}

}  // namespace gg::optable
