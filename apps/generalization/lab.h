// What the commands of this app share while they run: the device, the data sets and their split into few labelled and
// many unlabelled samples, and a record of finished trainings from which an interrupted run goes on.
// Read next: training.h (how one network learns), statistics.h (how many of them are compared).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "apps/common/app.h"
#include "apps/common/report.h"
#include "core/tensor.h"

namespace gg::apps {

/// Which data, and how much of it has labels.
struct DataOptions {
  std::vector<std::string> data_sets = {"two-moons", "digits", "fashion-mnist"};
  std::int64_t moons_labels = 8;
  std::int64_t digits_labels = 100;
  std::int64_t fashion_labels = 1000;
  double moons_noise = 0.1;
  std::int64_t fashion_images = 20000;
  std::vector<std::string> quick_sets = {"two-moons", "digits"};  ///< what --quick takes; not an option
  void declare(OptionSet& options);
};

/// Samples with classes: a pool to learn from and a test set, on the CPU.
struct DataSet {
  std::string name;   ///< as in DataOptions::data_sets
  std::string title;  ///< for people
  std::vector<std::string> class_names;
  Tensor x, y;                  ///< the pool: float32 [n, ...sample], int64 [n]
  Tensor x_test, y_test;        ///< empty where the test samples are drawn from the pool, anew for each replicate
  std::int64_t labels = 0;      ///< samples with labels in a split
  std::int64_t validation = 0;  ///< samples to choose settings on
  std::int64_t test = 0;        ///< samples to draw from the pool
  Shape sample_shape() const { return x.shape().part(1, x.rank()); }
  std::int64_t classes() const { return static_cast<std::int64_t>(class_names.size()); }
};

/// One draw of the pool. No sample is in two of labelled, validation and test; the labelled ones are among the
/// unlabelled, too.
struct Split {
  Tensor x, y;        ///< labelled: equally many of each class, as far as that goes
  Tensor unlabelled;  ///< all of the pool that is neither validation nor test
  Tensor x_validation, y_validation;
  Tensor x_test, y_test;
};

/// A pure function of the data and of `seed`. Throws gg::Error where the pool is too small.
Split make_split(const DataSet& data, std::uint64_t seed);

/// Purposes for Lab::seed_for.
enum Purpose : std::uint64_t { kSplit = 1, kWeights, kBatches, kNoise, kMoons, kTheory };

class Lab {
 public:
  /// Chooses the device. The run folder is opened at the first trial, after data sets were read.
  explicit Lab(RunContext& context);

  RunContext& context;
  Device device;

  std::uint64_t seed() const { return static_cast<std::uint64_t>(context.standard().seed); }
  /// A seed of its own for each purpose and replicate: equal for all methods that are compared.
  std::uint64_t seed_for(Purpose purpose, std::int64_t replicate = 0) const;

  /// Reads what the options name. `--data` replaces Fashion-MNIST (a folder of four idx files) or the digits (a .csv or
  /// .csv.gz file). Throws gg::Error.
  std::vector<DataSet> data_sets(const DataOptions& options) const;

  /// Runs `work` and writes what it returns as a line of metrics.jsonl, `name`'s members in front; a resumed run takes
  /// finished lines from there. Trials must come in the same order whenever the run is resumed. Throws Stopped after a
  /// trial where a stop was requested.
  Json trial(const Json& name, const std::function<Json()>& work);
  std::int64_t trials() const { return next_; }

 private:
  void open();
  std::optional<std::vector<Json>> finished_;  ///< lines of a resumed run; set once the folder is open
  std::int64_t next_ = 0;
};

/// Starts the page of a command.
Report start_report(const Lab& lab, const std::string& title, const std::string& subtitle);
/// Writes the report and, last, the summary; says where they are.
void finish(Lab& lab, Report& report, const Json& summary);

}  // namespace gg::apps
