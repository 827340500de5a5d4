#include "apps/weight_rms/train.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "apps/common/text.h"
#include "apps/weight_rms/commands.h"
#include "apps/weight_rms/finish.h"
#include "core/device_info.h"
#include "core/grad_mode.h"
#include "losses/losses.h"
#include "metrics/metrics.h"
#include "nn/nn.h"
#include "ops/ops.h"
#include "optim/optim.h"
#include "train/history.h"
#include "train/trainer.h"

namespace gg::apps {

namespace wr = optim::weight_rms;

void TrainCommand::declare(OptionSet& options) {
  options.group("Network and data");
  options.add("networks", networks, "which to train: mlp, cnn");
  options.add("batch_size", batch_size, "images in a step").range(1, 10000);
  options.add("train_images", train_images, "take only the first so many training images; 0 takes all").range(0, 1e9);
  plan.declare(options);
  options.find("steps")->range(1, 1e7).quick(300);
  options.group("Records");
  options.add("every", every, "steps between records").range(1, 1e6).quick(5);
  options.add("checkpoint_every", checkpoint_every, "steps between checkpoints").range(1, 1e9).may_change_on_resume();
}

namespace {

nn::Sequential make_network(const std::string& name, const Shape& image, std::int64_t classes) {
  const std::int64_t channels = image[0], pixels = image.numel();
  if (name == "mlp") {
    return nn::Sequential{nn::Flatten(), nn::Linear(pixels, 256), nn::ReLU(), nn::Linear(256, 128),
                          nn::ReLU(),    nn::Linear(128, classes)};
  }
  if (name != "cnn") throw UsageError(fmt::format("--networks: expected mlp or cnn, got {}", quote(name)));
  const auto half = [](std::int64_t size) { return (size + 1) / 2; };
  const std::int64_t left = half(half(image[1])) * half(half(image[2]));
  return nn::Sequential{nn::Conv2d(channels, 16, 5, {.stride = 2, .padding = 2}),
                        nn::ReLU(),
                        nn::Conv2d(16, 32, 5, {.stride = 2, .padding = 2}),
                        nn::ReLU(),
                        nn::Flatten(),
                        nn::Linear(32 * left, 128),
                        nn::ReLU(),
                        nn::Linear(128, classes)};
}

/// A tensor's name as a key of metrics.jsonl: dots stay, they only separate what it says.
std::string key(const char* what, const std::string& tensor) { return std::string(what) + " " + tensor; }

/// Tensors that take gradients in place of the parameters.
std::vector<Tensor> gradients_to_divide(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> all;
  for (const Tensor& p : parameters) all.push_back(zeros_like(p.detach()).requires_grad_());
  return all;
}

/// Gives them the gradients of update `step` (from 1), each number divided by the root of its own v̂.
void divide_gradients(const optim::AdamW& optimizer, const std::vector<Tensor>& divided, double beta2,
                      std::int64_t step) {
  NoGrad off;
  const TensorMap state = optimizer.state_dict();
  const std::vector<Tensor> parameters = optimizer.parameters();
  const double filled = 1 - std::pow(beta2, static_cast<double>(step));
  for (std::size_t i = 0; i < divided.size(); ++i) {
    const Tensor root = sqrt(state.at(str(i, ".exp_avg_sq")) / filled);
    divided[i].set_grad(parameters[i].grad() / (root + optimizer.options().eps));
  }
}

TrainedNetwork train_network(RunContext& context, train::Trainer& trainer, const data::TrainTest& data,
                             const std::shared_ptr<const data::Dataset>& dataset, const TrainCommand& options,
                             const std::string& name) {
  const optim::RateAndDecay plan = options.plan.plan();
  manual_seed(data::sample_key(static_cast<std::uint64_t>(context.standard().seed), 1, 0));
  const nn::Sequential net =
      make_network(name, data.train->image_shape(), std::max(data.train->num_classes(), data.test->num_classes()));
  const nn::Module::Named named = net.named_parameters();
  net.to(trainer.device());
  optim::AdamW optimizer(net.parameters(), {.betas = {options.plan.beta1, options.plan.beta2}});
  optim::WeightRmsProbe probe(named, {.every = 1});  // called at the steps that are recorded
  optim::GradientMoments moments(net.parameters());
  const std::vector<Tensor> divided = gradients_to_divide(net.parameters());
  optim::GradientMoments divided_moments(divided);
  const std::vector<double> first = probe.weights();

  const auto step = [&](const data::Batch& batch, const train::Progression& at) -> train::Numbers {
    optimizer.zero_grad();
    const Tensor loss = losses::cross_entropy(net(batch.x), batch.y);
    loss.backward();
    moments.add();
    plan.set(optimizer, at.step);
    train::Numbers numbers{.mean = {{"loss", loss.item()}}};
    const bool due = (at.step + 1) % options.every == 0 || at.step + 1 == at.steps;
    due ? probe.step(optimizer) : optimizer.step();
    divide_gradients(optimizer, divided, options.plan.beta2, at.step + 1);
    divided_moments.add();
    if (!due) return numbers;
    const auto& record = probe.records().back();
    numbers.latest.emplace_back("lr", record.lr);
    for (std::size_t i = 0; i < named.size(); ++i) {
      numbers.latest.emplace_back(key("weight", named[i].first), record.weight[i]);
      numbers.latest.emplace_back(key("update", named[i].first), record.update[i]);
      numbers.latest.emplace_back(key("gradient", named[i].first), record.gradient[i]);
    }
    return numbers;
  };
  TrainedNetwork result{.name = name};
  const auto evaluate = [&]() -> Json {
    double right = 0;
    const std::int64_t n = data.test->size();
    for (std::int64_t i = 0; i < n; i += 500) {
      const std::int64_t end = std::min(n, i + 500);
      const Tensor logits = net(to(data.test->images(i, end), trainer.device()));
      right +=
          metrics::accuracy(logits, to(data.test->labels(i, end), trainer.device())) * static_cast<double>(end - i);
    }
    return {{"test_error", 1 - right / static_cast<double>(n)}};
  };
  result.seconds = trainer.train(
      {.name = name,
       .parts = {{"model", net}, {"optimizer", optimizer}, {"moments", moments}, {"divided", divided_moments}},
       .dataset = dataset,
       .batch_size = options.batch_size,
       .steps = options.plan.steps,
       .checkpoint_every = options.checkpoint_every,
       .log_every = options.every,
       .step = step,
       .evaluate = evaluate,
       .evaluate_every = options.plan.steps});

  const optim::RatesAndDecays updates = plan.values(options.plan.steps);
  result.kappa = plan.kappa(options.plan.steps);
  const std::vector<Json> lines = train::read_json_lines(context.run().path() / "metrics.jsonl");
  for (std::size_t i = 0; i < named.size(); ++i) {
    TensorRms t{.name = named[i].first,
                .numbers = named[i].second.numel(),
                .steps = {0},
                .measured = {first[i]},
                .update = {0}};
    for (const Json& line : lines) {
      if (line.value("stage", "") != name) continue;
      if (line.contains("test_error")) result.test_error = line["test_error"];
      if (!line.contains(key("weight", t.name))) continue;
      t.steps.push_back(line["stage_step"]);
      t.measured.push_back(line[key("weight", t.name)]);
      t.update.push_back(line[key("update", t.name)]);
    }
    wr::Options o{.beta1 = options.plan.beta1, .initial_rms = first[i], .as_computed = true};
    t.no_mean = wr::double_sum(updates, o);
    t.with_mean = t.with_mean_by_number = t.with_mean_divided = t.no_mean;
    if (moments.steps() >= 2) {
      const optim::GradientMoments::Of of = moments.of(i);
      t.mean_to_noise = of.mean_to_noise;
      t.mean_to_noise_by_number = of.mean_to_noise_by_number;
      t.live = of.live;
      o.mean_to_noise = std::min(1e6, of.mean_to_noise);
      t.with_mean = wr::double_sum(updates, o);
      o.mean_to_noise = std::min(1e6, of.mean_to_noise_by_number);
      t.with_mean_by_number = wr::double_sum(updates, o);
      t.mean_to_noise_divided = divided_moments.of(i).mean_to_noise_by_number;
      o.mean_to_noise = std::min(1e6, t.mean_to_noise_divided);
      t.with_mean_divided = wr::double_sum(updates, o);
    }
    result.tensors.push_back(std::move(t));
  }
  return result;
}

}  // namespace

TrainResult run(RunContext& context, const TrainCommand& options) {
  set_up(context);
  const Device device = choose_device(context.standard().device);
  check_available(device);
  const optim::RateAndDecay plan = options.plan.plan();  // throws before anything is read
  if (options.networks.empty()) throw UsageError("--networks: expected mlp, cnn or both, got none");
  for (std::size_t i = 0; i < options.networks.size(); ++i) {
    if (std::count(options.networks.begin(), options.networks.end(), options.networks[i]) == 1) continue;
    throw UsageError(fmt::format("--networks: {} stands there more than once", quote(options.networks[i])));
  }
  const std::string& folder = context.standard().data;
  for (const std::string& name : options.networks) make_network(name, {1, 28, 28}, 2);  // knows the names
  const data::TrainTest data = folder.empty() ? data::fashion_mnist() : data::load_mnist_folder(folder);
  const std::int64_t n =
      options.train_images > 0 ? std::min(options.train_images, data.train->size()) : data.train->size();
  const auto dataset = std::make_shared<data::TensorDataset>(data.train->images(0, n), data.train->labels(0, n));
  train::Trainer trainer(context.run(), {device, static_cast<std::uint64_t>(context.standard().seed)});
  TrainResult result{.data_name = folder.empty() ? "Fashion-MNIST" : folder,
                     .warnings = warnings(plan.values(options.plan.steps), plan.kappa(options.plan.steps))};
  for (const std::string& warning : result.warnings) std::fprintf(stderr, "Warning: %s\n", warning.c_str());
  for (const std::string& name : options.networks) {
    result.networks.push_back(train_network(context, trainer, data, dataset, options, name));
  }
  return result;
}

Json summary_of(const TrainResult& result) {
  Json networks = Json::object();
  for (const TrainedNetwork& n : result.networks) {
    Json tensors = Json::array();
    for (const TensorRms& t : n.tensors) {
      tensors.push_back({{"tensor", t.name},
                         {"numbers", t.numbers},
                         {"first", t.measured.front()},
                         {"measured", t.end()},
                         {"no_mean", t.no_mean.back()},
                         {"with_mean", t.with_mean.back()},
                         {"with_mean_by_number", t.with_mean_by_number.back()},
                         {"with_mean_divided", t.with_mean_divided.back()},
                         {"error_no_mean", t.error_of(t.no_mean)},
                         {"error_with_mean", t.error_of(t.with_mean)},
                         {"error_with_mean_by_number", t.error_of(t.with_mean_by_number)},
                         {"error_with_mean_divided", t.error_of(t.with_mean_divided)},
                         {"mean_to_noise", t.mean_to_noise},
                         {"mean_to_noise_by_number", t.mean_to_noise_by_number},
                         {"mean_to_noise_divided", t.mean_to_noise_divided},
                         {"live", t.live},
                         {"update", t.update.back()}});
    }
    networks[n.name] = {{"test_error", n.test_error}, {"kappa", n.kappa}, {"seconds", n.seconds}, {"tensors", tensors}};
  }
  return {{"networks", networks}, {"warnings", result.warnings}};
}

std::string table_of(const TrainResult& result) {
  std::string text;
  for (const TrainedNetwork& n : result.networks) {
    text += fmt::format("\n{}: test error {} %, kappa {}\n", n.name, format_number(100 * n.test_error, 3),
                        format_number(n.kappa, 3));
    text += fmt::format("  {:<12} {:>9} {:>9} {:>9} {:>18} {:>18} {:>18} {:>8} {:>8} {:>8}\n", "tensor", "numbers",
                        "first", "measured", "no mean", "with mean", "mean of g/√v", "r", "update", "live");
    for (const TensorRms& t : n.tensors) {
      const auto with_error = [&](const wr::Trajectory& e) {
        return fmt::format("{} ({:+.0f} %)", format_number(e.back()), 100 * t.error_of(e));
      };
      text += fmt::format("  {:<12} {:>9} {:>9} {:>9} {:>18} {:>18} {:>18} {:>8} {:>8} {:>7}%\n", t.name, t.numbers,
                          format_number(t.measured.front()), format_number(t.end()), with_error(t.no_mean),
                          with_error(t.with_mean_by_number), with_error(t.with_mean_divided),
                          format_number(t.mean_to_noise_by_number, 2), format_number(t.update.back(), 3),
                          format_number(100 * t.live, 3));
    }
  }
  return text;
}

void add_train(App& app) {
  app.command<TrainCommand>("train", "real networks, each tensor's RMS beside its estimate",
                            [](const TrainCommand& options, RunContext& context) {
                              const TrainResult result = run(context, options);
                              std::printf("%s", table_of(result).c_str());
                              Report report("Weight RMS of real networks",
                                            fmt::format("{} · {} · seed {}", result.data_name, describe(options.plan),
                                                        context.standard().seed));
                              add_to_report(report, context, options, result);
                              finish(context, report, summary_of(result));
                            })
      .details(
          "Trains an MLP and a convolutional network with AdamW, records RMS of weights, updates and gradients of each "
          "tensor, measures mean and noise of the gradients, and says how far the estimates are off, layer by layer.")
      .examples({"--quick", "--networks mlp --lambda 0.1 --steps 5000", "--lambda-schedule follow # AdamC"});
}

}  // namespace gg::apps
