#include "apps/autoencoders/training.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "apps/autoencoders/history.h"
#include "apps/common/progress.h"
#include "apps/common/text.h"
#include "autograd/autograd.h"
#include "ops/ops.h"
#include "optim/optim.h"

namespace gg::apps {
namespace {

namespace fs = std::filesystem;

/// All that changes from step to step, besides tensors.
struct State {
  std::int64_t step = 0;         ///< of this stage: steps done
  std::int64_t global_step = 0;  ///< counted through all stages
  data::DataLoader::Position position;
  Generator::State generator{};
  double loss_sum = 0;  ///< since the last line in metrics.jsonl
  std::int64_t loss_count = 0;
  double best = std::numeric_limits<double>::max();
  std::int64_t best_epoch = 0;
};

Json to_json(const State& s) {
  return {{"step", s.step},
          {"global_step", s.global_step},
          {"epoch", s.position.epoch},
          {"batch", s.position.batch},
          {"generator_seed", s.generator.seed},
          {"generator_offset", s.generator.offset},
          {"loss_sum", s.loss_sum},
          {"loss_count", s.loss_count},
          {"best", s.best},
          {"best_epoch", s.best_epoch}};
}

State state_from(const data::Safetensors& file) {
  const auto found = file.metadata.find("state");
  GG_CHECK(found != file.metadata.end(), "there is no \"state\" in its metadata");
  const Json json = parse_json(found->second, "its state");
  State s;
  try {
    s.step = json.at("step");
    s.global_step = json.at("global_step");
    s.position = {json.at("epoch"), json.at("batch")};
    s.generator.seed = json.at("generator_seed");
    s.generator.offset = json.at("generator_offset");
    s.loss_sum = json.at("loss_sum");
    s.loss_count = json.at("loss_count");
    s.best = json.at("best");
    s.best_epoch = json.at("best_epoch");
  } catch (const nlohmann::json::exception&) {
    fail("its state lacks a number");
  }
  GG_CHECK(s.step >= 0 && s.global_step >= s.step, "its step is out of range");
  return s;
}

/// Runs `body`; an error in it names the checkpoint and what to do.
template <class Body>
auto reading(const fs::path& path, Body body) {
  try {
    return body();
  } catch (const Error& error) {
    const std::string name = path.string(), message = error.what();
    throw Error(fmt::format("cannot go on from {}{}. Delete that file to train this part again from its beginning.",
                            message.find(name) == std::string::npos ? name + ": " : "", message));
  }
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// The largest share of the steps that warm up, so that a short run has steps left to learn in.
std::int64_t warmup_steps(std::int64_t asked, std::int64_t steps) { return std::min(asked, steps / 5); }

}  // namespace

void TrainingOptions::declare(OptionSet& options, const std::string& prefix) {
  options.add(prefix + "epochs", epochs, "passes over the training images").range(1, 100000).quick(5);
  options.add(prefix + "batch_size", batch_size, "images in a step").range(1, 100000);
  options.add(prefix + "lr", lr, "peak learning rate; a cosine leads down to 0").above(0).range(0, 10);
  options.add(prefix + "warmup", warmup, "steps in which the rate rises, at most a fifth of all").at_least(0);
  options.add(prefix + "weight_decay", weight_decay, "AdamW's decay, per unit of learning rate").at_least(0);
  options.add(prefix + "clip", clip, "largest norm of the gradient").above(0);
  options.add(prefix + "checkpoint_every", checkpoint_every, "steps between checkpoints")
      .range(1, 1e9)
      .may_change_on_resume();
  options.add(prefix + "log_every", log_every, "steps between lines in metrics.jsonl").range(1, 1e9);
}

Trainer::Trainer(RunContext& context, Device device) : context_(context), device_(device) {
  RunDir& run = context.run();
  if (!context.resuming()) return;
  std::map<std::int64_t, std::pair<std::string, std::int64_t>> by_first_step;  // name, last step
  for (const fs::directory_entry& entry : fs::directory_iterator(run.checkpoints())) {
    if (entry.path().extension() != ".safetensors") continue;
    reading(entry.path(), [&] {
      data::Safetensors file = data::load_safetensors(entry.path());
      const State state = state_from(file);
      by_first_step[state.global_step - state.step] = {entry.path().stem().string(), state.global_step};
      saved_.emplace(entry.path().stem().string(), std::move(file));
    });
  }
  // Each stage begins where the one before it ended. What comes after a gap (a file that somebody removed) is trained
  // again, so that the lines of metrics.jsonl keep their order.
  std::int64_t last = 0;
  for (const auto& [first, stage] : by_first_step) {
    if (first == last) {
      last = stage.second;
    } else {
      saved_.erase(stage.first);
    }
  }
  if (last == 0) last = -1;
  run.cut_back(last);
}

double Trainer::seconds_so_far(const std::string& stage) const {
  double seconds = 0;
  for (const Json& line : read_json_lines(context_.run().path() / "timing.jsonl")) {
    if (line.value("stage", "") == stage) seconds = line.value("seconds", seconds);
  }
  return seconds;
}

double Trainer::train(Stage& stage) {
  RunDir& run = context_.run();
  const TrainingOptions& o = stage.options;
  const fs::path path = run.checkpoints() / (stage.name + ".safetensors");
  stage.model.to(device_);
  const std::vector<Tensor> parameters = stage.model.parameters();
  optim::AdamW optimizer(parameters, {.lr = o.lr, .weight_decay = o.weight_decay});
  data::DataLoader loader(stage.images, {.batch_size = o.batch_size,
                                         .shuffle = true,
                                         .seed = static_cast<std::uint64_t>(context_.standard().seed),
                                         .transform = stage.transform});
  const std::int64_t steps = o.epochs * loader.batches_per_epoch();
  const optim::CosineLr rate{.peak = o.lr, .steps = steps, .warmup = warmup_steps(o.warmup, steps)};

  State state;
  state.global_step = first_step_;
  double seconds = 0;
  if (const auto found = saved_.find(stage.name); found != saved_.end()) {
    reading(path, [&] {
      state = state_from(found->second);
      GG_CHECK(state.step <= steps && state.global_step == first_step_ + state.step,
               "its step does not belong to this run");
      stage.model.load_state_dict(part(found->second.tensors, "model."));
      optimizer.load_state_dict(part(found->second.tensors, "optimizer."));
      loader.seek(state.position);
      default_generator().set_state(state.generator);
    });
    saved_.erase(found);
    seconds = seconds_so_far(stage.name);
  }
  first_step_ += steps;
  if (state.step == steps) return seconds;

  double resumed_at = now() - seconds;
  const auto checkpoint = [&] {
    run.timing().append(state.global_step, {{"stage", stage.name}, {"seconds", now() - resumed_at}});
    run.metrics().sync();
    state.position = loader.position();
    state.generator = default_generator().state();
    TensorMap tensors;
    merge(tensors, "model.", stage.model.state_dict());
    merge(tensors, "optimizer.", optimizer.state_dict());
    data::save_safetensors(path, tensors, {{"state", json_text(to_json(state))}});
  };

  Progress progress(stage.name, steps, "step", state.step);
  stage.model.train();
  while (state.step < steps) {
    data::Batch batch = loader.next();
    const std::int64_t epoch = batch.epoch + 1;
    const bool epoch_ends = batch.number + 1 == loader.batches_per_epoch();
    const double lr = rate(state.step);
    batch.x = to(batch.x, device_);
    if (batch.y.defined()) batch.y = to(batch.y, device_);

    optimizer.zero_grad();
    const Tensor loss = stage.loss(batch);
    loss.backward();
    const double norm = optim::clip_grad_norm_(parameters, o.clip).item();
    const double value = loss.item();
    if (!std::isfinite(value) || !std::isfinite(norm)) {
      throw Error(fmt::format("{}: the loss is {} with a gradient of norm {} at step {}; a smaller {} may help",
                              stage.name, value, norm, state.step + 1, "lr"));
    }
    optimizer.step(lr);
    ++state.step;
    ++state.global_step;
    state.loss_sum += value;
    ++state.loss_count;

    if (state.step % o.log_every == 0 || epoch_ends) {
      const double mean = state.loss_sum / static_cast<double>(state.loss_count);
      run.metrics().append(state.global_step, {{"stage", stage.name},
                                               {"stage_step", state.step},
                                               {"epoch", epoch},
                                               {"loss", mean},
                                               {"lr", lr},
                                               {"grad_norm", norm}});
      state.loss_sum = 0;
      state.loss_count = 0;
      progress.update(state.step, fmt::format("loss {}", format_number(mean)));
    }
    if (epoch_ends) {
      NoGrad guard;
      stage.model.eval();
      Json line = {{"stage", stage.name}, {"stage_step", state.step}, {"epoch", epoch}};
      const Json result = stage.evaluate();
      stage.model.train();
      const double error = result.begin().value();
      if (error < state.best) {
        state.best = error;
        state.best_epoch = epoch;
      }
      for (const auto& [key, number] : result.items()) line[key] = number;
      line["best_epoch"] = state.best_epoch;
      run.metrics().append(state.global_step, line);
    }
    const bool stop = stop_requested();
    if (state.step % o.checkpoint_every == 0 || state.step == steps || stop) checkpoint();
    if (stop && state.step < steps) {
      progress.finish("stopped");
      throw Stopped(state.global_step);
    }
  }
  progress.finish();
  stage.model.eval();
  return now() - resumed_at;
}

}  // namespace gg::apps
