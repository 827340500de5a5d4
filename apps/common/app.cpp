#include "apps/common/app.h"

#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "apps/common/command_line.h"
#include "apps/common/help.h"
#include "apps/common/terminal.h"
#include "apps/common/text.h"
#include "core/profiler.h"

namespace gg::apps {
namespace {

constexpr int kFailure = 1;
constexpr int kUsage = 2;

void print(std::FILE* stream, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

void print_error(const std::string& message) {
  const Terminal terminal = terminal_of(STDERR_FILENO);
  print(stderr, styled(terminal, "1;31", "error:") + " " + one_line(message) + "\n");
}

/// A word as a shell takes it.
std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=,:+@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string overview(const App& app, const std::string& invocation, int fd) {
  std::vector<std::pair<std::string, std::string>> commands;
  for (const Command& command : app.commands()) commands.emplace_back(command.name(), command.summary());
  return app_help(invocation, app.summary(), commands, terminal_of(fd));
}

const Command& find_command(const App& app, const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : app.commands()) {
    if (command.name() == name) return command;
    names.push_back(command.name());
  }
  if (name.starts_with("-")) {
    throw UsageError(fmt::format("{}: the command comes first, its options after it; --help lists them", quote(name)));
  }
  const std::string near = nearest_name(name, names);
  throw UsageError(fmt::format("unknown command {}.{}", quote(name),
                               near.empty() ? " --help lists the commands." : fmt::format(" Did you mean {}?", near)));
}

/// Runs `body`; turns what it throws into a message and an exit code.
template <class Body>
int guarded(Body body) {
  try {
    return body();
  } catch (const UsageError& error) {
    print_error(error.what());
    return kUsage;
  } catch (const Error& error) {
    print_error(error.what());
  } catch (const std::bad_alloc&) {
    print_error("out of memory; try a smaller batch or model");
  } catch (const std::exception& error) {
    print_error(fmt::format("unexpected: {}", error.what()));
  } catch (...) {
    print_error("unexpected failure without a message");
  }
  return kFailure;
}

/// Prints what the kernels of the command took, and leaves it in the run's folder where there is one.
void tell_profile(const Profile& profile, RunContext& context) {
  const std::string table = to_table(profile);
  print(stdout, "\n" + table);
  if (!context.has_run()) return;
  print(stdout, fmt::format("Trace:   {}\n", context.run().write_profile(table, to_chrome_trace(profile)).string()));
}

int run_command(const Command& command, const App& app, const std::string& invocation,
                const std::vector<std::string>& arguments) {
  OptionSet options;
  const Command::Run body = command.bind(options);
  StandardOptions standard;
  standard.declare(options);
  for (const std::string& name : command.lacking()) {
    if (name == "device") standard.device = "cpu";
    options.remove(name, name == "device" ? fmt::format("{} runs on the CPU only", command.name())
                                          : fmt::format("{} has no use for it", command.name()));
  }
  const CommandHelp help{invocation + " " + command.name(), command.summary(), command.details(), command.examples()};
  // Made before parsing, when the values are still the defaults.
  const std::string help_text = command_help(help, options, terminal_of(STDOUT_FILENO));
  if (parse_arguments(app.name(), command.name(), arguments, options, standard).help) {
    print(stdout, help_text);
    return 0;
  }
  if (!standard.out.empty()) RunDir::check(standard.out, standard.force);  // before any work is done, or printed
  install_stop_signals();
  RunContext context(app.name(), command.name(), invocation, standard, options.values());
  if (context.resuming() && context.run().finished()) {
    print(stdout, fmt::format("{} is finished already; its results are in {}\n", context.run().path().string(),
                              (context.run().path() / "summary.json").string()));
    return 0;
  }
  const auto go_on = [&] {
    return context.has_run() && context.run().has_checkpoint() && !context.run().finished()
               ? fmt::format("To go on: {}\n", context.resume_command())
               : std::string();
  };
  std::optional<Profiler> profiler;
  if (standard.profile) profiler.emplace();
  int code = guarded([&] {
    try {
      body(context);
      return 0;
    } catch (const Stopped& stopped) {
      print(stderr, stopped.step() ? fmt::format("Stopped after step {}.\n", *stopped.step()) : "Stopped.\n");
      return 128 + (stop_signal() != 0 ? stop_signal() : SIGINT);
    }
  });
  if (profiler) {
    const int told = guarded([&] {
      tell_profile(profiler->profile(), context);
      return 0;
    });
    if (code == 0) code = told;
  }
  if (code != 0) print(stderr, go_on());
  return code;
}

}  // namespace

RunContext::RunContext(std::string app, std::string command, std::string invocation, const StandardOptions& standard,
                       Json config)
    : app_(std::move(app)),
      command_(std::move(command)),
      invocation_(std::move(invocation)),
      standard_(standard),
      config_(std::move(config)) {}

RunDir& RunContext::run() {
  if (!run_) {
    run_ = resuming() ? RunDir::open(standard_.resume)
                      : RunDir::create(app_, command_, standard_.out, standard_.force, config_);
  }
  return *run_;
}

std::string RunContext::resume_command() const {
  return fmt::format("{} {} --resume {}", invocation_, command_, run_ ? shell_word(run_->path().string()) : "DIR");
}

std::string RunContext::repeat_command() const {
  return fmt::format("{} {} --config {}", invocation_, command_,
                     run_ ? shell_word((run_->path() / "config.json").string()) : "FILE");
}

Command& Command::details(std::string text) {
  details_ = std::move(text);
  return *this;
}

Command& Command::examples(std::vector<std::string> lines) {
  examples_ = std::move(lines);
  return *this;
}

Command& Command::without(std::vector<std::string> standard_options) {
  lacking_ = std::move(standard_options);
  return *this;
}

int run_app(int argc, const char* const* argv, const App& app) {
  return guarded([&] {
    const char* given = std::getenv("GG_INVOCATION");
    const std::string invocation = given != nullptr && *given != '\0' ? given : argc > 0 ? argv[0] : app.name();
    if (argc < 2) {
      print(stderr, overview(app, invocation, STDERR_FILENO));
      return kUsage;
    }
    const std::string first = argv[1];
    if (first == "--help" || first == "-h" || first == "help") {
      print(stdout, overview(app, invocation, STDOUT_FILENO));
      return 0;
    }
    return run_command(find_command(app, first), app, invocation, std::vector<std::string>(argv + 2, argv + argc));
  });
}

}  // namespace gg::apps
