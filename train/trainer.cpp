#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>

#include "apps/common/progress.h"
#include "apps/common/stop_signal.h"
#include "apps/common/text.h"
#include "core/grad_mode.h"
#include "ops/shape.h"
#include "train/history.h"
#include "train/stage_state.h"

namespace gg::train {
namespace {

namespace fs = std::filesystem;

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

constexpr std::string_view kBest = ".best";

void set_mode(const Stage& stage, bool training) {
  for (const Part& part : stage.parts) {
    if (part.module) part.module->train(training);
  }
}

std::vector<Part> best_parts(const Stage& stage) {
  std::vector<Part> parts;
  for (const std::string& name : stage.keep_best) {
    const auto found =
        std::find_if(stage.parts.begin(), stage.parts.end(), [&](auto& part) { return part.name == name; });
    GG_CHECK(found != stage.parts.end(), stage.name, ": keep_best names '", name, "', which is none of its parts");
    parts.push_back(*found);
  }
  return parts;
}

void check_finite(const Stage& stage, const Numbers& numbers, std::int64_t step) {
  bool finite = true;
  std::string text;
  for (const auto* list : {&numbers.mean, &numbers.latest}) {
    for (const auto& [name, value] : *list) {
      finite = finite && std::isfinite(value);
      text += fmt::format("{}{} is {}", text.empty() ? "" : ", ", name, value);
    }
  }
  if (!finite) throw Error(fmt::format("{}: at step {} {}; a smaller learning rate may help", stage.name, step, text));
}

}  // namespace

/// What train() knows while it runs.
struct Trainer::Course {
  StageState state;
  std::optional<data::DataLoader> loader;
  std::int64_t steps = 0;
  std::int64_t epoch = 0;  ///< of the batch at hand, from 0
  double seconds = 0;      ///< before this process
  double started = now();
  Numbers numbers;  ///< of the step at hand
  std::string note;

  double seconds_so_far() const { return seconds + now() - started; }
  Json line(const Stage& stage) const {
    Json json = {{"stage", stage.name}, {"stage_step", state.step}};
    if (loader) json["epoch"] = epoch + 1;
    return json;
  }
};

Trainer::Trainer(apps::RunDir& run, const TrainerOptions& options) : run_(run), options_(options) {
  if (!run.resumed()) return;
  std::map<std::int64_t, std::pair<std::string, std::int64_t>> by_first_step;  // name, last step
  for (const fs::directory_entry& entry : fs::directory_iterator(run.checkpoints())) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".safetensors" || name.ends_with(kBest)) continue;
    reading(entry.path(), [&] {
      data::Safetensors file = data::load_safetensors(entry.path());
      const StageState state = state_from(file);
      by_first_step[state.global_step - state.step] = {name, state.global_step};
      saved_.emplace(name, std::move(file));
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

fs::path Trainer::file_of(const Stage& stage, std::string_view kind) const {
  return run_.checkpoints() / fmt::format("{}{}.safetensors", stage.name, kind);
}

double Trainer::seconds_so_far(const std::string& stage) const {
  double seconds = 0;
  for (const Json& line : read_json_lines(run_.path() / "timing.jsonl")) {
    if (line.value("stage", "") == stage) seconds = line.value("seconds", seconds);
  }
  return seconds;
}

void Trainer::resume(const Stage& stage, Course& course) {
  const auto found = saved_.find(stage.name);
  if (found == saved_.end()) return;
  reading(file_of(stage), [&] {
    course.state = state_from(found->second);
    GG_CHECK(course.state.step <= course.steps && course.state.global_step == first_step_ + course.state.step,
             "its step does not belong to this run");
    load_checkpoint(found->second, stage.parts);
    if (course.loader) course.loader->seek(course.state.position);
    default_generator().set_state(course.state.generator);
  });
  saved_.erase(found);
  course.seconds = seconds_so_far(stage.name);
}

void Trainer::checkpoint(const Stage& stage, Course& course) {
  StageState& state = course.state;
  run_.timing().append(state.global_step, {{"stage", stage.name}, {"seconds", course.seconds_so_far()}});
  run_.metrics().sync();
  if (course.loader) state.position = course.loader->position();
  state.generator = default_generator().state();
  save_checkpoint(file_of(stage), stage.parts, {{"state", apps::json_text(to_json(state))}});
}

void Trainer::log(const Stage& stage, Course& course) {
  Json line = course.line(stage);
  course.note.clear();
  for (const RunningMean& m : course.state.means) {
    const double mean = m.sum / static_cast<double>(m.count);
    line[m.name] = mean;
    course.note += fmt::format("{}{} {}", course.note.empty() ? "" : "  ", m.name, apps::format_number(mean));
  }
  for (const auto& [name, value] : course.numbers.latest) line[name] = value;
  run_.metrics().append(course.state.global_step, line);
  course.state.means.clear();
}

void Trainer::evaluate(const Stage& stage, Course& course) {
  NoGrad guard;
  set_mode(stage, false);
  const Json result = stage.evaluate();
  set_mode(stage, true);
  GG_CHECK(!result.empty() && result.begin().value().is_number(), stage.name,
           ": evaluate must return an object whose first value is the error");
  const double error = result.begin().value();
  StageState& state = course.state;
  if (error < state.best) {
    state.best = error;
    state.best_epoch = course.epoch + 1;
    if (!stage.keep_best.empty()) save_checkpoint(file_of(stage, kBest), best_parts(stage));
  }
  Json line = course.line(stage);
  for (const auto& [key, number] : result.items()) line[key] = number;
  if (course.loader) line["best_epoch"] = state.best_epoch;
  run_.metrics().append(state.global_step, line);
}

double Trainer::train(const Stage& stage) {
  GG_CHECK(!stage.name.empty() && stage.name.find_first_of("./") == std::string::npos, "train: '", stage.name,
           "' is no name for a stage: expected some text without dots and slashes");
  GG_CHECK(trained_.insert(stage.name).second, "train: there already was a stage '", stage.name, "' in this run");
  GG_CHECK(stage.step != nullptr, stage.name, ": a stage needs its step");
  GG_CHECK(stage.dataset || stage.steps > 0, stage.name, ": without a dataset a stage needs its number of steps");
  GG_CHECK(stage.keep_best.empty() || stage.evaluate, stage.name, ": keep_best needs evaluate to say what is best");
  best_parts(stage);  // throws on unknown names
  for (const Part& part : stage.parts) {
    if (part.module) part.module->to(options_.device);
  }

  Course course;
  if (stage.dataset) {
    course.loader.emplace(stage.dataset, data::DataLoaderOptions{.batch_size = stage.batch_size,
                                                                 .shuffle = true,
                                                                 .seed = options_.seed,
                                                                 .transform = stage.transform,
                                                                 .device = options_.device});
  }
  course.steps = stage.steps > 0 ? stage.steps : stage.epochs * course.loader->batches_per_epoch();
  StageState& state = course.state;
  state.global_step = first_step_;
  resume(stage, course);
  first_step_ += course.steps;
  if (state.step == course.steps) {
    set_mode(stage, false);
    return course.seconds;
  }

  apps::Progress progress(stage.name, course.steps, "step", state.step);
  set_mode(stage, true);
  while (state.step < course.steps) {
    data::Batch batch;
    bool epoch_ends = false;
    if (course.loader) {
      batch = course.loader->next();
      course.epoch = batch.epoch;
      epoch_ends = batch.number + 1 == course.loader->batches_per_epoch();
    }
    course.numbers = stage.step(batch, {.step = state.step, .steps = course.steps, .epoch = course.epoch});
    check_finite(stage, course.numbers, state.step + 1);
    ++state.step;
    ++state.global_step;
    for (const auto& [name, value] : course.numbers.mean) {
      auto mean = std::find_if(state.means.begin(), state.means.end(), [&](auto& m) { return m.name == name; });
      if (mean == state.means.end()) mean = state.means.insert(mean, {name});
      mean->sum += value;
      ++mean->count;
    }

    const bool ends = state.step == course.steps;
    const bool evaluates = ends || (stage.evaluate_every > 0 ? state.step % stage.evaluate_every == 0 : epoch_ends);
    if (state.step % stage.log_every == 0 || evaluates) {
      log(stage, course);
      progress.update(state.step, course.note);
    }
    if (evaluates && stage.evaluate) evaluate(stage, course);
    const bool stop = apps::stop_requested();
    if (state.step % stage.checkpoint_every == 0 || ends || stop) checkpoint(stage, course);
    if (stop && !ends) {
      progress.finish("stopped");
      throw apps::Stopped(state.global_step);
    }
  }
  progress.finish();
  set_mode(stage, false);
  return course.seconds_so_far();
}

void Trainer::load_best(const Stage& stage) const {
  const fs::path path = file_of(stage, kBest);
  reading(path, [&] { load_checkpoint(data::load_safetensors(path), best_parts(stage)); });
}

}  // namespace gg::train
