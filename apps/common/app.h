// A demo app as a program: commands with their options, a run folder, and errors that end in one clear line.
//
//   int main(int argc, char** argv) {
//     App app("autoencoders", "codes for pictures, and pictures from codes");
//     app.command<VaeOptions>("vae", "a variational autoencoder", [](const VaeOptions& options, RunContext& context) {
//       Data data = read_data(context.standard().data);  // first what may be missing ...
//       RunDir& run = context.run();                     // ... then the folder
//       ...
//     }).examples({"--quick # see that it works", "--code-dim 20 --epochs 30"});
//     return run_app(argc, argv, app);
//   }
//
// A trainer's loop: after each step `if (stop_requested()) { write a checkpoint; throw Stopped(step); }`
// (stop_signal.h).
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apps/common/options.h"
#include "apps/common/run_dir.h"
#include "apps/common/stop_signal.h"

namespace gg::apps {

/// What a command gets besides its own options.
class RunContext {
 public:
  RunContext(std::string app, std::string command, std::string invocation, const StandardOptions& standard,
             Json config);

  const StandardOptions& standard() const { return standard_; }
  /// Every saved option with its effective value, as in config.json.
  const Json& config() const { return config_; }
  /// True where --resume was given: load the latest checkpoint, then run().cut_back(its step).
  bool resuming() const { return !standard_.resume.empty(); }
  /// The run folder; made, or reopened for --resume, at the first call. Throws gg::Error.
  RunDir& run();
  bool has_run() const { return run_.has_value(); }
  /// The command line that goes on with this run: "autoencoders vae --resume runs/...".
  std::string resume_command() const;
  /// The command line that makes this run anew from its config.json.
  std::string repeat_command() const;

 private:
  std::string app_;
  std::string command_;
  std::string invocation_;
  const StandardOptions& standard_;
  Json config_;
  std::optional<RunDir> run_;
};

/// A sub-command: what it is called, what it takes, what it does.
class Command {
 public:
  using Run = std::function<void(RunContext&)>;

  Command(std::string name, std::string summary, std::function<Run(OptionSet&)> bind)
      : name_(std::move(name)), summary_(std::move(summary)), bind_(std::move(bind)) {}

  /// Paragraphs for --help, separated by empty lines.
  Command& details(std::string text);
  /// Lines for --help: arguments, and " # why" behind.
  Command& examples(std::vector<std::string> lines);

  /// Standard options that this command has no use for, in snake_case: it neither shows nor takes them. Without
  /// "device" it runs on the CPU.
  Command& without(std::vector<std::string> standard_options);

  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }
  const std::string& details() const { return details_; }
  const std::vector<std::string>& examples() const { return examples_; }
  const std::vector<std::string>& lacking() const { return lacking_; }
  /// Declares fresh options into the set and returns what to run with them.
  Run bind(OptionSet& options) const { return bind_(options); }

 private:
  std::string name_;
  std::string summary_;
  std::string details_;
  std::vector<std::string> examples_;
  std::vector<std::string> lacking_;
  std::function<Run(OptionSet&)> bind_;
};

class App {
 public:
  App(std::string name, std::string summary) : name_(std::move(name)), summary_(std::move(summary)) {}

  /// Adds a command. `Options` is a struct with `void declare(OptionSet&)`; `run` takes (const Options&, RunContext&).
  template <class Options, class Function>
  Command& command(std::string name, std::string summary, Function run) {
    return commands_.emplace_back(std::move(name), std::move(summary), [run](OptionSet& set) -> Command::Run {
      auto options = std::make_shared<Options>();
      options->declare(set);
      return [run, options](RunContext& context) { run(std::as_const(*options), context); };
    });
  }

  const std::string& name() const { return name_; }
  const std::string& summary() const { return summary_; }
  const std::deque<Command>& commands() const { return commands_; }

 private:
  std::string name_;
  std::string summary_;
  std::deque<Command> commands_;
};

/// Runs the program. Returns its exit code: 0; 1 for a failure while it ran; 2 for a mistake in the command line or the
/// configuration; 128 + signal (130 for Ctrl-C) where it was stopped, with a note on how to go on. Errors are one line
/// on stderr. Messages call the program GG_INVOCATION where that variable is set (a script that starts it), else by
/// argv[0].
int run_app(int argc, const char* const* argv, const App& app);

}  // namespace gg::apps
