// The theory of gradient penalties: the four sums of the expanded loss (A10), the penalty that is left of them
// (A11-A13), and its estimate by one random projection (A15).
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

using losses::Form;
using losses::Reduction;
using metrics::host_doubles;

/// A loss between outputs, [N, C] and [N, C] to [N]; the second argument is the target.
using Between = std::function<Tensor(const Tensor& outputs, const Tensor& target)>;

Tensor squared_error(const Tensor& outputs, const Tensor& target) { return sum(square(outputs - target), {1}); }
Tensor divergence(const Tensor& outputs, const Tensor& target) {
  return sum(target * (log(target) - log(outputs)), {1});
}

double largest(const Tensor& t) { return max(abs(t)).item(); }

/// The terms of l(f(x+ε), f(x)) up to second order in ε, for each sample.
struct FourSums {
  Tensor zeroth, first, curved, quadratic;
  Tensor slope;   ///< ∂l/∂F at F = f(x): [N, C]
  Tensor actual;  ///< l(f(x+ε), f(x))
};

FourSums four_sums(const Function& f, const Between& l, const Tensor& x, const Tensor& e) {
  NoGrad guard;
  const Tensor target = f(x);
  const Function of_outputs = [&](const Tensor& outputs) { return sum(l(outputs, target)); };
  const Tensor moved = jvp(f, x, e).product;  // J·ε
  // The second derivative along ε is the derivative of J·ε along ε.
  const Tensor bent = jvp([&](const Tensor& at) { return jvp(f, at, e).product; }, x, e).product;
  const HvpResult second = hvp(of_outputs, target, moved);
  return {.zeroth = l(target, target),
          .first = sum(second.gradient * moved, {1}),
          .curved = sum(second.gradient * bent, {1}) * 0.5,
          .quadratic = sum(second.product * moved, {1}) * 0.5,
          .slope = second.gradient,
          .actual = l(f(x + e), target)};
}

void expanded_loss(Theory& theory) {
  Generator g = theory.generator(11);
  const models::Classifier net = random_net({}, g);
  const Tensor x = random_inputs(64, 20, g), e = randn_like(x, {}, g) * 1e-3;
  const Function raw = [&](const Tensor& at) { return net(at); };
  const Function normalised = [&](const Tensor& at) { return softmax(net(at), 1); };
  const Function unnormalised = [&](const Tensor& at) { return exp(net(at)); };  // positive, but of any sum

  const auto report = [&](const char* name, const FourSums& sums) {
    const double scale = largest(sums.quadratic);
    theory.at_most("A10", fmt::format("{}: l(f, f), the first sum", name), 1e-10, largest(sums.zeroth));
    theory.at_most("A10", fmt::format("{}: the second sum, Σ ∂l ∂f ε, beside the fourth", name), 1e-10,
                   largest(sums.first) / scale);
    theory.at_most("A10", fmt::format("{}: the third sum, ½Σ ∂l ∂²f εε, beside the fourth", name), 1e-10,
                   largest(sums.curved) / scale);
    theory.near("A10", fmt::format("{}: l(f(x+ε), f(x)) / the fourth sum, ½Σ ∂²l ∂f ∂f εε", name), 1, 0.02,
                median_of(host_doubles(sums.actual / sums.quadratic)));
  };
  const FourSums mse = four_sums(raw, squared_error, x, e);
  report("squared error", mse);
  theory.at_most("A10", "squared error: ∂l/∂F at F = f, the largest component", 1e-12, largest(mse.slope));
  const FourSums kl = four_sums(normalised, divergence, x, e);
  report("KL of probabilities", kl);
  theory.near("A10", "KL: ∂l/∂F at F = f in each component; the document says 0", -1, 1e-12, mean(kl.slope).item());
  const FourSums wrong = four_sums(unnormalised, divergence, x, e);
  theory.at_least("A10", "KL of outputs that do not sum to 1: the second sum beside the fourth (negative control)", 1,
                  largest(wrong.first) / largest(wrong.quadratic));
  theory.at_least("A10", "the same: the third sum beside the fourth (negative control)", 0.1,
                  largest(wrong.curved) / largest(wrong.quadratic));
}

/// ∂²l/∂F² at F = f is diagonal, with the values that the document gives.
void second_derivatives(Theory& theory) {
  Generator g = theory.generator(12);
  const std::int64_t classes = 6;
  const Tensor f = softmax(randn({1, classes}, {.dtype = f64}, g), 1);
  const auto hessian_of = [&](const Between& l) {
    std::vector<Tensor> rows;
    for (std::int64_t i = 0; i < classes; ++i) {
      const Tensor direction = slice(eye(classes, {.dtype = f64}), 0, i, i + 1);
      rows.push_back(hvp([&](const Tensor& at) { return sum(l(at, f)); }, f, direction).product);
    }
    return concat(rows, 0);
  };
  NoGrad guard;
  const Tensor identity = eye(classes, {.dtype = f64});
  theory.at_most("A12", "squared error: ∂²l/∂F² − 2·I, largest entry", 1e-12,
                 largest(hessian_of(squared_error) - identity * 2.0));
  theory.at_most("A13", "KL: ∂²l/∂F² − diag(1/f), largest entry", 1e-9, largest(hessian_of(divergence) - identity / f));
}

void penalties(Theory& theory) {
  Generator g = theory.generator(13);
  const models::Classifier net = random_net({}, g);
  const Tensor x = random_inputs(64, 20, g);
  const Function logits = [&](const Tensor& at) { return net(at); };
  const Function probabilities = [&](const Tensor& at) { return softmax(net(at), 1); };
  const int draws = static_cast<int>(std::max<std::int64_t>(theory.options.draws / 20, 50));
  const std::vector<double> sigmas = {0.01, 0.03, 0.1, 0.3, 1};
  LinePlot plot;
  plot.title = "Noise over its gradient penalty";
  plot.x = {.label = "deviation σ of the noise", .scale = Scale::kLog};
  plot.y = {.label = "E l(f(x+ε), f(x)) / penalty"};
  for (const Form form : {Form::mse, Form::kl}) {
    const bool is_mse = form == Form::mse;
    const Function& f = is_mse ? logits : probabilities;
    const Between l = is_mse ? squared_error : divergence;
    NoGrad guard;
    const Tensor target = f(x);
    std::vector<double> ratios(sigmas.size());
    std::vector<double> penalty;
    for (const double s : sigmas) {
      penalty.push_back(losses::output_gradient_penalty(logits, x, {.sigma = s, .form = form}).item());
    }
    for (int draw = 0; draw < draws; ++draw) {
      const Tensor e = randn_like(x, {}, g);
      for (std::size_t i = 0; i < sigmas.size(); ++i) {
        ratios[i] += mean(l(f(x + e * sigmas[i]), target)).item() / penalty[i] / draws;
      }
    }
    plot.series.push_back({.name = is_mse ? "squared error" : "KL", .x = sigmas, .y = ratios, .markers = true});
    theory.near(is_mse ? "A12" : "A13",
                fmt::format("E l(f(x+ε), f(x)) / {} at σ = 0.01, {} draws",
                            is_mse ? "σ²Σ‖∇f_i‖²" : "½σ²Σ f_i‖∇log f_i‖²", draws * x.size(0)),
                1, 0.05, ratios[0]);
    if (is_mse) {
      theory.at_most("A12", "the same without the factor σ², as the document prints it (negative control)", 0.001,
                     ratios[0] * sigmas[0] * sigmas[0]);
    }
  }
  plot.baselines = {{"equal", 1}};
  theory.plot("penalty.svg", to_svg(plot),
              "The penalty is what noise does as long as the network is nearly linear within σ. Noise larger than that "
              "does less than its penalty says, because outputs saturate.");

  // Three ways to ½σ² tr F: the penalty, the library's Fisher trace, and the trace of the Hessian that virtual
  // adversarial training looks at.
  NoGrad guard;
  const Tensor by_penalty =
      losses::output_gradient_penalty(logits, x, {.sigma = 1, .form = Form::kl, .reduction = Reduction::none});
  const Tensor trace = fisher_trace(logits, x).trace;
  const Tensor log_p = log_softmax(net(x), 1);
  const Function from_x = [&](const Tensor& at) { return sum(exp(log_p) * (log_p - log_softmax(net(at), 1)), {1}); };
  const Tensor hessian_trace = laplacian(from_x, x, {.batched = true}).laplacian;
  theory.at_most("A13", "½Σ f_i‖∇log f_i‖² against ½ tr F, largest relative difference", 1e-10,
                 largest(by_penalty / (trace * 0.5) - 1.0));
  theory.at_most("A13", "½ tr F against half the trace of the Hessian of KL(f(x) ‖ f(x+r)) in r", 1e-10,
                 largest(trace / hessian_trace - 1.0));
}

/// One projection instead of C gradients.
void projections(Theory& theory) {
  Generator g = theory.generator(14);
  const std::int64_t classes = 10, draws = 20000;
  const models::Classifier net = random_net({.widths = {20, 32, classes}}, g);
  const Tensor x = random_inputs(1, 20, g);
  const Function logits = [&](const Tensor& at) { return net(at); };
  // One sample many times over: each copy has a projection of its own.
  const Tensor copies = tile(x, {draws, 1});
  LinePlot plot;
  for (const Form form : {Form::mse, Form::kl}) {
    const double exact = losses::output_gradient_penalty(logits, x, {.sigma = 1, .form = form}).item();
    const Spread sampled = spread(
        host_doubles(losses::output_gradient_penalty(
                         logits, copies, {.sigma = 1, .form = form, .probes = 1, .reduction = Reduction::none}, g)
                         .detach()));
    theory.at_most("A15",
                   fmt::format("{}: |mean of {} projections − exact| in standard errors",
                               form == Form::mse ? "squared error" : "KL", draws),
                   4, std::abs(sampled.mean - exact) / sampled.standard_error());
  }
  const auto projected = [&](const Tensor& eta) {
    const Tensor at = copies.detach().requires_grad_();
    return spread(host_doubles(losses::squared_gradient_norm(sum(net(at) * eta, {1}), at).detach()));
  };
  const Tensor signs = bernoulli({draws, classes}, 0.5, {.dtype = f64}, g) * 2.0 - 1.0;
  const Spread rademacher = projected(signs), gaussian = projected(randn({draws, classes}, {.dtype = f64}, g));
  // With G = J·Jᵀ the variances are 2(‖G‖² − Σ G_ii²) and 2‖G‖².
  std::vector<Tensor> rows;
  for (std::int64_t i = 0; i < classes; ++i) {
    const Tensor at = x.detach().requires_grad_();
    rows.push_back(grad(select(select(net(at), 0, 0), 0, i), at));
  }
  const Tensor j = concat(rows, 0), gram = matmul(j, transpose(j));
  const double all = sum(square(gram)).item(), diagonal_part = sum(square(diagonal(gram))).item();
  theory.near("A15", "variance of η = ±1 / variance of normal η; 1 − Σ G_ii² / ‖G‖² of G = JJᵀ",
              1 - diagonal_part / all, 0.15 * (1 - diagonal_part / all), std::pow(rademacher.std / gaussian.std, 2));
  theory.at_most("A15", "variance of η = ±1 / variance of normal η is below", 1,
                 std::pow(rademacher.std / gaussian.std, 2));

  std::vector<std::vector<std::string>> table;
  std::vector<double> ratios;
  const std::int64_t most = theory.options.inputs >= 784 ? 1000 : 100;
  for (std::int64_t c = 10; c <= most; c *= 10) {
    const models::Classifier wide = random_net({.widths = {64, 128, c}, .dtype = f32}, g);
    const Tensor batch = random_inputs(32, 64, g, f32);
    const Function f = [&](const Tensor& at) { return wide(at); };
    NoGrad guard;
    const std::vector<double> seconds =
        seconds_of({[&] { losses::output_gradient_penalty(f, batch, {.probes = 1}, g); },
                    [&] { losses::output_gradient_penalty(f, batch, {}); }},
                   c >= 1000 ? 3 : 9);
    ratios.push_back(seconds[1] / seconds[0]);
    table.push_back({fmt::format("{}", c), format_number(1e3 * seconds[1], 3), format_number(1e3 * seconds[0], 3),
                     format_number(ratios.back(), 3)});
  }
  theory.at_least("A15", fmt::format("cost of the exact penalty / of one projection, {} outputs", most),
                  static_cast<double>(most) / 20, ratios.back());
  theory.table(
      {"outputs C", "exact, ms", "one projection, ms", "×"}, table,
      "A15: penalty of 32 samples of a network 64-128-C, its value only. CPU time, middle of several, in turn.");
}

}  // namespace

void add_penalty_theory(Theory& theory) {
  theory.part(
      "A gradient penalty",
      "Expanded to second order, l(f(x+ε), f(x)) has four sums. Three vanish, and the fourth, averaged over the "
      "noise, is a penalty on the gradients of the outputs. For KL the document's reason (∂l/∂F = 0) is not "
      "right: every component is −1. The sums vanish because probabilities sum to 1, so that their derivatives "
      "sum to 0; without that they do not vanish.");
  expanded_loss(theory);
  second_derivatives(theory);
  penalties(theory);
  projections(theory);
}

}  // namespace gg::apps
