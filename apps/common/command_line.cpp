#include "apps/common/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <utility>

#include "apps/common/atomic_file.h"
#include "apps/common/text.h"

namespace gg::apps {
namespace {

constexpr std::size_t kConfigLimit = std::size_t{16} << 20;

/// The raw text given for an option on the command line.
struct Given {
  Option* option;
  std::string text;
};

/// Splits the words into (option, text). CLI11 knows --x v, --x=v, flags and --no-flag; values are checked by Option.
/// `help` is set, and nothing else said, where -h or --help is among the words.
std::vector<Given> split_words(const std::vector<std::string>& words, OptionSet& options, bool& help) {
  CLI::App cli;
  cli.set_help_flag("-h,--help");
  cli.allow_extras();
  std::vector<std::pair<Option*, CLI::Option*>> bound;
  for (const Option& declared : options.all()) {
    Option* option = options.find(declared.name());
    std::string names = option->flag();
    if (names != "--" + option->name()) names += ",--" + option->name();
    if (option->is_flag()) names += ",!--no-" + option->flag().substr(2);
    CLI::Option* made = option->is_flag() ? cli.add_flag(names) : cli.add_option(names);
    made->take_last();  // all results are kept; giving one twice is refused below
    bound.emplace_back(option, made);
  }
  std::vector<std::string> reversed(words.rbegin(), words.rend());
  try {
    cli.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    help = true;
    return {};
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string what = error.what();
    const Option* option = options.find(what.size() > 2 ? what.substr(2, what.find(':') - 2) : "");
    if (option == nullptr) throw UsageError(one_line(what));
    throw UsageError(fmt::format("{}: a value is missing; expected {}", option->flag(), option->expectation()));
  } catch (const CLI::ParseError& error) {
    throw UsageError(one_line(error.what()));
  }
  for (const std::string& word : cli.remaining()) {
    if (word.starts_with("--") && word.size() > 2) {
      const std::string name = word.substr(2, word.find('=') - 2);
      if (const std::string reason = options.reason_against(name); !reason.empty()) {
        throw UsageError(fmt::format("--{}: {}", name, reason));
      }
      throw UsageError(fmt::format("unknown option {}.{}", quote("--" + name), options.suggestion(name, true)));
    }
    throw UsageError(fmt::format("{}: options start with --; --help lists them", quote(word)));
  }
  std::vector<Given> given;
  for (const auto& [option, made] : bound) {
    if (made->count() > 1) throw UsageError(fmt::format("{}: given {} times", option->flag(), made->count()));
    if (made->count() == 1) given.push_back({option, made->results().front()});
  }
  return given;
}

/// The options of a configuration file, without the keys that say whose it is (those are checked).
Json read_config(const std::filesystem::path& file, const std::string& app, const std::string& command) {
  Json config;
  try {
    config = parse_json(read_file(file, kConfigLimit), file.string());
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  if (!config.is_object()) {
    throw UsageError(fmt::format("{}: expected an object of options, got {}", file.string(), describe_json(config)));
  }
  for (const auto& [key, expected] : {std::pair{"app", app}, std::pair{"command", command}}) {
    const auto found = config.find(key);
    if (found == config.end()) continue;
    if (*found != Json(expected)) {
      throw UsageError(
          fmt::format("{}: is for the {} {}, this is {}", file.string(), key, describe_json(*found), quote(expected)));
    }
    config.erase(key);
  }
  return config;
}

const Given* find_given(const std::vector<Given>& given, std::string_view name) {
  const auto found = std::find_if(given.begin(), given.end(), [&](const Given& g) { return g.option->name() == name; });
  return found == given.end() ? nullptr : &*found;
}

void apply_all(const std::vector<Given>& given) {
  for (const Given& g : given) g.option->set_text(g.text, g.option->flag());
}

/// A resumed run keeps its options: the command line may repeat them, or change those marked as changeable.
void apply_resumed(const std::vector<Given>& given, OptionSet& options, const std::string& directory) {
  const Json before = options.values();
  apply_all(given);
  for (const Given& g : given) {
    const auto old = before.find(g.option->name());
    if (old == before.end() || g.option->changes_on_resume() || *old == g.option->value()) continue;
    throw UsageError(
        fmt::format("{}: the run in {} has {}, and a resumed run keeps its options; start a new run with "
                    "--config {}/config.json to change it",
                    g.option->flag(), directory, describe_json(*old), directory));
  }
}

}  // namespace

ParsedArguments parse_arguments(const std::string& app, const std::string& command,
                                const std::vector<std::string>& arguments, OptionSet& options,
                                StandardOptions& standard) {
  ParsedArguments parsed;
  const std::vector<Given> given = split_words(arguments, options, parsed.help);
  if (parsed.help) return parsed;

  // These decide where the other values come from, so they are looked at first.
  for (const char* name : {"config", "resume", "quick", "out"}) {
    const Given* g = find_given(given, name);
    if (g == nullptr) continue;
    g->option->set_text(g->text, g->option->flag());
    if (!g->option->is_flag() && g->text.empty()) {
      throw UsageError(fmt::format("{}: expected the name of a file or folder, got \"\"", g->option->flag()));
    }
  }
  const bool resuming = !standard.resume.empty();
  if (resuming && !standard.config.empty()) {
    throw UsageError("--config and --resume: a resumed run has its own configuration; give one of the two");
  }
  if (resuming && !standard.out.empty()) {
    throw UsageError("--out and --resume: a resumed run stays in its folder; give one of the two");
  }
  if (resuming) {
    const std::filesystem::path file = std::filesystem::path(standard.resume) / "config.json";
    standard.quick = false;  // what the run itself says counts; apply_resumed compares
    options.apply(read_config(file, app, command), file.string());
    apply_resumed(given, options, standard.resume);
    return parsed;
  }
  Json config = Json::object();
  if (!standard.config.empty()) config = read_config(standard.config, app, command);
  const auto file_quick = config.find("quick");
  const bool file_is_quick = file_quick != config.end() && *file_quick == Json(true);
  if (standard.quick || (file_is_quick && find_given(given, "quick") == nullptr)) options.apply_quick();
  options.apply(config, standard.config);
  apply_all(given);
  // Beside a file, naming an option may be the way to set it back to its default.
  std::vector<std::string> named;
  if (standard.config.empty()) {
    for (const Given& g : given) named.push_back(g.option->name());
  }
  options.check_companions(named);
  return parsed;
}

}  // namespace gg::apps
