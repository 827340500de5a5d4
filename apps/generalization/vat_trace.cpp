#include "apps/generalization/vat_trace.h"

#include <fmt/format.h>

#include <cmath>

#include "apps/common/plots.h"
#include "apps/common/text.h"
#include "autograd/autograd.h"
#include "autograd/functional/functional.h"
#include "core/grad_mode.h"
#include "losses/losses.h"
#include "nn/freeze.h"
#include "ops/ops.h"
#include "train/image_grid.h"

namespace gg::apps {
namespace {

constexpr std::int64_t kSamples = 64;
constexpr int kPowerSteps = 16;

Tensor unit(const Tensor& d) {
  const Tensor rows = flatten(d, 1);
  return reshape(rows / clamp(norm(rows, {1}, {.keepdim = true}), 1e-30, INFINITY), d.shape());
}

/// ⟨a, b⟩ of each sample.
Tensor inner(const Tensor& a, const Tensor& b) { return sum(flatten(a * b, 1), 1); }

/// H·d of each sample: H is the Hessian of KL(f(x) ‖ f(x + r)) at r = 0.
Tensor product(const Function& model, const Tensor& x, const Tensor& d) {
  const GradModeGuard on(true);
  return fisher_vp(model, x.detach().requires_grad_(), d).product.detach();
}

/// A direction as an image: grey is 0.
Tensor as_image(const Tensor& d) { return affine(d, 0.5 / max(abs(d)).item(), 0.5); }

struct Trace {
  std::vector<Tensor> directions;  ///< after 0, 1, 2, … power steps, [n, ...]
  std::vector<double> rayleigh;    ///< mean over samples of dᵀHd over that of the last direction
};

Trace follow(const Function& model, const Tensor& x, Generator& generator) {
  Trace trace;
  Tensor d = unit(randn(x.shape(), x.options(), generator));
  std::vector<Tensor> quotients;
  for (int k = 0; k <= 4 * kPowerSteps; ++k) {
    const Tensor h = product(model, x, d);
    quotients.push_back(inner(d, h));
    trace.directions.push_back(d);
    d = unit(h);
  }
  // Of samples that are so certain that nothing is left of their curvature, no quotient can be formed.
  const Tensor top = quotients.back(), seen = to(gt(top, full_like(top, 1e-12)), top.dtype());
  for (int k = 0; k <= kPowerSteps; ++k) {
    const Tensor ratio = quotients[static_cast<std::size_t>(k)] / clamp(top, 1e-12, INFINITY);
    trace.rayleigh.push_back(sum(ratio * seen).item() / std::max(sum(seen).item(), 1.0));
  }
  return trace;
}

void show_images(Section& section, const DataSet& data, const models::Classifier& model, const Tensor& x,
                 const Trace& trace, double epsilon) {
  // The sample whose prediction bends most, so that there is something to see.
  const Tensor curvature =
      inner(trace.directions.back(), product([&](const Tensor& t) { return model(t); }, x, trace.directions.back()));
  const std::int64_t shown = static_cast<std::int64_t>(argmax(curvature, 0).item());
  const auto of = [&](const Tensor& t) { return slice(t, 0, shown, shown + 1); };
  const Tensor image = of(x);
  NoGrad guard;
  std::vector<Tensor> cells = {to(image, f32)};
  std::vector<std::string> names = {"x"};
  for (const int k : {0, 1, 2, 4, 16}) {
    cells.push_back(to(as_image(of(trace.directions[static_cast<std::size_t>(k)])), f32));
    names.push_back(k == 0 ? "u₀, random" : fmt::format("after {}", k));
  }
  const auto say = [&](const Tensor& at) {
    const Tensor p = softmax(model(at), 1);
    const auto c = static_cast<std::size_t>(argmax(p, 1).item());
    return fmt::format("{} ({} %)", data.class_names[c], format_fixed(100 * max(p).item(), 0));
  };
  const Tensor target = model(image);
  const auto moved = [&](int k) { return image + of(trace.directions[static_cast<std::size_t>(k)]) * epsilon; };
  const auto divergence = [&](int k) { return losses::kl_from_logits(target, model(moved(k))).item(); };
  cells.push_back(to(clamp(moved(1), 0, 1), f32));
  names.push_back("x + εu");
  const int scale = image.size(2) <= 8 ? 10 : 4;
  section.rows(
      {{"", train::image_grid_png(concat(cells, 0), static_cast<int>(cells.size()), scale)}},
      fmt::format("A22: one sample through the procedure, the direction after so many power steps. The network "
                  "says {} of x, {} of x + εu with one step (ε = {}), and {} with the random direction. "
                  "KL(f(x) ‖ f(x + εu)): {} after no step, {} after one, {} after sixteen.",
                  say(image), say(moved(1)), epsilon, say(moved(0)), format_number(divergence(0), 2),
                  format_number(divergence(1), 2), format_number(divergence(16), 2)),
      Span::kFull, names);
}

/// KL(f(x) ‖ f(x + r)) / ½rᵀHr, meaned over samples weighted by the latter, for r of length e.
double second_order_ratio(const models::Classifier& model, const Tensor& x, const Tensor& d, double e) {
  const Tensor h = product([&](const Tensor& t) { return model(t); }, x, d);
  NoGrad guard;
  const Tensor kl = losses::kl_from_logits(model(x), model(x + d * e));
  return sum(kl).item() / (0.5 * e * e * sum(inner(d, h)).item());
}

/// The relative difference of the parameters' gradients with and without the path through f(x).
double knock_off_difference(const models::Classifier& model, const Tensor& x, double e, std::uint64_t seed) {
  std::vector<Tensor> of[2];
  for (const bool through : {false, true}) {
    Generator same(seed);
    const Tensor loss =
        losses::vat([&](const Tensor& t) { return model(t); }, x, {.epsilon = e, .clean_gradient = through}, same);
    of[through] = grad(loss, model.parameters(), {.allow_unused = true});
  }
  double difference = 0, whole = 0;
  for (std::size_t i = 0; i < of[0].size(); ++i) {
    difference += sum(square(of[1][i] - of[0][i])).item();
    whole += sum(square(of[1][i])).item();
  }
  return std::sqrt(difference / std::max(whole, 1e-300));
}

}  // namespace

void add_trace(Report& report, Json& summary, Lab& lab, const DataSet& data, const TrainingOptions& options,
               const Objective& objective, double epsilon) {
  const Split split = make_split(data, lab.seed_for(kSplit, 0));
  const models::Classifier untrained = make_network(lab, data, options, 0);
  untrained.eval();
  const models::Classifier model = make_network(lab, data, options, 0);
  train_network(lab, model, split, options, objective, 0);
  // In float64, so that what is seen at small lengths is not rounding.
  for (const models::Classifier* network : {&untrained, &model}) network->to(f64);
  const Tensor x = to(to(slice(split.x_test, 0, 0, std::min(kSamples, split.x_test.size(0))), f64), lab.device);

  Section& section = report.section(fmt::format("{}: the procedure, step by step", data.title));
  section.text(
      "At r = 0 the divergence KL(f(x) ‖ f(x + r)) is 0 and so is its gradient: it grows as ½rᵀHr, and the r that "
      "makes "
      "it largest is the first eigenvector of H. A random direction has next to none of it; one power step, u ← Hu, "
      "already has most, since H has few large eigenvalues (at most one less than there are classes). H·u itself is "
      "one forward and one reverse pass here, not a difference.");
  LinePlot rayleigh;
  rayleigh.title = "Rayleigh quotient uᵀHu / λ₁ by power steps";
  rayleigh.x.label = "power steps";
  rayleigh.y = {.label = "share of the largest eigenvalue", .low = 0};
  Json numbers = Json::object();
  for (const auto& [network, name] : {std::pair(&untrained, "untrained"), std::pair(&model, "trained with VAT")}) {
    const nn::Frozen constant(*network);
    Generator generator(lab.seed_for(kNoise, 2000));
    const Function f = [network = network](const Tensor& t) { return (*network)(t); };
    const Trace trace = follow(f, x, generator);
    rayleigh.series.push_back({.name = name, .y = trace.rayleigh, .markers = true});
    numbers["rayleigh"][name] = trace.rayleigh;
    if (network == &model) show_images(section, data, model, x, trace, epsilon);
  }
  const auto keep = [&](const char* name, const LinePlot& plot) {
    lab.context.run().write_figure(fmt::format("{}_{}.svg", name, data.name), to_svg(plot));
  };
  keep("rayleigh", rayleigh);
  section.plot(to_svg(rayleigh),
               fmt::format("A20, mean of {} test samples. λ₁ is the quotient after {} steps. Step 0 is a random "
                           "direction.",
                           x.size(0), 4 * kPowerSteps));

  LinePlot order;
  order.title = "KL(f(x) ‖ f(x + r)) over ½rᵀHr";
  order.x = {.label = "length of r", .scale = Scale::kLog};
  order.y.label = "ratio";
  order.baselines = {{"second order", 1}};
  LinePlot knock_off;
  knock_off.title = "Gradients with and without the path through f(x)";
  knock_off.x = {.label = "ε", .scale = Scale::kLog};
  knock_off.y = {.label = "difference over the whole gradient", .scale = Scale::kLog};
  Generator generator(lab.seed_for(kNoise, 2001));
  for (const auto& [network, name] : {std::pair(&untrained, "untrained"), std::pair(&model, "trained with VAT")}) {
    Series ratio{.name = name, .markers = true}, difference{.name = name, .markers = true};
    const Tensor d = unit(product([network = network](const Tensor& t) { return (*network)(t); }, x,
                                  unit(randn(x.shape(), x.options(), generator))));
    for (const double e : {0.01, 0.03, 0.1, 0.3, 1.0, 3.0}) {
      ratio.x.push_back(e);
      ratio.y.push_back(second_order_ratio(*network, x, d, e));
      difference.x.push_back(e);
      difference.y.push_back(knock_off_difference(*network, x, e, lab.seed_for(kNoise, 2002)));
    }
    numbers["second_order_ratio"][name] = ratio.y;
    numbers["knock_off_difference"][name] = difference.y;
    order.series.push_back(ratio);
    knock_off.series.push_back(difference);
  }
  keep("second_order", order);
  keep("knock_off", knock_off);
  section.plot(to_svg(order), "A19: the second order is all there is for short r, up to float32's digits.");
  section.plot(
      to_svg(knock_off),
      "A23: the document holds that the two losses differ to second order only. Their gradients by the weights "
      "do not become equal as ε shrinks: both are of second order themselves.");
  summary["trace"] = numbers;
}

}  // namespace gg::apps
