// The theory behind virtual adversarial training: the quadratic form (A19), its first eigenvector by power iteration
// (A20), and the product with the Hessian by finite differences and exactly (A21).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/text.h"
#include "apps/generalization/statistics.h"
#include "apps/generalization/theory.h"
#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
#include "core/grad_mode.h"
#include "losses/losses.h"
#include "metrics/host.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

using metrics::host_doubles;

Tensor unit(const Tensor& v) { return normalize(v, 1, {.eps = 1e-30}); }
Tensor inner(const Tensor& a, const Tensor& b) { return sum(a * b, {1}); }
/// Without the eps of cosine_similarity, beside which gradients of a step of 1e-6 are nothing.
Tensor cosine(const Tensor& a, const Tensor& b) { return inner(unit(to(a, f64)), unit(to(b, f64))); }

/// H = Jᵀ(diag p − ppᵀ)J of each sample by its eigenvalues, and how much of a direction u lies in each eigenvector.
/// With B = diag(√p)(1 − √p√pᵀ), diag p − ppᵀ = BBᵀ, so that BᵀJJᵀB, C by C, has H's eigenvalues but zeros, and with
/// its eigenvectors q the eigenvectors of H are v = JᵀBq / √λ.
struct Spectrum {
  Tensor values;   ///< [N, C], ascending
  Tensor largest;  ///< [N]
  Tensor shares;   ///< (vᵀu)², [N, C]; 0 where the eigenvalue is 0
};

Spectrum spectrum(const models::Classifier& net, const Tensor& x, const Tensor& u) {
  const Tensor at = x.detach().requires_grad_();
  const Tensor logits = net(at);
  const std::int64_t n = x.size(0), classes = logits.size(1);
  std::vector<Tensor> rows;
  for (std::int64_t c = 0; c < classes; ++c) {
    rows.push_back(grad(sum(select(logits, 1, c)), at, {.retain_graph = true}));
  }
  NoGrad guard;
  const Tensor j = stack(rows, 1);  // [N, C, D]
  const Tensor root = sqrt(softmax(logits.detach(), 1));
  const Tensor column = reshape(root, {n, classes, 1}), row = reshape(root, {n, 1, classes});
  const Tensor b = column * (eye(classes, {.dtype = x.dtype()}) - column * row);
  const Tensor m = matmul(transpose(b), j), small = matmul(m, transpose(m));
  const Eigh e = eigh(small);
  const Tensor values = clamp(e.values, 0, HUGE_VAL), largest = max(values, 1);
  // (vᵀu)² = (qᵀBᵀJu)² / λ
  const Tensor seen = square(squeeze(matmul(transpose(e.vectors), matmul(m, unsqueeze(u, 2))), 2));
  const Tensor zero = le(values, unsqueeze(largest, 1) * 1e-12);
  return {values, largest, masked_fill(seen / where(zero, ones_like(values), values), zero, 0)};
}

/// uᵀHu / λ_max after k power iterations, from the eigenvalues over the largest of them, [..., C], and what the start
/// has of each eigenvector: with shares c², Σ c²λ^(2k+1) / Σ c²λ^(2k).
Tensor rayleigh_after(int k, const Tensor& values, const Tensor& shares) {
  Tensor weighted = shares;
  for (int i = 0; i < 2 * k; ++i) weighted = weighted * values;
  const Tensor product = sum(weighted * values, -1);
  return k == 0 ? product : product / sum(weighted, -1);  // the shares of a unit vector sum to 1, with H's zeros
}

void quadratic_form(Theory& theory) {
  Generator g = theory.generator(21);
  const models::Classifier net = random_net({}, g);
  const Tensor x = random_inputs(64, 20, g), u = unit(randn_like(x, {}, g));
  const Function logits = [&](const Tensor& at) { return net(at); };
  NoGrad guard;
  const Tensor clean = net(x);
  const Tensor half = inner(u, fisher_vp(logits, x, u).product) * 0.5;
  std::vector<double> lengths, ratios;
  for (double length = 1e-3; length < 2; length *= 2) {
    const Tensor kl = losses::kl_from_logits(clean, net(x + u * length));
    lengths.push_back(length);
    ratios.push_back(median_of(host_doubles(kl / (half * (length * length)))));
  }
  theory.near("A19", "KL(f(x) ‖ f(x+r)) / ½rᵀHr at ‖r‖ = 0.001, median", 1, 0.01, ratios[0]);
  const Tensor start = x.detach().requires_grad_();
  GradModeGuard on(true);
  const Tensor at_zero = sum(losses::kl_from_logits(clean, net(start)));
  theory.at_most("A19", "the gradient in r at r = 0, largest entry: power iteration must start elsewhere", 1e-12,
                 max(abs(grad(at_zero, start))).item());
  LinePlot plot;
  plot.title = "How long a perturbation is still quadratic";
  plot.x = {.label = "length of r", .scale = Scale::kLog};
  plot.y = {.label = "KL / ½rᵀHr"};
  plot.series = {{.name = "random direction, median of 64", .x = lengths, .y = ratios, .markers = true}};
  plot.baselines = {{"equal", 1}};
  theory.plot("quadratic.svg", to_svg(plot), "Near 0 the divergence is its Hessian, further out it is not.");
}

struct NamedNet {
  const char* name;
  models::Activation activation;
  double scale;
};
const std::vector<NamedNet> kNets = {{"tanh", models::Activation::tanh, 1},
                                     {"tanh, weights × 3", models::Activation::tanh, 3},
                                     {"ReLU", models::Activation::relu, 1},
                                     {"ReLU, weights × 3", models::Activation::relu, 3}};
constexpr std::int64_t kWide = 784;

/// What power iteration should see of λ_max, on average over starts and then over samples, and the standard error of
/// that average with one start for each sample.
Spread expected_share(int k, const Tensor& relative, std::int64_t inputs, Generator& g) {
  Tensor mean_share, variance;
  if (k == 0) {
    // u is uniform on the sphere: E uᵢ² = 1/D, and the variance of Σ λ u² is 2 (Σλ² − (Σλ)²/D) / D(D + 2).
    const auto d = static_cast<double>(inputs);
    const Tensor total = sum(relative, 1);
    mean_share = total / d;
    variance = (sum(square(relative), 1) - square(total) / d) * (2 / (d * (d + 2)));
  } else {
    const Tensor start = square(randn({4000, relative.size(0), relative.size(1)}, {.dtype = f64}, g));
    const Tensor shares = rayleigh_after(k, relative, start);
    mean_share = mean(shares, {0});
    variance = var(shares, {0});
  }
  const auto n = static_cast<double>(relative.size(0));
  return {mean(mean_share).item(), std::sqrt(mean(variance).item()), static_cast<std::size_t>(n)};
}

void power_iteration(Theory& theory) {
  LinePlot plot;
  plot.title = "One iteration is most of the way";
  plot.x = {.label = "power iterations", .whole = true};
  plot.y = {.label = "uᵀHu / largest eigenvalue", .low = 0, .high = 1};
  constexpr int kMost = 8, kTold[] = {0, 1, 2, 4};
  double off = 0;
  struct Told {
    std::string expected, measured;
    bool holds = true;
  };
  std::vector<Told> told(std::size(kTold));
  for (const NamedNet& kind : kNets) {
    Generator g = theory.generator(22);
    const models::Classifier net = random_net({{kWide, 256, 10}, kind.activation, kind.scale, f64}, g);
    const Tensor x = rand({64, kWide}, {.dtype = f64}, g);
    const Function logits = [&](const Tensor& at) { return net(at); };
    Tensor u = unit(randn_like(x, {}, g));
    const Spectrum of = spectrum(net, x, u);
    NoGrad guard;
    const Tensor relative = of.values / unsqueeze(of.largest, 1);
    std::vector<double> middle;
    for (int k = 0; k <= kMost; ++k) {
      const Tensor product = fisher_vp(logits, x, u).product;
      const Tensor share = inner(u, product) / of.largest, predicted = rayleigh_after(k, relative, of.shares);
      off = std::max(off, max(abs(share / predicted - 1.0)).item());
      middle.push_back(median_of(host_doubles(share)));
      for (std::size_t i = 0; i < std::size(kTold); ++i) {
        if (kTold[i] != k) continue;
        const Spread wanted = expected_share(k, relative, kWide, g);
        const double measured = mean(share).item(), tolerance = 4 * wanted.standard_error();
        Told& line = told[i];
        const char* comma = line.expected.empty() ? "" : ", ";
        line.expected += fmt::format("{}{} ± {}", comma, format_number(wanted.mean, 3), format_number(tolerance, 2));
        line.measured += comma + format_number(measured, 3);
        line.holds = line.holds && std::abs(measured - wanted.mean) <= tolerance;
      }
      u = unit(product);
    }
    plot.series.push_back({.name = kind.name, .y = middle, .markers = true});
  }
  theory.at_most("A20",
                 "uᵀHu after 0 to 8 power iterations against Σ c²λ^(2k+1) / Σ c²λ^(2k) of H's eigenvalues λ and the "
                 "start's shares c², largest relative difference",
                 1e-8, off);
  for (std::size_t i = 0; i < told.size(); ++i) {
    theory.claim({"A20",
                  fmt::format("uᵀHu / λ_max after {} power iterations, mean of 64 inputs, four networks; expected for "
                              "random starts, ± 4 standard errors",
                              kTold[i]),
                  told[i].expected, told[i].measured, told[i].holds});
  }
  theory.plot(
      "power.svg", to_svg(plot),
      "Random networks 784-256-10, medians of 64 inputs. A random direction sees nearly nothing of what the worst "
      "one does; one iteration sees most of it.");
}

/// What the classic method computes in place of H·u: the gradient of KL at x + ξu.
Tensor by_differences(const models::Classifier& net, const Tensor& x, const Tensor& u, double xi) {
  const Tensor at = (x + u * xi).detach().requires_grad_();
  return grad(sum(losses::kl_from_logits(net(x).detach(), net(at))), at);
}

void directions(Theory& theory) {
  const std::vector<double> xis = {1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10};
  LinePlot plot;
  plot.title = "How good is the direction?";
  plot.x = {.label = "step ξ of the finite differences", .scale = Scale::kLog};
  plot.y = {.label = "cosine to the exact H·u", .low = -0.25, .high = 1.05};
  double worst_middle = 1, best_small = 0, worst_small = 1, worst_ten = 1, best_ten = 0, exact_in_f32 = 1;
  for (const NamedNet& kind : kNets) {
    Generator g = theory.generator(23);
    const models::Classifier net = random_net({{kWide, 256, 10}, kind.activation, kind.scale, f64}, g);
    Generator again = theory.generator(23);
    const models::Classifier single = random_net({{kWide, 256, 10}, kind.activation, kind.scale, f32}, again);
    // Both have exactly the numbers of the f32 network.
    TensorMap numbers;
    for (const auto& [name, value] : single.state_dict()) numbers[name] = to(value, f64);
    net.load_state_dict(numbers);
    const Tensor x32 = rand({64, kWide}, {}, g), u32 = unit(randn({64, kWide}, {}, g));
    const Tensor x = to(x32, f64), u = to(u32, f64);
    NoGrad no_history;
    const Tensor exact = fisher_vp([&](const Tensor& at) { return net(at); }, x, u).product;
    const Tensor exact32 = fisher_vp([&](const Tensor& at) { return single(at); }, x32, u32).product;
    exact_in_f32 = std::min(exact_in_f32, min(cosine(exact32, exact)).item());
    GradModeGuard on(true);
    std::vector<double> cosine32, cosine64;
    for (const double xi : xis) {
      cosine32.push_back(median_of(host_doubles(cosine(by_differences(single, x32, u32, xi), exact))));
      cosine64.push_back(median_of(host_doubles(cosine(by_differences(net, x, u, xi), exact))));
    }
    best_small = std::max(best_small, cosine32[1]);
    worst_small = std::min(worst_small, cosine32[1]);
    worst_middle = std::min({worst_middle, cosine32[4], cosine32[5], cosine32[6]});
    worst_ten = std::min(worst_ten, cosine32[8]);
    best_ten = std::max(best_ten, cosine32[8]);
    plot.series.push_back({.name = kind.name, .x = xis, .y = cosine32, .markers = true});
    if (kind.scale == 1 && kind.activation == models::Activation::tanh) {
      plot.series.push_back({.name = "tanh in f64", .x = xis, .y = cosine64, .dashed = true});
    }
  }
  theory.at_least("A21", "exact H·u in f32 against f64: the worst cosine of 256", 0.9999, exact_in_f32);
  theory.at_least("A21", "finite differences in f32, ξ from 0.001 to 0.1: the lowest median cosine", 0.99,
                  worst_middle);
  theory.claim({"A21", "the same at ξ = 1e-6, the value of the paper's code: medians of four networks", "below 0.9",
                fmt::format("{} to {}", format_short(worst_small, 3), format_short(best_small, 3)), best_small < 0.9});
  theory.claim({"A21", "the same at ξ = 10, the value of the document's code", "below 0.99",
                fmt::format("{} to {}", format_short(worst_ten, 3), format_short(best_ten, 3)), best_ten < 0.99});
  theory.plot(
      "directions.svg", to_svg(plot),
      "Too small a step is rounding noise in f32, too large a step is no derivative. The exact product, one pass "
      "forward and one back, needs no ξ.");
}

}  // namespace

void add_vat_theory(Theory& theory) {
  theory.part("The worst direction",
              "The divergence has no first-order term at r = 0, so that the worst small perturbation is the first "
              "eigenvector of its Hessian. Power iteration finds it, and needs only products with the Hessian.");
  quadratic_form(theory);
  power_iteration(theory);
  directions(theory);
}

}  // namespace gg::apps
