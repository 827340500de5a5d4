// `generalization fgm`: perturbations that follow the gradient of the loss, training against them, and the gradient
// penalty that this training is to first order (rows A16 and A17 of the story).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/plots.h"
#include "apps/common/text.h"
#include "apps/generalization/commands.h"
#include "apps/generalization/pictures.h"
#include "apps/generalization/training.h"
#include "autograd/autograd.h"
#include "core/grad_mode.h"
#include "losses/losses.h"
#include "metrics/metrics.h"
#include "nn/freeze.h"
#include "ops/ops.h"
#include "train/image_grid.h"

namespace gg::apps {
namespace {

using train::image_grid_png;

struct FgmCommand {
  DataOptions data{
      .data_sets = {"two-moons", "digits"}, .moons_labels = 100, .digits_labels = 1000, .fashion_labels = 5000};
  TrainingOptions training{.activation = "silu"};  // see the report on what the kinks of ReLU do
  std::vector<double> train_epsilons = {0.03, 0.1, 0.3};
  std::vector<double> attack_epsilons = {0.05, 0.1, 0.2, 0.3, 0.4, 0.6};
  std::int64_t attack_steps = 10;
  std::int64_t attacked = 500;
  void declare(OptionSet& options) {
    data.declare(options);
    training.declare(options);
    options.group("Attacks");
    options.add("train_epsilons", train_epsilons, "lengths of the perturbations that networks are trained against")
        .above(0)
        .not_empty()
        .quick(std::vector<double>{0.3});
    options.add("attack_epsilons", attack_epsilons, "lengths of the perturbations that they are tested with, ascending")
        .above(0)
        .not_empty()
        .quick(std::vector<double>{0.1, 0.2, 0.4});
    options.add("attack_steps", attack_steps, "steps of the iterated attack (PGD)").range(1, 1000);
    options.add("attacked", attacked, "test samples that are attacked").range(10, 100000).quick(200);
  }
};

constexpr double kFirstOrder[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1};

std::string fgm_name(double e) { return fmt::format("FGM, ε = {}", e); }
std::string penalty_name(double e) { return fmt::format("penalty ε‖∇l‖, ε = {}", e); }
std::string square_name(double e) { return fmt::format("penalty ½ε‖∇l‖², ε = {}", e); }
std::string random_name(double e) { return fmt::format("random direction, ε = {}", e); }

/// The loss of each sample of a batch.
Function loss_of(const models::Classifier& model, const Tensor& y) {
  return [&model, y](const Tensor& x) {
    return losses::cross_entropy(model(x), y, {.reduction = losses::Reduction::none});
  };
}

// All but the first see each sample twice in weight: l(x) + l(x + r), and what stands for it.
Objective against_fgm(double epsilon) {
  return [epsilon](const Step& s) {
    const Function loss = loss_of(s.model, s.y);
    return mean(loss(s.x)) + losses::adversarial_loss(loss, s.x, {.epsilon = epsilon});
  };
}

Objective norm_penalty(double epsilon) {
  return [epsilon](const Step& s) {
    const Tensor x = s.x.detach().requires_grad_(), each = loss_of(s.model, s.y)(x);
    return 2 * mean(each) + epsilon * mean(losses::gradient_norm(each, x));
  };
}

Objective square_penalty(double epsilon) {
  return [epsilon](const Step& s) {
    const Tensor x = s.x.detach().requires_grad_(), each = loss_of(s.model, s.y)(x);
    return 2 * mean(each) + 0.5 * epsilon * mean(losses::squared_gradient_norm(each, x));
  };
}

Tensor random_direction(const Tensor& x, double epsilon, Generator& generator = default_generator()) {
  const Tensor rows = flatten(randn(x.shape(), x.options(), generator), 1);
  return reshape(rows * (epsilon / norm(rows, {1}, {.keepdim = true})), x.shape());
}

Objective random_perturbation(double epsilon) {
  return [epsilon](const Step& s) {
    const Function loss = loss_of(s.model, s.y);
    return mean(loss(s.x)) + mean(loss(s.x + random_direction(s.x, epsilon)));
  };
}

/// A17, without any training: how far the gradient by the weights of (l(x + r) − l(x)) / ε, r being FGM's, is from that
/// of ‖∇l‖, relative to the latter. In float64, since it is a small difference.
Json gradient_mismatch(const models::Classifier& model, const Tensor& x, const Tensor& y) {
  model.to(f64);
  const Tensor at = to(x, f64), leaf = at.detach().requires_grad_();
  const Function loss = loss_of(model, y);
  const std::vector<Tensor> parameters = model.parameters();
  const std::vector<Tensor> penalty = grad(sum(losses::gradient_norm(loss(leaf), leaf)), parameters);
  Json mismatch = Json::array();
  for (const double e : kFirstOrder) {
    const Tensor r = losses::fgm(loss, at, {.epsilon = e});
    const std::vector<Tensor> attack = grad(sum(loss(at + r) - loss(at)) / e, parameters);
    double difference = 0, whole = 0;
    for (std::size_t i = 0; i < attack.size(); ++i) {
      difference += sum(square(attack[i] - penalty[i])).item();
      whole += sum(square(penalty[i])).item();
    }
    mismatch.push_back(std::sqrt(difference / std::max(whole, 1e-300)));
  }
  model.to(f32);  // the very weights that it had
  return mismatch;
}

/// Accuracy under attacks of each length, and how well the first order predicts them.
Inspect attack(Lab& lab, const FgmCommand& options, const Inspect& draw) {
  return [&lab, &options, draw](const Arm& arm, std::int64_t replicate, const models::Classifier& model,
                                const Split& split) -> Json {
    Json line = draw ? draw(arm, replicate, model, split) : Json::object();
    const std::int64_t n = std::min(options.attacked, split.x_test.size(0));
    const Tensor x = to(slice(split.x_test, 0, 0, n), lab.device), y = to(slice(split.y_test, 0, 0, n), lab.device);
    line["gradient_mismatch"] = gradient_mismatch(model, x, y);
    const nn::Frozen constant(model);
    const Function loss = loss_of(model, y);
    const double per_axis = 1 / std::sqrt(static_cast<double>(x.numel() / n));
    Generator generator(lab.seed_for(kNoise, 1000 + replicate));
    const auto accuracy = [&](const Tensor& r) {
      NoGrad guard;
      return metrics::accuracy(model(x + r), y);
    };
    line["attacked_clean"] = accuracy(zeros_like(x));
    for (const double e : options.attack_epsilons) {
      const auto steps = static_cast<int>(options.attack_steps);
      line["fgm_l2"].push_back(accuracy(losses::fgm(loss, x, {.epsilon = e})));
      line["fgm_linf"].push_back(accuracy(losses::fgm(loss, x, {.epsilon = e * per_axis, .ball = losses::Ball::linf})));
      line["pgd_l2"].push_back(accuracy(losses::pgd(loss, x, {.epsilon = e, .steps = steps}, generator)));
      line["pgd_linf"].push_back(accuracy(
          losses::pgd(loss, x, {.epsilon = e * per_axis, .ball = losses::Ball::linf, .steps = steps}, generator)));
      line["random_l2"].push_back(accuracy(random_direction(x, e, generator)));
    }
    const Tensor leaf = x.detach().requires_grad_(), clean = loss(leaf);
    const Tensor length = losses::gradient_norm(clean, leaf).detach();
    line["gradient_norm"] = mean(length).item();
    // Summed over samples: those that are certain have no gradient, and a ratio of their own would be 0 / 0.
    for (const double e : kFirstOrder) {
      NoGrad guard;
      const Tensor r = losses::fgm(loss, x, {.epsilon = e});
      line["first_order"].push_back(sum(loss(x + r) - clean).item() / (e * sum(length).item()));
    }
    return line;
  };
}

/// Element k of a list in each score, meaned.
double mean_at(const ArmResult& arm, const std::string& key, std::size_t k) {
  double total = 0;
  for (const Json& line : arm.scores) total += line.at(key).at(k).get<double>();
  return total / static_cast<double>(arm.scores.size());
}

Series curve(const ArmResult& arm, const std::string& key, const std::vector<double>& epsilons,
             const std::string& name) {
  Series series{.name = name, .markers = true};
  series.x.push_back(0);
  series.y.push_back(100 * arm.of("attacked_clean").mean);  // of the samples that are attacked, not of all
  for (std::size_t k = 0; k < epsilons.size(); ++k) {
    series.x.push_back(epsilons[k]);
    series.y.push_back(100 * mean_at(arm, key, k));
  }
  return series;
}

void show_attacks(Section& section, const Lab& lab, const Comparison& result, const FgmCommand& options, double e) {
  const std::vector<std::string> shown = {"supervised", fgm_name(e), penalty_name(e), random_name(e)};
  for (const auto& [key, title] :
       {std::pair("pgd_l2", "Attacked in the L2 ball (PGD)"), std::pair("pgd_linf", "Attacked in the L∞ ball (PGD)")}) {
    LinePlot plot;
    plot.title = title;
    plot.x.label = "length ε of the perturbation";
    plot.y.label = "accuracy, %";
    for (const std::string& name : shown) {
      plot.series.push_back(curve(result.arm(name), key, options.attack_epsilons, name));
    }
    Series random = curve(result.arm("supervised"), "random_l2", options.attack_epsilons, "supervised, random noise");
    random.dashed = true;
    plot.series.push_back(random);
    lab.context.run().write_figure(fmt::format("{}_{}.svg", key, result.data_set), to_svg(plot));
    section.plot(to_svg(plot), std::string(key) == "pgd_l2"
                                   ? "Accuracy on test samples that were moved by ε against the network. The dashed "
                                     "line is the control: the same length in a random direction does next to nothing."
                                   : "The same in the L∞ ball of radius ε/√d, whose corners are as far away as the "
                                     "L2 ball reaches.");
  }
}

void show_first_order(Section& section, const Lab& lab, const Comparison& result, double e) {
  LinePlot plot, match;
  plot.title = "Loss increase under FGM over ε‖∇l‖";
  plot.x = {.label = "ε", .scale = Scale::kLog};
  plot.y = {.label = "ratio", .scale = Scale::kLog};
  match.title = "FGM's gradient against the penalty's";
  match.x = plot.x;
  match.y = {.label = "relative difference", .scale = Scale::kLog};
  for (const std::string& name : {std::string("supervised"), fgm_name(e)}) {
    Series ratio{.name = name, .markers = true}, mismatch{.name = name, .markers = true};
    for (std::size_t k = 0; k < std::size(kFirstOrder); ++k) {
      ratio.x.push_back(kFirstOrder[k]);
      ratio.y.push_back(mean_at(result.arm(name), "first_order", k));
      mismatch.x.push_back(kFirstOrder[k]);
      mismatch.y.push_back(mean_at(result.arm(name), "gradient_mismatch", k));
    }
    plot.series.push_back(ratio);
    match.series.push_back(mismatch);
  }
  plot.baselines = {{"first order", 1}};
  lab.context.run().write_figure("first_order_" + result.data_set + ".svg", to_svg(plot));
  lab.context.run().write_figure("match_" + result.data_set + ".svg", to_svg(match));
  section.plot(to_svg(plot),
               "A16: to first order FGM raises the loss by ε‖∇l‖; summed over test samples, the ratio is 1 where ε is "
               "small. A network that has learned its samples is certain and flat at most points and steep between, so "
               "that small ends early.");
  section.plot(to_svg(match),
               "A17, without training: the gradients by the weights of (l(x + r) − l(x)) / ε and of ‖∇l‖ become one as "
               "ε shrinks, in proportion to ε. (With --activation relu they do not: the penalty does not see that a "
               "step of length ε crosses a kink now and then, which counts as much as what it sees.)");
}

void show_matched(Section& section, const Lab& lab, const Comparison& result, const FgmCommand& options,
                  double attack) {
  const auto at =
      static_cast<std::size_t>(std::find(options.attack_epsilons.begin(), options.attack_epsilons.end(), attack) -
                               options.attack_epsilons.begin());
  LinePlot plot;
  plot.title = fmt::format("Robust accuracy (PGD, L2, ε = {})", attack);
  plot.x.label = "ε in training";
  plot.y.label = "accuracy, %";
  for (const auto& [name_of, label] :
       {std::pair(&fgm_name, "FGM: l(x) + l(x + ε∇l/‖∇l‖)"), std::pair(&penalty_name, "penalty: 2l + ε‖∇l‖"),
        std::pair(&square_name, "penalty: 2l + ½ε‖∇l‖²"), std::pair(&random_name, "random direction")}) {
    Series series{.name = label, .markers = true};
    series.x.push_back(0);
    series.y.push_back(100 * mean_at(result.arm("supervised"), "pgd_l2", at));
    for (const double e : options.train_epsilons) {
      series.x.push_back(e);
      series.y.push_back(100 * mean_at(result.arm(name_of(e)), "pgd_l2", at));
    }
    plot.series.push_back(series);
  }
  lab.context.run().write_figure("trained_" + result.data_set + ".svg", to_svg(plot));
  section.plot(
      to_svg(plot),
      "A17, trained: at the smallest ε the two come to the same; at larger ones FGM sees the loss where it has "
      "bent away from its tangent, and does more than the penalty. A random direction is the control.");
}

void show_examples(Section& section, Lab& lab, const DataSet& data, const FgmCommand& options, double e) {
  // The networks are gone; one of each kind is trained again, as replicate 0 was.
  constexpr int kShown = 10;
  const Split split = make_split(data, lab.seed_for(kSplit, 0));
  const Tensor x = to(slice(split.x_test, 0, 0, kShown), lab.device);
  const Tensor y = to(slice(split.y_test, 0, 0, kShown), lab.device);
  const int scale = x.size(2) <= 8 ? 8 : 3;
  std::vector<LabelledImage> rows = {{"clean", image_grid_png(x, kShown, scale)}};
  for (const auto& [name, objective] : {std::pair<std::string, Objective>("supervised", supervised),
                                        std::pair<std::string, Objective>("FGM-trained", against_fgm(e))}) {
    const models::Classifier model = make_network(lab, data, options.training, 0);
    train_network(lab, model, split, options.training, objective, 0);
    const nn::Frozen constant(model);
    const Tensor r = losses::pgd(loss_of(model, y), x, {.epsilon = 2 * e, .steps = 20});
    NoGrad guard;
    std::string said;
    for (const std::int64_t c : argmax(model(x + r), 1).to_vector<std::int64_t>()) said += fmt::format(" {}", c);
    rows.push_back({name + ": attacked", image_grid_png(clamp(x + r, 0, 1), kShown, scale)});
    rows.push_back(
        {"what moved", image_grid_png(affine(r, 1 / (2 * 2 * e / std::sqrt(64.0) * 3), 0.5), kShown, scale)});
  }
  section.rows(rows,
               fmt::format("Test images moved by ε = {} against each network (20 steps), and the perturbation itself "
                           "(grey: none). A network that withstands FGM makes the perturbation go where the "
                           "strokes are.",
                           2 * e));
}

void run_fgm(const FgmCommand& options, RunContext& context) {
  Lab lab(context);
  const std::vector<DataSet> sets = lab.data_sets(options.data);
  Report report = start_report(lab, "Adversarial training and the gradient penalty", "FGM, PGD, ‖∇l‖");
  report.lead(
      "The fast gradient method moves an input by ε along the gradient of its loss. A network that is trained on such "
      "inputs, too, withstands them; and to first order that training **is** a penalty on the gradient's length. This "
      "page attacks networks, trains them both ways, and lays the curves over one another.");
  Json summary = Json::object();
  const double e = options.train_epsilons.back();
  for (const DataSet& data : sets) {
    std::vector<Arm> arms = {{"supervised", supervised, 0}};
    std::vector<std::string> table = {"supervised"};
    for (const double epsilon : options.train_epsilons) {
      arms.push_back({fgm_name(epsilon), against_fgm(epsilon), epsilon});
      arms.push_back({penalty_name(epsilon), norm_penalty(epsilon), epsilon});
      arms.push_back({square_name(epsilon), square_penalty(epsilon), epsilon});
      arms.push_back({random_name(epsilon), random_perturbation(epsilon), epsilon});
    }
    for (const Arm& arm : arms) {
      if (arm.setting == e) table.push_back(arm.name);
    }
    const bool plane = data.name == "two-moons";
    const Comparison result =
        compare(lab, data, arms, options.training, attack(lab, options, plane ? draw_boundary(lab, "fgm") : Inspect()));
    Section& section = report.section(fmt::format("{}: {} labels", data.title, data.labels));
    section.text(fmt::format(
        "Expected: under attack the supervised network falls far below its clean accuracy, while noise of the same "
        "length hardly matters (the control; in the plane, where there are few directions, it does matter some). "
        "Training with FGM or with the penalty keeps more. Note the factor: "
        "with the perturbation held constant, the gradient of l(x + ε∇l) is that of l + **½**ε‖∇l‖², not of l + "
        "ε‖∇l‖²; "
        "for the normalised perturbation it is that of l + ε‖∇l‖."));
    add_table(
        section, result, table,
        fmt::format("Clean test samples, {} trainings each (mean ± standard deviation).", options.training.replicates));
    show_attacks(section, lab, result, options, e);
    const double attacked_at = options.attack_epsilons[options.attack_epsilons.size() / 2];
    show_matched(section, lab, result, options, attacked_at);
    show_first_order(section, lab, result, e);
    if (plane) {
      add_boundaries(section, lab, "fgm", {"supervised", fgm_name(e), penalty_name(e), random_name(e)},
                     "The plane as each network sees it, with the border in black: FGM and the penalty push it away "
                     "from the points.");
    } else if (data.x.size(1) == 1) {
      show_examples(section, lab, data, options, e);
    }
    Json numbers = summary_of(result)[data.name];
    for (const ArmResult& arm : result.arms) {
      for (const char* key : {"fgm_l2", "fgm_linf", "pgd_l2", "pgd_linf", "random_l2"}) {
        for (std::size_t k = 0; k < options.attack_epsilons.size(); ++k) {
          numbers[arm.name][key].push_back(mean_at(arm, key, k));
        }
      }
      for (std::size_t k = 0; k < std::size(kFirstOrder); ++k) {
        for (const char* key : {"first_order", "gradient_mismatch"}) {
          numbers[arm.name][key].push_back(mean_at(arm, key, k));
        }
      }
      numbers[arm.name]["gradient_norm"] = arm.of("gradient_norm").mean;
    }
    summary[data.name] = numbers;
    const auto last = options.attack_epsilons.size() / 2;
    report.number({.label = data.title + ": accuracy under attack",
                   .value = 100 * mean_at(result.arm(fgm_name(e)), "pgd_l2", last),
                   .unit = "%",
                   .better = Better::kHigher,
                   .baseline_name = "supervised",
                   .baseline = 100 * mean_at(result.arm("supervised"), "pgd_l2", last),
                   .absolute = true,
                   .note = fmt::format("PGD, L2, ε = {}, trained with {}", attacked_at, fgm_name(e))});
  }
  finish(lab, report, summary);
}

}  // namespace

void add_fgm(App& app) {
  app.command<FgmCommand>("fgm", "adversarial training, and the gradient penalty it comes to", run_fgm)
      .details(
          "Trains networks plainly, against the fast gradient method (FGM), and with penalties on the gradient of the "
          "loss, and attacks them all: FGM and PGD, in L2 and L∞ balls of growing size.")
      .examples({"--quick # see that it works", "--train-epsilons 0.1,0.3 --replicates 3",
                 "--data-sets fashion-mnist # another set"});
}

}  // namespace gg::apps
