#include "apps/generalization/lab.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "apps/common/atomic_file.h"
#include "core/device_info.h"
#include "core/parallel.h"
#include "data/data.h"
#include "ops/ops.h"
#include "train/history.h"

namespace gg::apps {
namespace {

constexpr std::int64_t kMoonsPool = 1000, kMoonsTest = 2000;

std::vector<std::string> numbered_classes(std::int64_t n) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < n; ++i) names.push_back(fmt::format("{}", i));
  return names;
}

Tensor rows(const Tensor& x, const std::vector<std::int64_t>& numbers) {
  return index_select(x, 0, from_vector(numbers, {static_cast<std::int64_t>(numbers.size())}));
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

DataSet moons(const DataOptions& options, std::uint64_t seed) {
  const data::Labelled train = data::two_moons({kMoonsPool, options.moons_noise, data::sample_key(seed, 0, 0)});
  const data::Labelled test = data::two_moons({kMoonsTest, options.moons_noise, data::sample_key(seed, 0, 1)});
  return {.name = "two-moons",
          .title = "Two moons",
          .class_names = {"upper moon", "lower moon"},
          .x = train.x,
          .y = train.y,
          .x_test = test.x,
          .y_test = test.y,
          .labels = options.moons_labels,
          .validation = 200};
}

DataSet digits(const DataOptions& options, const std::string& file) {
  const data::Labelled all = data::digits(file);
  return {.name = "digits",
          .title = "Digits 8×8",
          .class_names = numbered_classes(10),
          .x = all.x,
          .y = all.y,
          .x_test = {},
          .y_test = {},
          .labels = options.digits_labels,
          .validation = 200,
          .test = 597};
}

DataSet images(const DataOptions& options, const std::string& folder) {
  const data::TrainTest both = folder.empty() ? data::fashion_mnist() : data::load_mnist_folder(folder);
  std::vector<std::string> names = both.train->class_names();
  const std::int64_t classes = std::max(both.train->num_classes(), both.test->num_classes());
  if (names.empty()) names = numbered_classes(std::max<std::int64_t>(classes, 2));
  const std::int64_t n = std::min(options.fashion_images, both.train->size());
  return {.name = "fashion-mnist",
          .title = folder.empty() ? "Fashion-MNIST" : folder,
          .class_names = names,
          .x = both.train->images(0, n),
          .y = both.train->labels(0, n),
          .x_test = both.test->images(),
          .y_test = both.test->labels(),
          .labels = options.fashion_labels,
          .validation = std::min<std::int64_t>(1000, n / 5)};
}

}  // namespace

void DataOptions::declare(OptionSet& options) {
  options.group("Data");
  options.add("data_sets", data_sets, "which data to learn from")
      .choices({"two-moons", "digits", "fashion-mnist"})
      .not_empty()
      .quick(quick_sets)
      .example("--data-sets digits,two-moons");
  options.add("moons_labels", moons_labels, "labelled points of the two moons").range(2, 800);
  options.add("digits_labels", digits_labels, "labelled digits").range(10, 1000);
  options.add("fashion_labels", fashion_labels, "labelled images of Fashion-MNIST").range(10, 59000);
  options.add("moons_noise", moons_noise, "standard deviation of the points around their moon").range(0, 1);
  options
      .add("fashion_images", fashion_images,
           "take only the first so many training images of Fashion-MNIST, labelled or not")
      .range(100, 60000);
}

Split make_split(const DataSet& data, std::uint64_t seed) {
  const std::int64_t n = data.x.size(0), held = data.validation + data.test;
  GG_CHECK(data.labels + held <= n, data.title, ": ", data.labels, " labelled, ", data.validation, " validation and ",
           data.test, " test samples are asked of ", n, "; ask for fewer labels");
  const std::vector<std::int64_t> order = data::shuffled_order(seed, 0, n);
  const std::vector<std::int64_t> label = data.y.to_vector<std::int64_t>();
  const auto part = [&](std::int64_t first, std::int64_t last) {
    return std::vector<std::int64_t>(order.begin() + first, order.begin() + last);
  };
  Split split;
  const std::vector<std::int64_t> validation = part(0, data.validation), rest = part(held, n);
  split.x_validation = rows(data.x, validation);
  split.y_validation = rows(data.y, validation);
  split.x_test = data.test > 0 ? rows(data.x, part(data.validation, held)) : data.x_test;
  split.y_test = data.test > 0 ? rows(data.y, part(data.validation, held)) : data.y_test;
  split.unlabelled = rows(data.x, rest);
  // In rounds: one sample of each class, then the next of each, until there are enough.
  std::vector<std::vector<std::int64_t>> of_class(static_cast<std::size_t>(data.classes()));
  for (const std::int64_t i : rest) {
    of_class[static_cast<std::size_t>(label[static_cast<std::size_t>(i)])].push_back(i);
  }
  std::vector<std::int64_t> labelled;
  for (std::size_t round = 0; static_cast<std::int64_t>(labelled.size()) < data.labels; ++round) {
    for (const auto& members : of_class) {
      if (round < members.size() && static_cast<std::int64_t>(labelled.size()) < data.labels) {
        labelled.push_back(members[round]);
      }
    }
  }
  split.x = rows(data.x, labelled);
  split.y = rows(data.y, labelled);
  return split;
}

Lab::Lab(RunContext& run_context) : context(run_context), device(choose_device(run_context.standard().device)) {
  check_available(device);
  if (context.standard().threads > 0) set_num_threads(static_cast<int>(context.standard().threads));
}

std::uint64_t Lab::seed_for(Purpose purpose, std::int64_t replicate) const {
  return data::sample_key(seed(), purpose, static_cast<std::uint64_t>(replicate));
}

std::vector<DataSet> Lab::data_sets(const DataOptions& options) const {
  const std::string& own = context.standard().data;
  GG_CHECK(own.empty() || std::filesystem::exists(own), "--data: there is no file or folder ", own);
  std::vector<DataSet> sets;
  for (const std::string& name : options.data_sets) {
    const auto same = [&](const DataSet& set) { return set.name == name; };
    GG_CHECK(std::none_of(sets.begin(), sets.end(), same), "--data-sets: ", name, " stands there twice");
    if (name == "two-moons") {
      sets.push_back(moons(options, seed_for(kMoons)));
    } else if (name == "digits") {
      sets.push_back(digits(options, is_folder(own) ? "" : own));
    } else {
      sets.push_back(images(options, is_folder(own) ? own : ""));
    }
    // Now, not after the first trainings, it must turn out that there are too few samples.
    make_split(sets.back(), seed_for(kSplit));
  }
  return sets;
}

void Lab::open() {
  RunDir& run = context.run();
  finished_.emplace();
  if (!run.resumed()) return;
  const std::filesystem::path file = run.checkpoints() / "trials.json";
  const std::int64_t count =
      run.has_checkpoint() ? parse_json(read_file(file, 4096), file.string()).at("finished").get<std::int64_t>() : 0;
  run.cut_back(count - 1);
  if (count > 0) *finished_ = train::read_json_lines(run.path() / "metrics.jsonl");
  GG_CHECK(static_cast<std::int64_t>(finished_->size()) == count, run.path().string(), " is damaged: ", file.string(),
           " counts ", count, " trainings, metrics.jsonl has ", finished_->size());
}

Json Lab::trial(const Json& name, const std::function<Json()>& work) {
  if (!finished_) open();
  const std::int64_t number = next_++;
  if (static_cast<std::size_t>(number) < finished_->size()) {
    const Json& line = (*finished_)[static_cast<std::size_t>(number)];
    for (const auto& [key, value] : name.items()) {
      GG_CHECK(line.contains(key) && line[key] == value, context.run().path().string(), " does not fit: line ",
               number + 1, " of its metrics.jsonl should be of ", name.dump(), "; begin a new run");
    }
    return line;
  }
  if (stop_requested()) throw Stopped(number);
  Json line = name;
  merge_into(line, work());
  RunDir& run = context.run();
  run.metrics().append(number, line);
  run.metrics().sync();
  write_file_atomically(run.checkpoints() / "trials.json", json_text({{"finished", number + 1}}) + "\n");
  return line;
}

Report start_report(const Lab& lab, const std::string& title, const std::string& subtitle) {
  Report report(title, fmt::format("{} · seed {}", subtitle, lab.seed()));
  report.fact("device", to_string(lab.device) + ": " + describe(lab.device));
  return report;
}

void finish(Lab& lab, Report& report, const Json& summary) {
  report.config(lab.context.config());
  report.command(lab.context.repeat_command());
  const std::string page = lab.context.run().write_report(report.html()).string();
  const std::string numbers = lab.context.run().write_summary(summary).string();
  std::printf("\nReport:  %s\nNumbers: %s\n", page.c_str(), numbers.c_str());
}

}  // namespace gg::apps
