// Rows of fused operations and their relatives: softmax, cross-entropy, normalisation, dropout.
#include <gtest/gtest.h>

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

// Applies `fn` to each run of numbers along `axis`; it replaces them.
Oracle along(int axis, void (*fn)(std::vector<Real>&)) {
  return [axis, fn](Hosts in) {
    Host out = in[0];
    const Shape& s = out.shape;
    int64_t stride = 1;
    for (int i = axis + 1; i < s.rank(); ++i) stride *= s[i];
    for (int64_t first = 0; first < s.numel(); ++first) {
      if (first / stride % s[axis] != 0) continue;
      std::vector<Real> line;
      for (int64_t k = 0; k < s[axis]; ++k) line.push_back(out.v[static_cast<size_t>(first + k * stride)]);
      fn(line);
      for (int64_t k = 0; k < s[axis]; ++k)
        out.v[static_cast<size_t>(first + k * stride)] = line[static_cast<size_t>(k)];
    }
    return out;
  };
}

Real log_sum(const std::vector<Real>& v) {
  Real m = *std::max_element(v.begin(), v.end()), s = 0;
  for (Real x : v) s += std::exp(x - m);
  return m + std::log(s);
}
void soft(std::vector<Real>& v) {
  Real l = log_sum(v);
  for (Real& x : v) x = std::exp(x - l);
}
void log_soft(std::vector<Real>& v) {
  Real l = log_sum(v);
  for (Real& x : v) x -= l;
}

Tensor made_softmax(const Tensor& x, int axis) {
  Tensor e = exp(x);
  return e / sum(e, axis, {.keepdim = true});
}

Row cross_entropy_row(std::string variant, SoftmaxCrossEntropyOptions o) {
  // Fixed targets: an ignored one must not be left to chance.
  std::vector<int64_t> labels{2, 0, 3, 1, 2};
  if (o.ignore_index >= 0) labels[1] = o.ignore_index;
  Tensor target = from_vector(labels, {5});
  Row row{"softmax_cross_entropy",
          std::move(variant),
          [=](In in) { return softmax_cross_entropy(in[0], to(target, in[0].device()), o); },
          {{{5, 4}}},
          [=](Hosts in) {
            Host out({5});
            for (int64_t i = 0; i < 5; ++i) {
              std::vector<Real> line(in[0].v.begin() + i * 4, in[0].v.begin() + (i + 1) * 4);
              log_soft(line);
              Real smooth = 0, eps = o.label_smoothing;
              for (Real x : line) smooth -= x / 4;
              int64_t label = labels[static_cast<size_t>(i)];
              if (label != o.ignore_index) out.at({i}) = -(1 - eps) * line[static_cast<size_t>(label)] + eps * smooth;
            }
            return out;
          }};
  row.reference = [=](In in) {
    std::vector<double> weights;  // of every logarithm of a probability
    for (int64_t label : labels) {
      bool kept = label != o.ignore_index;
      for (int64_t c = 0; c < 4; ++c) {
        weights.push_back(kept ? -((c == label ? 1 - o.label_smoothing : 0) + o.label_smoothing / 4) : 0);
      }
    }
    Tensor w = to(from_vector(weights, {5, 4}), in[0].dtype());
    return sum(w * log(made_softmax(in[0], 1)), 1);
  };
  return row;
}

}  // namespace

std::vector<Row> softmax_rows() {
  std::vector<Row> rows;
  for (int axis : {1, 0}) {
    std::string variant = axis == 1 ? "" : "axis_0";
    Row s{"softmax", variant, [=](In in) { return softmax(in[0], axis); }, {{{3, 4}}}, along(axis, soft)};
    s.reference = [=](In in) { return made_softmax(in[0], axis); };
    Row l{"log_softmax", variant, [=](In in) { return log_softmax(in[0], axis); }, {{{3, 4}}}, along(axis, log_soft)};
    l.reference = [=](In in) { return log(made_softmax(in[0], axis)); };
    s.order = l.order = 3;
    if (axis == 1) {
      s.large = l.large = {{700, 300}};
      s.complaints = {{[] { softmax(ones({2}, {i64})); }, {"softmax", "int64"}},
                      {[] { softmax(ones({2}), 1); }, {"softmax", "1"}}};
      l.complaints = {{[] { log_softmax(ones({2}, {i64})); }, {"log_softmax", "int64"}}};
      l.extra = [] {  // no overflow, and no loss of the far tail
        Tensor y = log_softmax(tensor({1e4, -1e4, 0}, {f64}));
        GG_CHECK(y.to_vector<double>() == (std::vector<double>{0, -2e4, -1e4}), "log_softmax at 1e4: ", to_string(y));
      };
    }
    rows.push_back(s);
    rows.push_back(l);
    Row e{"logsumexp",
          variant,
          [=](In in) { return logsumexp(in[0], axis, {.keepdim = axis == 0}); },
          {{{3, 4}}},
          [axis](Hosts in) {
            Host all = along(axis, [](std::vector<Real>& v) { std::fill(v.begin(), v.end(), log_sum(v)); })(in);
            Host out(axis == 0 ? Shape{1, 4} : Shape{3});
            for (size_t i = 0; i < out.v.size(); ++i) out.v[i] = all.v[axis == 0 ? i : i * 4];
            return out;
          }};
    if (axis == 1) {
      e.large = {{700, 300}};
      e.complaints = {{[] { logsumexp(ones({2}), 3); }, {"logsumexp", "3"}},
                      {[] { logsumexp(ones({2}, {i64})); }, {"logsumexp", "int64"}}};
      e.extra = [] {  // neither overflow nor NaN
        constexpr double inf = std::numeric_limits<double>::infinity();
        Tensor y = logsumexp(tensor({{1e4, -1e4}, {-inf, 0}, {-inf, -inf}, {inf, 0}}, {f64}));
        GG_CHECK(y.to_vector<double>() == (std::vector<double>{1e4, 0, -inf, inf}), "logsumexp: ", to_string(y));
        Tensor x = tensor({-inf, 0}, {f64}).requires_grad_();
        Tensor g = grad(logsumexp(x), x);
        GG_CHECK(g.to_vector<double>() == (std::vector<double>{0, 1}), "logsumexp: gradient ", to_string(g));
        GG_CHECK(logsumexp(ones({2, 0}), 1).to_vector<float>() == std::vector<float>(2, -inf), "logsumexp of nothing");
      };
    }
    rows.push_back(e);
  }
  rows.push_back(cross_entropy_row("", {}));
  rows.back().complaints = {
      {[] { softmax_cross_entropy(ones({2}), zeros({2}, {i64})); }, {"cross_entropy", "[N, classes]", "[2]"}},
      {[] {
         softmax_cross_entropy(ones({2, 3}), zeros({3}, {i64}));
       },
       {"cross_entropy", "int64 [2]", "[3]"}},
      {[] {
         softmax_cross_entropy(ones({2, 3}), zeros({2}));
       },
       {"cross_entropy", "int64", "float32"}},
      {[] {
         softmax_cross_entropy(ones({2, 3}), full({2}, 3, {i64}));
       },
       {"cross_entropy", "3"}},
      {[] {
         softmax_cross_entropy(ones({2, 3}), full({2}, -1, {i64}));
       },
       {"cross_entropy", "-1"}},
      {[] {
         softmax_cross_entropy(ones({2, 3}), zeros({2}, {i64}), {.label_smoothing = 1.5});
       },
       {"label_smoothing", "1.5"}}};
  rows.push_back(cross_entropy_row("smoothing", {.label_smoothing = 0.1}));
  rows.push_back(cross_entropy_row("ignored", {.label_smoothing = 0.2, .ignore_index = 3}));
  return rows;
}

std::vector<Row> norm_rows() {
  std::vector<Row> rows;
  // Normalises groups of elements that share `group(position)`, then scales by w and b at `channel(position)`.
  auto normalised = [](std::function<int64_t(std::span<const int64_t>)> group,
                       std::function<size_t(std::span<const int64_t>)> channel, Real eps) {
    return [=](Hosts in) {
      std::vector<Real> count(64), mean(64), var(64);
      size_t n = 0;
      auto visit = [&](auto&& fn) {
        n = 0;
        for_each_position(in[0].shape, [&](std::span<const int64_t> p) { fn(static_cast<size_t>(group(p)), p, n++); });
      };
      visit([&](size_t g, auto, size_t i) { mean[g] += in[0].v[i], count[g] += 1; });
      visit([&](size_t g, auto, size_t i) {
        Real d = in[0].v[i] - mean[g] / count[g];
        var[g] += d * d;
      });
      Host out(in[0].shape);
      visit([&](size_t g, auto p, size_t i) {
        Real z = (in[0].v[i] - mean[g] / count[g]) / std::sqrt(var[g] / count[g] + eps);
        if (in.size() > 1) z = z * in[1].v[channel(p)] + in[2].v[channel(p)];
        out.v[i] = z;
      });
      return out;
    };
  };
  auto row_of = [](std::span<const int64_t> p) { return p[0]; };
  Row layer{"layer_norm",
            "",
            [](In in) { return layer_norm(in[0], in[1], in[2], 1e-3); },
            {{{3, 5}}, {{5}}, {{5}}},
            normalised(
                row_of, [](std::span<const int64_t> p) { return static_cast<size_t>(p[1]); }, 1e-3L)};
  layer.reference = [](In in) {
    Tensor m = mean(in[0], 1, {.keepdim = true}), v = mean(square(in[0]), 1, {.keepdim = true}) - square(m);
    return (in[0] - m) / sqrt(v + 1e-3) * in[1] + in[2];
  };
  layer.order = 3;
  layer.large = {{300, 700}, {700}, {700}};
  layer.complaints = {{[] {
                         layer_norm(ones({2, 3}), ones({4}));
                       },
                       {"layer_norm", "[3]", "[4]"}},
                      {[] {
                         layer_norm(ones({3}), ones({2, 3}));
                       },
                       {"layer_norm", "2 axes", "[3]"}},
                      {[] {
                         layer_norm(ones({2, 3}, {i64}));
                       },
                       {"layer_norm", "int64"}}};
  rows.push_back(layer);
  rows.push_back({"layer_norm",
                  "plain",
                  [](In in) { return layer_norm(in[0], {}, {}, 1e-3); },
                  {{{3, 5}}},
                  normalised(row_of, nullptr, 1e-3L)});
  rows.push_back({"layer_norm",
                  "empty_axis",
                  [](In in) { return layer_norm(in[0], in[1], in[2]); },
                  {{{3, 0}}, {{0}}, {{0}}},
                  [](Hosts in) { return Host(in[0].shape); }});
  for (const Shape& shape : {Shape{3, 1}, Shape{0, 3}}) {
    const Shape last{shape[1]};
    rows.push_back({"layer_norm",
                    shape[0] == 0 ? "no_rows" : "one_column",
                    [](In in) { return layer_norm(in[0], in[1], in[2], 0.5); },
                    {{shape}, {last}, {last}},
                    normalised(
                        row_of, [](std::span<const int64_t> p) { return static_cast<size_t>(p[1]); }, 0.5L)});
  }
  rows.push_back({"layer_norm",
                  "two_axes",
                  [](In in) { return layer_norm(in[0], in[1], in[2], 1e-3); },
                  {{{2, 2, 3}}, {{2, 3}}, {{2, 3}}},
                  normalised(
                      row_of, [](std::span<const int64_t> p) { return static_cast<size_t>(p[1] * 3 + p[2]); }, 1e-3L)});

  Row image{
      "layer_norm",
      "images",
      [](In in) { return layer_norm(in[0], in[1], in[2], 1e-3); },
      {{{2, 3, 2, 2}}, {{3, 2, 2}}, {{3, 2, 2}}},
      normalised(
          row_of, [](std::span<const int64_t> p) { return static_cast<size_t>((p[1] * 2 + p[2]) * 2 + p[3]); }, 1e-3L)};
  image.keeps_channels_last = true;
  rows.push_back(image);

  Row cosine{"cosine_linear",
             "",
             [](In in) { return cosine_linear(in[0], in[1]); },
             {{{3, 4}}, {{5, 4}}},
             [](Hosts in) {
               Host out({3, 5});
               for (int64_t i = 0; i < 3; ++i) {
                 for (int64_t j = 0; j < 5; ++j) {
                   Real product = 0, x = 0, w = 0;
                   for (int64_t k = 0; k < 4; ++k) {
                     product += in[0].at({i, k}) * in[1].at({j, k});
                     x += in[0].at({i, k}) * in[0].at({i, k});
                     w += in[1].at({j, k}) * in[1].at({j, k});
                   }
                   out.at({i, j}) = product / std::sqrt(x) / std::sqrt(w);
                 }
               }
               return out;
             }};
  cosine.accepts_zeros = false;
  cosine.reference = [](In in) {
    auto length = [](const Tensor& t) { return sqrt(sum(square(t), 1)); };
    return matmul(in[0], transpose(in[1])) / (unsqueeze(length(in[0]), 1) * length(in[1]));
  };
  cosine.large = {{70, 300}, {2000, 300}};
  cosine.complaints = {{[] {
                          cosine_linear(ones({2, 3}), ones({2, 4}));
                        },
                        {"cosine_linear", "[2,3]", "[2,4]"}},
                       {[] {
                          cosine_linear(ones({3}), ones({2, 3}));
                        },
                        {"cosine_linear", "[N, d]"}},
                       {[] {
                          cosine_linear(ones({2, 3}, {i64}), ones({2, 3}, {i64}));
                        },
                        {"cosine_linear", "int64"}}};
  cosine.extra = [] {  // rows so short that they are not made to length 1: plain gradients and recorded ones agree
    const Tensor x = from_vector<double>({1, 2, 3e-13, 4e-13}, {2, 2}).requires_grad_();
    const Tensor w = from_vector<double>({3e-13, 4e-13, 1, -1}, {2, 2}).requires_grad_(), y = cosine_linear(x, w);
    const std::vector<Tensor> plain = grad(sum(y), {x, w}, {.retain_graph = true}),
                              recorded = grad(sum(y), {x, w}, {.create_graph = true});
    for (size_t i = 0; i < 2; ++i) {
      const std::vector<double> a = plain[i].to_vector<double>(), b = recorded[i].to_vector<double>();
      for (size_t k = 0; k < a.size(); ++k) EXPECT_NEAR(a[k], b[k], 1e-9 * std::fabs(b[k])) << i << " " << k;
    }
  };
  rows.push_back(cosine);

  auto channel_of = [](std::span<const int64_t> p) { return p[1]; };
  auto channel_at = [](std::span<const int64_t> p) { return static_cast<size_t>(p[1]); };
  for (const Shape& shape : std::vector<Shape>{{5, 3}, {2, 3, 2, 2}, {2, 1, 4, 4}}) {
    const Shape channels{shape[1]};
    Row batch{"batch_norm",
              shape.rank() == 2 ? ""
              : shape[1] == 1   ? "one_channel"
                                : "images",
              [](In in) { return batch_norm(in[0], in[1], in[2], 1e-3); },
              {{shape}, {channels}, {channels}},
              normalised(channel_of, channel_at, 1e-3L)};
    Axes axes = shape.rank() == 4 ? Axes{0, 2, 3} : Axes{0};
    Shape wide = shape.rank() == 4 ? Shape{shape[1], 1, 1} : Shape{3};
    batch.reference = [=](In in) {
      Tensor m = mean(in[0], axes, {.keepdim = true}), v = mean(square(in[0]), axes, {.keepdim = true}) - square(m);
      return (in[0] - m) / sqrt(v + 1e-3) * reshape(in[1], wide) + reshape(in[2], wide);
    };
    batch.order = shape.rank() == 2 ? 3 : 2;
    if (shape.rank() == 4) {
      batch.keeps_channels_last = shape[1] > 1;
      if (shape[1] > 1) batch.large = {{16, 24, 20, 20}, {24}, {24}};
    } else {
      batch.complaints = {{[] {
                             batch_norm(ones({1, 3}), {}, {});
                           },
                           {"batch_norm", "one value per channel", "[1,3]"}},
                          {[] {
                             batch_norm(ones({2, 3}), ones({4}), {});
                           },
                           {"batch_norm", "weight", "[3]", "[4]"}},
                          {[] { batch_norm(ones({3}), {}, {}); }, {"batch_norm", "[N, C, ...]", "[3]"}}};
    }
    rows.push_back(batch);
  }
  Row fixed{"batch_norm_fixed",
            "",
            [](In in) {
              BatchStatistics s{tensor({0.5, -1, 2}, in[0].options()), tensor({1, 0.25, 4}, in[0].options())};
              return batch_norm_fixed(in[0], s, in[1], in[2], 0.25);
            },
            {{{2, 3, 2}}, {{3}}, {{3}}},
            [](Hosts in) {
              constexpr Real mean[] = {0.5, -1, 2}, var[] = {1, 0.25, 4};
              Host out(in[0].shape);
              for_each_position(out.shape, [&](std::span<const int64_t> p) {
                auto c = static_cast<size_t>(p[1]);
                out.at({p[0], p[1], p[2]}) =
                    (in[0].at({p[0], p[1], p[2]}) - mean[c]) / std::sqrt(var[c] + 0.25L) * in[1].v[c] + in[2].v[c];
              });
              return out;
            }};
  fixed.complaints = {{[] { batch_norm_fixed(ones({2, 3}), {ones({2}), ones({3})}, {}, {}); }, {"mean", "[3]", "[2]"}}};
  rows.push_back(fixed);
  for (bool variance : {false, true}) {
    Row statistics{"batch_statistics",
                   variance ? "var" : "mean",
                   [variance](In in) {
                     BatchStatistics s = batch_statistics(in[0]);
                     return variance ? s.var : s.mean;
                   },
                   {{{4, 2, 3}}},
                   [variance](Hosts in) {
                     Host out({2});
                     for (int64_t c = 0; c < 2; ++c) {
                       Real m = 0, v = 0;
                       for (int64_t i = 0; i < 12; ++i) m += in[0].at({i / 3, c, i % 3}) / 12;
                       for (int64_t i = 0; i < 12; ++i) v += std::pow(in[0].at({i / 3, c, i % 3}) - m, 2) / 12;
                       out.v[static_cast<size_t>(c)] = variance ? v : m;
                     }
                     return out;
                   }};
    statistics.order = 0;
    statistics.complaints = {{[] { batch_statistics(ones({3})); }, {"batch_statistics", "[N, C, ...]"}}};
    rows.push_back(statistics);
  }

  Row drop{"dropout",
           "",
           [](In in) {
             Generator g(7);
             return dropout(in[0], 0.3, true, g);
           },
           {{{4, 6}}},
           nullptr};
  drop.reference = [](In in) {
    Generator g(7);
    return in[0] * bernoulli(in[0].shape(), 0.7, in[0].options(), g) / 0.7;
  };
  drop.large = {{300, 500}};
  drop.complaints = {{[] { dropout(ones({2}), 1); }, {"dropout", "[0, 1), got 1"}},
                     {[] { dropout(ones({2}, {i64}), 0.5); }, {"dropout", "int64"}}};
  drop.extra = [] {
    Generator g(1);
    Tensor x = ones({100000});
    Tensor y = dropout(x, 0.25, true, g);
    int64_t zeros_seen = 0;
    for (float v : y.to_vector<float>()) {
      GG_CHECK(v == 0 || std::abs(v - 4.0f / 3) < 1e-6f, "dropout made ", v, " of 1");
      zeros_seen += v == 0;
    }
    GG_CHECK(std::abs(static_cast<double>(zeros_seen) - 25000) < 5 * std::sqrt(100000 * 0.25 * 0.75),
             "dropout: ", zeros_seen, " zeros");
    GG_CHECK(dropout(x, 0.25, false, g).is_same(x) && dropout(x, 0, true, g).is_same(x), "dropout copies for nothing");
    GG_CHECK(dropout(x, 0.25, true, g).to_vector<float>() != y.to_vector<float>(), "dropout repeats its mask");
  };
  rows.push_back(drop);
  return rows;
}

}  // namespace gg::optable
