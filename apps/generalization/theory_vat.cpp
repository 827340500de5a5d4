// The theory behind virtual adversarial training: the quadratic form (A19), its first eigenvector by power iteration
// (A20), and the product with the Hessian by finite differences and exactly (A21).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/text.h"
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

/// The largest eigenvalue of F = Jᵀ(diag p − ppᵀ)J for each sample. With B = diag(√p)(1 − √p√pᵀ), diag p − ppᵀ = BBᵀ,
/// so that BᵀJJᵀB, C by C, has the same eigenvalues but zeros.
std::vector<double> largest_eigenvalues(const models::Classifier& net, const Tensor& x) {
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
  const Tensor small = matmul(matmul(transpose(b), matmul(j, transpose(j))), b);
  return host_doubles(max(eigvalsh((small + transpose(small)) * 0.5), 1));
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

void power_iteration(Theory& theory) {
  LinePlot plot;
  plot.title = "One iteration is most of the way";
  plot.x = {.label = "power iterations", .whole = true};
  plot.y = {.label = "uᵀHu / largest eigenvalue", .low = 0, .high = 1};
  double lowest_one = 1, highest_zero = 0, lowest_four = 1;
  for (const NamedNet& kind : kNets) {
    Generator g = theory.generator(22);
    const models::Classifier net = random_net({{kWide, 256, 10}, kind.activation, kind.scale, f64}, g);
    const Tensor x = rand({64, kWide}, {.dtype = f64}, g);
    const Function logits = [&](const Tensor& at) { return net(at); };
    const std::vector<double> top = largest_eigenvalues(net, x);
    NoGrad guard;
    Tensor u = unit(randn_like(x, {}, g));
    std::vector<double> share;
    for (int k = 0; k <= 8; ++k) {
      const Tensor product = fisher_vp(logits, x, u).product;
      std::vector<double> rayleigh = host_doubles(inner(u, product));
      for (std::size_t i = 0; i < rayleigh.size(); ++i) rayleigh[i] /= top[i];
      share.push_back(median_of(rayleigh));
      u = unit(product);
    }
    highest_zero = std::max(highest_zero, share[0]);
    lowest_one = std::min(lowest_one, share[1]);
    lowest_four = std::min(lowest_four, share[4]);
    plot.series.push_back({.name = kind.name, .y = share, .markers = true});
  }
  theory.at_most("A20", "uᵀHu / λ_max of a random direction, the highest median of four networks", 0.02, highest_zero);
  theory.at_least("A20", "after 1 power iteration, the lowest median", 0.5, lowest_one);
  theory.at_least("A20", "after 4 power iterations, the lowest median", 0.85, lowest_four);
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
  plot.y = {.label = "cosine to the exact H·u", .low = -0.1, .high = 1.05};
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
