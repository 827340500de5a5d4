// Rows of noise: the relatives of dropout, whose noise must be the same for all orders, and samples with gradients.
// What is drawn is tested by its moments, at five standard errors, with fixed seeds.
#include <algorithm>
#include <cmath>

#include "autograd/autograd.h"
#include "autograd/functional/transforms.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;
using Noisy = std::function<Tensor(const Tensor&, bool, Generator&)>;

struct Moments {
  double mean = 0, variance = 0;
};
Moments moments(const std::vector<double>& v) {
  Moments m;
  auto n = static_cast<double>(v.size());
  for (double x : v) m.mean += x / n;
  for (double x : v) m.variance += (x - m.mean) * (x - m.mean) / n;
  return m;
}

void expect_moments(const std::string& what, const std::vector<double>& v, double mean, double variance,
                    double fourth) {
  auto n = static_cast<double>(v.size());
  Moments m = moments(v);
  GG_CHECK(std::abs(m.mean - mean) < 5 * std::sqrt(variance / n), what, ": mean ", m.mean, ", expected ", mean);
  GG_CHECK(std::abs(m.variance - variance) < 5 * std::sqrt((fourth - variance * variance) / n), what, ": variance ",
           m.variance, ", expected ", variance);
}

// A row of noise with a fixed seed. `made` is the same of other operations and of that seed.
Row noise_row(std::string name, Shape shape, Noisy run, std::function<Tensor(const Tensor&, Generator&)> made) {
  Row row{name,
          "",
          [run](In in) {
            Generator g(7);
            return run(in[0], true, g);
          },
          {{shape}},
          nullptr};
  row.reference = [made](In in) {
    Generator g(7);
    return made(in[0], g);
  };
  row.complaints = {{[run] { run(zeros({2, 3, 2}, {i64}), true, default_generator()); }, {name, "int64"}}};
  row.extra = [name, run, shape] {
    Generator g(1);
    Tensor x = ones(shape);
    GG_CHECK(run(x, false, g).is_same(x) && g.state().offset == 0, name, " copies or draws for nothing");
    std::vector<float> first = run(x, true, g).to_vector<float>();
    GG_CHECK(first != run(x, true, g).to_vector<float>(), name, " repeats its noise");
    Generator again(1);
    GG_CHECK(first == run(x, true, again).to_vector<float>(), name, " does not repeat with the same seed");
  };
  return row;
}

void and_also(Row& row, std::function<void()> more) {
  row.extra = [first = row.extra, more] {
    first();
    more();
  };
}

// Whole channels of ones [200, 50, ...] and how many of them are 0.
void check_channels(const std::string& name, const Noisy& run, Shape shape) {
  shape[0] = 200;
  shape[1] = 50;
  Generator g(3);
  Tensor y = flatten(run(ones(shape, {f64}), true, g), 2, -1);
  std::vector<double> low = min(y, 2).to_vector<double>(), high = max(y, 2).to_vector<double>();
  GG_CHECK(low == high, name, ": the elements of a channel differ");
  double zeros_seen = 0;
  for (double v : low) {
    GG_CHECK(v == 0 || std::abs(v - 1 / 0.7) < 1e-15, name, " made ", v, " of 1");
    zeros_seen += v == 0;
  }
  GG_CHECK(std::abs(zeros_seen - 3000) < 5 * std::sqrt(1e4 * 0.3 * 0.7), name, ": ", zeros_seen, " zeros");
}

// The Gumbel noise behind samples of equal logits: log y is that noise over tau, but for a constant in each row.
void check_gumbel() {
  constexpr int64_t n = 60000;
  Generator g(11);
  std::vector<double> chance = {0.1, 0.2, 0.7};
  Tensor logits = expand(log(from_vector(chance, {3})) + 5, {n, 3});
  for (double tau : {0.3, 2.0}) {
    Tensor y = gumbel_softmax(logits, {.tau = tau}, g);
    GG_CHECK(std::abs(mean(sum(y, 1)).item() - 1) < 1e-12, "gumbel_softmax: not a distribution");
    std::vector<int64_t> drawn = argmax(y, 1).to_vector<int64_t>();
    for (int64_t k = 0; k < 3; ++k) {
      const double p = chance[static_cast<size_t>(k)];
      const auto seen = static_cast<double>(std::count(drawn.begin(), drawn.end(), k));
      GG_CHECK(std::abs(seen - n * p) < 5 * std::sqrt(n * p * (1 - p)), "gumbel_softmax: class ", k, " came ", seen,
               " times of ", n);
    }
    // The difference of two Gumbel variables is logistic: variance π²/3, fourth moment 7π⁴/15.
    Tensor odds = (log(select(y, 1, 0)) - log(select(y, 1, 1))) * tau;
    const double pi = std::acos(-1.0);
    expect_moments("gumbel_softmax", odds.to_vector<double>(), std::log(0.5), pi * pi / 3, 7 * pi * pi * pi * pi / 15);
  }
  for (float v : gumbel_softmax(zeros({1000, 1000}), {.tau = 0.1}, g).to_vector<float>()) {
    GG_CHECK(std::isfinite(v), "gumbel_softmax made ", v);
  }
}

}  // namespace

std::vector<Row> noise_rows() {
  std::vector<Row> rows;

  struct Features {
    const char* name;
    Shape shape;
    Tensor (*run)(const Tensor&, double, bool, Generator&);
    std::string expected;
  };
  for (const Features& f : {Features{"feature_dropout", {4, 3, 2}, feature_dropout, "[N, C, ...]"},
                            Features{"dropout1d", {4, 3, 2}, dropout1d, "[N, C, L]"},
                            Features{"dropout2d", {2, 3, 2, 3}, dropout2d, "[N, C, H, W]"},
                            Features{"dropout3d", {2, 3, 2, 1, 2}, dropout3d, "[N, C, D, H, W]"}}) {
    Noisy run = [f](const Tensor& x, bool training, Generator& g) { return f.run(x, 0.3, training, g); };
    Row row = noise_row(f.name, f.shape, run, [](const Tensor& x, Generator& g) {
      Shape channels = x.shape();
      for (int i = 2; i < channels.rank(); ++i) channels[i] = 1;
      return x * bernoulli(channels, 0.7, x.options(), g) / 0.7;
    });
    and_also(row, [f, run] { check_channels(f.name, run, f.shape); });
    const bool any_rank = f.run == feature_dropout;
    row.complaints[0] = {[f, any_rank] {
                           f.run(zeros(any_rank ? Shape{2, 3} : f.shape, {i64}), 0.5, true, default_generator());
                         },
                         {"feature_dropout", "int64"}};
    row.complaints.push_back({[f] { f.run(ones({4}), 0.5, true, default_generator()); }, {f.name, f.expected, "[4]"}});
    row.complaints.push_back({[f] { f.run(ones(f.shape), 1, true, default_generator()); }, {f.name, "[0, 1), got 1"}});
    rows.push_back(row);
  }

  constexpr int64_t n = 100000;
  Row uniform = noise_row(
      "uniform_dropout", {4, 6},
      [](const Tensor& x, bool training, Generator& g) { return uniform_dropout(x, 0.5, training, g); },
      [](const Tensor& x, Generator& g) { return x * (rand_like(x, {}, g) + 0.5); });
  uniform.large = {{300, 500}};
  and_also(uniform, [] {
    for (DType t : {f32, f64}) {
      Generator g(5);
      std::vector<double> v = to(uniform_dropout(ones({n}, {t}), 1, true, g), f64).to_vector<double>();
      expect_moments("uniform_dropout", v, 1, 1.0 / 3, 1.0 / 5);
      GG_CHECK(*std::min_element(v.begin(), v.end()) >= 0 && *std::max_element(v.begin(), v.end()) < 2,
               "uniform_dropout: out of [0, 2)");
    }
  });
  uniform.complaints.push_back({[] { uniform_dropout(ones({2}), -1); }, {"uniform_dropout", "width", "-1"}});
  rows.push_back(uniform);

  Row gaussian = noise_row(
      "gaussian_dropout", {4, 6},
      [](const Tensor& x, bool training, Generator& g) { return gaussian_dropout(x, 0.5, training, g); },
      [](const Tensor& x, Generator& g) { return x * (randn_like(x, {}, g) * 0.5 + 1); });
  gaussian.large = {{300, 500}};
  and_also(gaussian, [] {
    for (DType t : {f32, f64}) {
      Generator g(6);
      std::vector<double> v = to(gaussian_dropout(full({n}, 2, {t}), 0.25, true, g), f64).to_vector<double>();
      expect_moments("gaussian_dropout", v, 2, 0.25, 3.0 / 16);
    }
  });
  gaussian.complaints.push_back(
      {[] { gaussian_dropout(ones({2}), NAN); }, {"gaussian_dropout", "standard deviation", "nan"}});
  rows.push_back(gaussian);

  Row added = noise_row(
      "gaussian_noise", {4, 6},
      [](const Tensor& x, bool training, Generator& g) { return gaussian_noise(x, 0.5, training, g); },
      [](const Tensor& x, Generator& g) { return x + 0.5 * randn_like(x, {}, g); });
  and_also(added, [] {
    Generator g(7);
    expect_moments("gaussian_noise", gaussian_noise(full({n}, 2, {f64}), 0.5, true, g).to_vector<double>(), 2, 0.25,
                   3.0 / 16);
  });
  added.complaints.push_back({[] { gaussian_noise(ones({2}), -1); }, {"gaussian_noise", "standard deviation", "-1"}});
  rows.push_back(added);

  // ---- samples of classes ------------------------------------------------------------------------------------------
  for (int axis : {-1, 0}) {
    Row gumbel{"gumbel_softmax",
               axis == 0 ? "axis_0" : "",
               [axis](In in) {
                 Generator g(7);
                 return gumbel_softmax(in[0], {.tau = 0.8, .axis = axis}, g);
               },
               {{{3, 4}}},
               nullptr};
    gumbel.extra = check_gumbel;
    if (axis == 0) {
      gumbel.extra = [] {  // the value of hard samples, and their gradient
        Generator a(3), b(3);
        Tensor x = randn({4, 2, 3}, {f64}, a).requires_grad_();
        b.set_state(a.state());
        Tensor hard = gumbel_softmax(x, {.tau = 0.5, .hard = true, .axis = 1}, a);
        Tensor soft = gumbel_softmax(x, {.tau = 0.5, .axis = 1}, b);
        Tensor most = expand(max(soft, 1, {.keepdim = true}), soft.shape());
        GG_CHECK(hard.to_vector<double>() == to(eq(soft, most), f64).to_vector<double>(),
                 "gumbel_softmax: hard is not the largest of soft");
        Tensor w = randn(x.shape(), {f64}, a);
        GG_CHECK(grad(sum(hard * w), x).to_vector<double>() == grad(sum(soft * w), x).to_vector<double>(),
                 "gumbel_softmax: hard has another gradient than soft");
      };
    }
    gumbel.complaints = {{[] { gumbel_softmax(ones({2}, {i64})); }, {"gumbel_softmax", "int64"}},
                         {[] { gumbel_softmax(ones({2}), {.tau = 0}); }, {"gumbel_softmax", "positive, got 0"}},
                         {[] { gumbel_softmax(ones({2}), {.axis = 1}); }, {"gumbel_softmax", "1"}}};
    rows.push_back(gumbel);
  }

  // Its gradient is not the derivative of its value, so no finite difference can tell.
  Row straight{"straight_through",
               "",
               [](In in) { return straight_through(in[0], in[1]); },
               {{{3, 4}}, {{3, 4}}},
               [](Hosts in) { return in[0]; }};
  straight.order = 0;
  straight.extra = [] {
    Tensor hard = tensor({1, 0, 2}, {f64}).requires_grad_(), soft = tensor({0.5, 0.25, 3}, {f64}).requires_grad_();
    Tensor y = straight_through(hard, soft * soft);
    std::vector<Tensor> g = grad(sum(y * y), {hard, soft}, {.create_graph = true, .allow_unused = true});
    GG_CHECK(!g[0].defined(), "straight_through: a gradient of the value");
    GG_CHECK(g[1].to_vector<double>() == (std::vector<double>{2, 0, 24}), "straight_through: ", to_string(g[1]));
    // d/ds of 2·hard·2s, where the derivative of hard is taken for that of s².
    GG_CHECK(grad(sum(g[1]), soft).to_vector<double>() == (std::vector<double>{6, 0.5, 80}),
             "straight_through: second derivative");
    Tensor d = tensor({1, 1, 2}, {f64});
    Tensor product = jvp([&](const Tensor& x) { return straight_through(hard.detach(), x); }, soft.detach(), d).product;
    GG_CHECK(product.to_vector<double>() == d.to_vector<double>(), "straight_through: forward mode");
  };
  straight.complaints = {
      {[] { straight_through(ones({2}), ones({3})); }, {"straight_through", "[2]", "[3]"}},
      {[] { straight_through(ones({2}), ones({2}, {f64})); }, {"straight_through", "float32", "float64"}},
      {[] { straight_through(ones({2}, {i64}), ones({2}, {i64})); }, {"straight_through", "int64"}}};
  rows.push_back(straight);
  return rows;
}

}  // namespace gg::optable
