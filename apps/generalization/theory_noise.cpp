// The theory of random noise: sampling (A4), the expansion that ends in a Laplacian (A5), bounds by another target (A7,
// A8), and the linear model, where noise is ridge regression (A14).
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

using losses::Reduction;
using metrics::host_doubles;

Tensor random_classes(std::int64_t n, std::int64_t classes, Generator& generator) {
  return randint(0, classes, {n}, {}, generator);
}

/// The standard error of the gradient of a loss averaged over k draws, and what k draws cost.
void sampling(Theory& theory) {
  Generator g = theory.generator(1);
  const models::Classifier net = random_net({.widths = {64, 32, 10}}, g);
  const Tensor x = random_inputs(16, 64, g), y = random_classes(16, 10, g);
  net.requires_grad_(true);
  const std::vector<Tensor> parameters = net.parameters();
  constexpr int kLargest = 64;
  const int draws =
      static_cast<int>(std::clamp<std::int64_t>(theory.options.draws / 10, 512, 2048)) / kLargest * kLargest;
  std::vector<Tensor> gradients;
  for (int i = 0; i < draws; ++i) {
    const Tensor loss = losses::cross_entropy(net(losses::additive_noise(x, {.std = 0.3}, g)), y);
    std::vector<Tensor> flat;
    for (const Tensor& part : grad(loss, parameters)) flat.push_back(reshape(part, {part.numel()}));
    gradients.push_back(concat(flat, 0));
  }
  const Tensor all = stack(gradients, 0);  // [draws, parameters]
  std::vector<double> ks, errors;
  for (int k = 1; k <= kLargest; k *= 2) {
    const Tensor means = mean(reshape(all, {draws / k, k, all.size(1)}), {1});
    ks.push_back(k);
    errors.push_back(std::sqrt(mean(var(means, {0})).item()));
  }
  theory.near("A4", "slope of the gradient's standard error over the number k of draws, log-log", -0.5, 0.05,
              log_log_slope(ks, errors));
  LinePlot plot;
  plot.title = "More draws, less error";
  plot.x = {.label = "draws k", .scale = Scale::kLog};
  plot.y = {.label = "standard error of the gradient", .scale = Scale::kLog};
  std::vector<double> ideal;
  for (const double k : ks) ideal.push_back(errors[0] / std::sqrt(k));
  plot.series = {{.name = "measured", .x = ks, .y = errors, .markers = true},
                 {.name = "1/√k", .x = ks, .y = ideal, .dashed = true}};
  theory.plot("draws.svg", to_svg(plot),
              "The document's first remedy works as slowly as all averaging does: a hundred "
              "draws for one more digit.");

  std::vector<std::function<void()>> steps;
  const std::vector<int> costs = {1, 2, 4, 8, 16};
  const models::Classifier timed = random_net({.widths = {theory.options.inputs, 128, 10}, .dtype = f32}, g);
  timed.requires_grad_(true);
  const std::vector<Tensor> weights = timed.parameters();
  const Tensor xs = random_inputs(64, theory.options.inputs, g, f32), ys = random_classes(64, 10, g);
  for (const int k : costs) {
    steps.push_back([&, k, xk = tile(xs, {k, 1}), yk = tile(ys, {k})] {
      grad(losses::cross_entropy(timed(losses::additive_noise(xk, {.std = 0.3}, g)), yk), weights);
    });
  }
  const std::vector<double> seconds = seconds_of(steps, 9);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = 0; i < costs.size(); ++i) {
    rows.push_back({fmt::format("{}", costs[i]), format_number(1e3 * seconds[i], 3),
                    format_number(seconds[i] / seconds[0], 3), format_number(1 / std::sqrt(costs[i]), 3)});
  }
  theory.table({"draws k", "ms of a gradient", "cost ×", "error ×"}, rows,
               fmt::format("A4: a network {}-128-10, 64 samples k times in one batch. CPU time, middle of 9.",
                           theory.options.inputs));
}

struct ExpansionErrors {
  std::vector<std::vector<double>> controlled, plain;  ///< for each σ, of each sample
};

std::vector<double> root_mean_squares(const std::vector<std::vector<double>>& errors) {
  std::vector<double> list;
  for (const std::vector<double>& at : errors) {
    double total = 0;
    for (const double e : at) total += e * e;
    list.push_back(std::sqrt(total / static_cast<double>(at.size())));
  }
  return list;
}

/// E l(x + ε) − l(x) − ½σ²Δl(x) of each sample (a mean over samples would cancel). `controlled` subtracts from each
/// draw the first two terms of its own expansion, whose mean is known, and draws ε and −ε: the same mean, but noise of
/// the order of what is measured.
ExpansionErrors expansion_errors(const models::Classifier& net, const Tensor& x, const Tensor& y,
                                 const std::vector<double>& sigmas, int draws, Generator& g) {
  const Function loss = [&](const Tensor& at) {
    return losses::cross_entropy(net(at), y, {.reduction = Reduction::none});
  };
  NoGrad guard;
  const Tensor at_x = loss(x), delta = laplacian(loss, x, {.batched = true}).laplacian;
  const Function total = [&](const Tensor& at) { return sum(loss(at)); };
  std::vector<Tensor> controlled(sigmas.size(), zeros_like(at_x)), plain(sigmas.size(), zeros_like(at_x));
  for (int draw = 0; draw < draws; ++draw) {
    const Tensor e = randn_like(x, {}, g);
    const Tensor bend = sum(e * hvp(total, x, e).product, {1});  // eᵀ·H·e of each sample
    for (std::size_t i = 0; i < sigmas.size(); ++i) {
      const double s = sigmas[i];
      const Tensor up = loss(x + e * s), down = loss(x - e * s);
      controlled[i] = controlled[i] + ((up + down) * 0.5 - at_x - bend * (0.5 * s * s)) / draws;
      plain[i] = plain[i] + (up - at_x - delta * (0.5 * s * s)) / draws;
    }
  }
  ExpansionErrors errors;
  for (const Tensor& e : controlled) errors.controlled.push_back(host_doubles(e));
  for (const Tensor& e : plain) errors.plain.push_back(host_doubles(e));
  return errors;
}

/// The slopes 4 and 3/2 are those of σ → 0, so they are measured where σ is small: what the next order adds to them is
/// less than kNextOrder there, and the rest is the error of the sample, of which 4 standard errors are allowed.
///
/// Why 3/2: let x lie at the distance d from a kink across which the slope of l changes by c. Noise of deviation σ
/// crosses it now and then, which adds on average cσ·h(d/σ), h(t) = E (z − |t|)₊ for normal z; the Laplacian at x knows
/// nothing of it. With samples as dense as ρ around the kink the mean of the squares is ∫ρ(cσh(d/σ))² dd, in proportion
/// to σ³. So is the variance of an average over draws, since draws that do not cross add nothing.
void expansion(Theory& theory) {
  Generator g = theory.generator(2);
  const std::vector<double> sigmas = {0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32};
  constexpr std::size_t kSmall = 4;
  constexpr double kNextOrder = 0.01;
  const std::vector<double> small(sigmas.begin(), sigmas.begin() + kSmall);
  const auto draws = static_cast<int>(std::max<std::int64_t>(theory.options.draws / 400, 10));
  const std::vector<std::int64_t> widths = {12, 24, 4};
  LinePlot plot;
  plot.title = "What the Laplacian leaves over";
  plot.x = {.label = "deviation σ of the noise", .scale = Scale::kLog};
  plot.y = {.label = "|E l(x+ε) − l − ½σ²Δl|", .scale = Scale::kLog};
  for (const auto& [name, activation] :
       {std::pair("tanh", models::Activation::tanh), std::pair("softplus", models::Activation::softplus),
        std::pair("ReLU", models::Activation::relu)}) {
    // Of many samples few are near a kink.
    const bool kinks = activation == models::Activation::relu;
    const std::int64_t samples = kinks ? 16384 : 1024;
    const Tensor x = random_inputs(samples, 12, g), y = random_classes(samples, 4, g);
    const models::Classifier net = random_net({.widths = widths, .activation = activation}, g);
    const ExpansionErrors errors = expansion_errors(net, x, y, sigmas, draws, g);
    const Slope slope = rms_slope(small, {errors.controlled.begin(), errors.controlled.begin() + kSmall});
    theory.near("A5",
                kinks ? "the same slope for ReLU, whose kinks the Laplacian does not see (negative control)"
                      : fmt::format("slope of |E l(x+ε) − l − ½σ²Δl| over σ, log-log, {}", name),
                kinks ? 1.5 : 4, 4 * slope.standard_error + kNextOrder, slope.value);
    plot.series.push_back({.name = name, .x = sigmas, .y = root_mean_squares(errors.controlled), .markers = true});
    if (activation == models::Activation::tanh) {
      plot.series.push_back(
          {.name = "tanh, plain draws", .x = sigmas, .y = root_mean_squares(errors.plain), .dashed = true});
    }
  }
  theory.plot("expansion.svg", to_svg(plot),
              "The rest after the Laplacian falls with σ⁴ where the network is smooth. With ReLU the second derivative "
              "is 0 but for its kinks: the share σ of samples that is within σ of one is wrong by σ, which is σ^1.5 in "
              "the root mean square. Dashed: the same expectation by plain draws, which ends in their noise.");
}

/// Three ways to one Laplacian, and what each costs.
void laplacian_costs(Theory& theory) {
  Generator g = theory.generator(3);
  const std::int64_t d = theory.options.inputs, n = 32;
  {
    const models::Classifier net = random_net({.widths = {12, 24, 4}}, g);
    const Tensor x = random_inputs(8, 12, g), y = random_classes(8, 4, g);
    const Function loss = [&](const Tensor& at) {
      return losses::cross_entropy(net(at), y, {.reduction = Reduction::none});
    };
    const Function total = [&](const Tensor& at) { return sum(loss(at)); };
    NoGrad guard;
    const Tensor exact = laplacian(loss, x, {.batched = true}).laplacian;
    Tensor nested = zeros_like(exact);
    for (std::int64_t i = 0; i < 12; ++i) {
      const Tensor direction = expand(select(eye(12, {.dtype = f64}), 0, i), x.shape());
      nested = nested + select(hvp(total, x, contiguous(direction)).product, 1, i);
    }
    theory.at_most("A5", "forward Laplacian against a sum of D Hessian-vector products, largest difference", 1e-10,
                   max(abs(exact - nested)).item());
    const int probes = static_cast<int>(theory.options.draws / 2);
    const Tensor estimate = hutchinson_laplacian(loss, x, {.probes = probes}, g).laplacian;
    const double scale = std::sqrt(mean(square(exact)).item());
    theory.at_most("A5", fmt::format("Hutchinson's estimate of {} probes against the exact one, relative", probes),
                   10 / std::sqrt(probes), std::sqrt(mean(square(estimate - exact)).item()) / scale);
  }
  const models::Classifier net = random_net({.widths = {d, 128, 128, 10}, .dtype = f32}, g);
  const Tensor x = random_inputs(n, d, g, f32), y = random_classes(n, 10, g), identity = eye(d);
  const Function loss = [&](const Tensor& at) {
    return losses::cross_entropy(net(at), y, {.reduction = Reduction::none});
  };
  const Function total = [&](const Tensor& at) { return sum(loss(at)); };
  const std::vector<double> seconds =
      seconds_of({[&] {
                    NoGrad guard;
                    loss(x);
                  },
                  [&] {
                    NoGrad guard;
                    laplacian(loss, x, {.batched = true});
                  },
                  [&] {
                    NoGrad guard;
                    hutchinson_laplacian(loss, x, {}, g);
                  },
                  [&] {
                    NoGrad guard;
                    for (std::int64_t i = 0; i < d; ++i)
                      hvp(total, x, contiguous(expand(select(identity, 0, i), x.shape())));
                  }},
                 3);
  std::vector<std::vector<std::string>> rows;
  const std::vector<std::string> names = {"the loss alone", "exact, forward Laplacian", "Hutchinson, one probe",
                                          fmt::format("exact, {} Hessian-vector products", d)};
  for (std::size_t i = 0; i < names.size(); ++i) {
    rows.push_back({names[i], format_number(1e3 * seconds[i], 3), format_number(seconds[i] / seconds[0], 3)});
  }
  theory.table({"Δl of 32 samples", "ms", "× the loss"}, rows,
               fmt::format("A5: a tanh network {}-128-128-10, values only. CPU time, middle of 3, taken in turn.", d));
}

/// The linear model with squared error: noise on the input is ridge regression.
void ridge(Theory& theory) {
  Generator g = theory.generator(4);
  const std::int64_t n = 200, d = 10;
  const double sigma = 0.5;
  const Tensor x = random_inputs(n, d, g), truth = randn({d, 1}, {.dtype = f64}, g);
  const Tensor y = matmul(x, truth) + randn({n, 1}, {.dtype = f64}, g) * 0.5;
  const auto solution = [&](double lambda) {  // of mean (xw − y)² + λ‖w‖²
    const Tensor a = matmul(transpose(x), x) / static_cast<double>(n) + eye(d, {.dtype = f64}) * lambda;
    return solve(a, matmul(transpose(x), y) / static_cast<double>(n));
  };
  Tensor w = zeros({d, 1}, {.dtype = f64}), tail = zeros({d, 1}, {.dtype = f64});
  const int steps = static_cast<int>(std::max<std::int64_t>(theory.options.draws, 4000));
  for (int k = 0; k < steps; ++k) {
    const Tensor variable = w.detach().requires_grad_();
    const Tensor noisy = losses::additive_noise(x, {.std = sigma}, g);
    const Tensor loss = mean(square(matmul(noisy, variable) - y));
    w = w - grad(loss, variable) * 0.05;
    if (k >= steps / 4) tail = tail + w / static_cast<double>(steps - steps / 4);
  }
  const auto off = [&](const Tensor& wanted) { return (norm(tail - wanted) / norm(wanted)).item(); };
  theory.at_most("A14", "linear model: gradient descent under noise σ against ridge with λ = σ², relative difference",
                 0.01, off(solution(sigma * sigma)));
  theory.at_least("A14", "the same against ordinary least squares (negative control)", 0.1, off(solution(0)));
  theory.at_least("A14", "the same against ridge with λ = n·σ² on the mean loss (negative control)", 0.1,
                  off(solution(static_cast<double>(n) * sigma * sigma)));
}

Tensor squared_distances(const Tensor& a, const Tensor& b) { return sum(square(a - b), {1}); }

}  // namespace

void add_noise_theory(Theory& theory) {
  theory.part(
      "Noise, averaged",
      "A loss under random noise is an integral. Draws approach it slowly; its expansion to second order is the "
      "loss plus half of σ² times the Laplacian, which is exact up to σ⁴ for smooth networks.");
  sampling(theory);
  expansion(theory);
  laplacian_costs(theory);
  ridge(theory);
}

void add_bound_theory(Theory& theory) {
  theory.part("Another target",
              "l(f(x+ε), f(x)) + l(f(x), y) bounds l(f(x+ε), y) where l is a metric, and up to a factor of two for "
              "squared distances. The divergence of Kullback and Leibler is no metric and gives no such bound.");
  Generator g = theory.generator(5);
  const std::int64_t n = std::max<std::int64_t>(theory.options.draws / 2, 10000);
  const models::Classifier net = random_net({.widths = {20, 32, 6}, .scale = 3}, g);
  const Tensor x = random_inputs(n, 20, g), e = randn_like(x, {}, g) * 0.5;
  const Tensor label = one_hot(random_classes(n, 6, g), 6, {.dtype = f64});
  NoGrad guard;
  const Tensor log_f = log_softmax(net(x), 1), log_moved = log_softmax(net(x + e), 1);
  const Tensor f = exp(log_f), moved = exp(log_moved);

  const auto violations = [](const Tensor& left, const Tensor& right) {
    std::int64_t count = 0;
    const std::vector<double> a = host_doubles(left), b = host_doubles(right);
    for (std::size_t i = 0; i < a.size(); ++i) count += a[i] > b[i] * (1 + 1e-12);
    return static_cast<double>(count);
  };
  const Tensor to_label = squared_distances(f, label), step = squared_distances(moved, f),
               moved_to_label = squared_distances(moved, label);
  theory.at_most("A7", fmt::format("‖f(x+ε)−y‖ ≤ ‖f(x+ε)−f(x)‖ + ‖f(x)−y‖: violations in {} draws", n), 0,
                 violations(sqrt(moved_to_label), sqrt(step) + sqrt(to_label)));
  const double squared = violations(moved_to_label, step + to_label) / static_cast<double>(n);
  theory.at_least("A7", "the same for squared distances, which are no metric: share of violations", 0.01, squared);
  const Tensor kl_label = -sum(label * log_f, {1}), kl_moved = -sum(label * log_moved, {1});
  const Tensor kl_step = sum(f * (log_f - log_moved), {1});
  theory.at_least("A7", "the same for KL: share of violations (negative control)", 0.01,
                  violations(kl_moved, kl_step + kl_label) / static_cast<double>(n));

  const std::vector<double> ratio = host_doubles(moved_to_label / ((step + to_label) * 2.0));
  theory.at_most("A8", "‖f(x+ε)−y‖² / 2(‖f(x+ε)−f(x)‖² + ‖f(x)−y‖²), the largest of all draws", 1,
                 *std::max_element(ratio.begin(), ratio.end()));
  Histogram histogram;
  histogram.title = "How tight the bound is";
  histogram.x = {.label = "left side / right side", .low = 0, .high = 1};
  histogram.y.label = "share of draws";
  histogram.samples = {{"squared distance", ratio}};
  theory.plot("jensen.svg", to_svg(histogram),
              "Jensen's bound for squared distances is never broken. It is attained where f(x) lies half-way between "
              "f(x+ε) and y; without noise the ratio is ½.");
}

}  // namespace gg::apps
