#include "apps/generalization/training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "autograd/autograd.h"
#include "core/grad_mode.h"
#include "data/order.h"
#include "losses/losses.h"
#include "metrics/metrics.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg::apps {
namespace {

constexpr std::int64_t kCurvePoints = 100;

/// Thrown within a trial only.
struct Diverged {
  std::int64_t step;
};

/// Numbers of samples for one step, a function of seed and step alone.
Tensor draw(std::uint64_t seed, std::int64_t step, std::uint64_t kind, std::int64_t from, std::int64_t count) {
  Generator generator(data::sample_key(seed, kind, static_cast<std::uint64_t>(step)));
  return randint(0, from, {count}, {}, generator);
}

}  // namespace

void TrainingOptions::declare(OptionSet& options) {
  options.group("Training");
  options.add("replicates", replicates, "trainings of each method, with a split, weights and batches of their own")
      .range(1, 1000)
      .quick(2);
  options.add("steps", steps, "steps of Adam in each training").range(1, 1e7).quick(200);
  options.add("batch", batch, "labelled samples in a step, drawn with replacement").range(1, 100000);
  options.add("unlabelled_batch", unlabelled_batch, "unlabelled samples in a step, for methods that use them")
      .range(1, 100000);
  options.add("lr", lr, "learning rate").above(0);
  options.add("hidden", hidden, "widths of the hidden layers").range(1, 65536).example("--hidden 256,256");
  options
      .add("channels", channels, "channels of 3×3 convolutions of stride 2 before the hidden layers (not for points)")
      .range(1, 4096);
  options.add("activation", activation, "after each hidden layer").choices({"silu", "relu", "tanh", "softplus"});
}

Tensor Step::term(const std::string& name, const Tensor& value) const {
  terms[name] = value.item();
  return value;
}

Tensor supervised(const Step& step) { return losses::cross_entropy(step.model(step.x), step.y); }

models::Classifier make_network(const Lab& lab, const DataSet& data, const TrainingOptions& options,
                                std::int64_t replicate) {
  manual_seed(lab.seed_for(kWeights, replicate));
  const bool image = data.sample_shape().rank() == 3;
  models::Classifier model({.image = data.sample_shape(),
                            .classes = data.classes(),
                            .hidden = options.hidden,
                            .dropout = 0,
                            .channels = image ? options.channels : std::vector<std::int64_t>(),
                            .activation = models::parse_activation(options.activation)});
  model.to(lab.device);
  return model;
}

Curves train_network(const Lab& lab, const models::Classifier& model, const Split& split,
                     const TrainingOptions& options, const Objective& objective, std::int64_t replicate) {
  const std::uint64_t batches = lab.seed_for(kBatches, replicate);
  const Tensor x = to(split.x, lab.device), y = to(split.y, lab.device), unlabelled = to(split.unlabelled, lab.device);
  optim::Adam adam(model.parameters(), {.lr = options.lr});
  manual_seed(lab.seed_for(kNoise, replicate));
  model.train();
  Curves curves;
  std::map<std::string, double> sums;
  std::int64_t summed = 0;
  for (std::int64_t k = 0; k < options.steps; ++k) {
    if (stop_requested()) throw Stopped(lab.trials() - 1);
    const Tensor index = to(draw(batches, k, 0, x.size(0), options.batch), lab.device);
    const Step step{.model = model,
                    .x = index_select(x, 0, index),
                    .y = index_select(y, 0, index),
                    .unlabelled =
                        [&, k] {
                          return index_select(
                              unlabelled, 0,
                              to(draw(batches, k, 1, unlabelled.size(0), options.unlabelled_batch), lab.device));
                        },
                    .number = k};
    const Tensor loss = objective(step);
    const double value = loss.item();
    if (!std::isfinite(value)) throw Diverged{k};
    step.terms["loss"] = value;
    for (const auto& [name, part] : step.terms) sums[name] += part;
    ++summed;
    if ((k + 1) * kCurvePoints / options.steps > k * kCurvePoints / options.steps) {
      for (const auto& [name, sum] : sums) curves[name].push_back(sum / static_cast<double>(summed));
      sums.clear();
      summed = 0;
    }
    adam.zero_grad();
    loss.backward();
    step.weights.reset();
    adam.step();
  }
  model.eval();
  return curves;
}

Tensor logits_of(const Lab& lab, const models::Classifier& model, const Tensor& x) {
  constexpr std::int64_t kRows = 1000;
  NoGrad guard;
  std::vector<Tensor> parts;
  for (std::int64_t i = 0; i < x.size(0); i += kRows) {
    parts.push_back(to(model(to(slice(x, 0, i, std::min(i + kRows, x.size(0))), lab.device)), Device()));
  }
  return concat(parts, 0);
}

Json score(const Lab& lab, const models::Classifier& model, const Split& split) {
  const Tensor test = logits_of(lab, model, split.x_test);
  const double accuracy = metrics::accuracy(test, split.y_test);
  const double train = metrics::accuracy(logits_of(lab, model, split.x), split.y);
  return {{"test_accuracy", accuracy},
          {"test_ece", metrics::expected_calibration_error(test, split.y_test)},
          {"test_nll", losses::cross_entropy(test, split.y_test).item()},
          {"train_accuracy", train},
          {"gap", train - accuracy},
          {"validation_accuracy", metrics::accuracy(logits_of(lab, model, split.x_validation), split.y_validation)}};
}

std::vector<double> ArmResult::values(const std::string& key) const {
  std::vector<double> list;
  for (const Json& line : scores) list.push_back(line.at(key).is_number() ? line.at(key).get<double>() : std::nan(""));
  return list;
}

const ArmResult& Comparison::arm(const std::string& name) const {
  for (const ArmResult& result : arms) {
    if (result.name == name) return result;
  }
  fail("there is no method ", name, " in this comparison");
}

Comparison compare(Lab& lab, const DataSet& data, const std::vector<Arm>& arms, const TrainingOptions& options,
                   const Inspect& inspect) {
  Comparison comparison{data.name, data.title, {}};
  for (const Arm& arm : arms) comparison.arms.push_back({arm.name, arm.setting, {}});
  Progress progress(data.title, static_cast<std::int64_t>(arms.size()) * options.replicates, "training");
  std::int64_t done = 0;
  for (std::int64_t replicate = 0; replicate < options.replicates; ++replicate) {
    const Split split = make_split(data, lab.seed_for(kSplit, replicate));
    for (std::size_t i = 0; i < arms.size(); ++i) {
      const Arm& arm = arms[i];
      const auto work = [&]() -> Json {
        const models::Classifier model = make_network(lab, data, options, replicate);
        Json line = Json::object();
        try {
          line["curves"] = train_network(lab, model, split, options, arm.objective, replicate);
        } catch (const Diverged& diverged) {
          model.eval();
          line["diverged_at"] = diverged.step;
        }
        merge_into(line, score(lab, model, split));
        if (inspect) merge_into(line, inspect(arm, replicate, model, split));
        return line;
      };
      const Json line = lab.trial(
          {{"data", data.name}, {"method", arm.name}, {"setting", arm.setting}, {"replicate", replicate}}, work);
      comparison.arms[i].scores.push_back(line);
      progress.update(++done,
                      fmt::format("{}: {} %", arm.name, format_fixed(100 * line.value("test_accuracy", 0.0), 1)));
    }
  }
  progress.finish();
  return comparison;
}

const ArmResult& best_on_validation(const Comparison& comparison, const std::vector<std::string>& names) {
  GG_CHECK(!names.empty(), "best_on_validation: there are no methods to choose from");
  const ArmResult* best = &comparison.arm(names[0]);
  for (const std::string& name : names) {
    const ArmResult& arm = comparison.arm(name);
    if (arm.of("validation_accuracy").mean > best->of("validation_accuracy").mean) best = &arm;
  }
  return *best;
}

void add_table(Section& section, const Comparison& comparison, const std::vector<std::string>& names,
               const std::string& caption) {
  const ArmResult& first = comparison.arms.at(0);
  std::vector<std::vector<std::string>> rows;
  for (const std::string& name : names) {
    const ArmResult& arm = comparison.arm(name);
    std::string difference = "–";
    if (arm.name != first.name) difference = points(paired(first.values("test_accuracy"), arm.values("test_accuracy")));
    rows.push_back({arm.name, percent(arm.of("test_accuracy")), difference, percent(arm.of("test_ece")),
                    percent(arm.of("gap")), format_fixed(arm.of("test_nll").mean, 3)});
  }
  section.table({comparison.title, "test accuracy, %", "difference in pairs (wins)", "calibration error, %",
                 "train − test, points", "test loss"},
                rows, caption);
}

Json summary_of(const Comparison& comparison) {
  Json arms = Json::object();
  const ArmResult& first = comparison.arms.at(0);
  for (const ArmResult& arm : comparison.arms) {
    Json numbers = Json::object();
    for (const char* key : {"test_accuracy", "test_ece", "test_nll", "gap", "validation_accuracy"}) {
      const Spread s = arm.of(key);
      numbers[key] = {{"mean", s.mean}, {"std", s.std}, {"n", s.n}};
    }
    const Paired pair = paired(first.values("test_accuracy"), arm.values("test_accuracy"));
    numbers["difference"] = {{"mean", pair.difference.mean},
                             {"standard_error", pair.difference.standard_error()},
                             {"wins", pair.wins},
                             {"losses", pair.losses},
                             {"sign_test", pair.sign_test}};
    arms[arm.name] = numbers;
  }
  return {{comparison.data_set, arms}};
}

}  // namespace gg::apps
