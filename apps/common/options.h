// The options of an app, declared once: from the declaration follow the JSON configuration, the command line, the
// help text and config.json. Read command_line.h next (how values get in), help.h (how they are shown).
//
//   struct TrainOptions {
//     std::int64_t epochs = 10;
//     double lr = 1e-3;
//     std::string variant = "conv";
//     void declare(OptionSet& options) {
//       options.group("Training");
//       options.add("epochs", epochs, "passes over the training images").range(1, 10000).quick(1);
//       options.add("lr", lr, "peak learning rate").above(0).example("--lr 3e-4");
//       options.add("variant", variant, "network of encoder and decoder").choices({"conv", "mlp"});
//     }
//   };
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "apps/common/json_text.h"
#include "core/error.h"

namespace gg::apps {

/// A mistake in how the program was called (exit code 2), as against a failure while it ran (exit code 1).
class UsageError : public Error {
 public:
  using Error::Error;
};

/// One option: a name, the variable it sets, and what that variable may hold. Lists hold one value or more per item;
/// on the command line their items are separated by commas.
class Option {
 public:
  using Target = std::variant<bool*, int*, std::int64_t*, double*, std::string*, std::vector<std::int64_t>*,
                              std::vector<double>*, std::vector<std::string>*>;

  Option(std::string name, Target target, std::string help, std::string group);

  // What the declaration may add; each returns *this.

  /// Smallest and largest number allowed, both included. Holds for each item of a list.
  Option& range(double low, double high);
  /// Numbers must be at least `low`.
  Option& at_least(double low);
  /// Numbers must be greater than `low`.
  Option& above(double low);
  /// Strings must be one of these.
  Option& choices(std::vector<std::string> allowed);
  /// A list must have an item.
  Option& not_empty();
  /// Value under --quick. A configuration file and the command line still win over it.
  Option& quick(Json value);
  /// A line for the help text, as one would type it: "--lr 3e-4".
  Option& example(std::string line);
  /// Has a meaning only while the option `other` is one of `values`: given beside another value of it, it is refused
  /// (check_companions). `other` must be in the same set and take strings.
  Option& only_with(std::string other, std::vector<std::string> values);
  /// A resumed run may have another value than the run it goes on with.
  Option& may_change_on_resume();
  /// Says where or how to run rather than what: not written to config.json, and refused in a configuration file when
  /// `command_line_only`.
  Option& not_saved(bool command_line_only = false);

  const std::string& name() const { return name_; }
  const std::string& group() const { return group_; }
  const std::string& help() const { return help_; }
  const std::vector<std::string>& allowed() const { return choices_; }
  const std::vector<std::string>& examples() const { return examples_; }
  const std::optional<Json>& quick_value() const { return quick_; }
  const std::string& companion() const { return companion_; }  ///< the `other` of only_with; empty without
  const std::vector<std::string>& companion_values() const { return companion_values_; }
  /// Whether the present value is another than that of the declaration.
  bool changed() const { return value() != declared_; }
  bool changes_on_resume() const { return may_change_on_resume_; }
  bool saved() const { return saved_; }
  bool command_line_only() const { return command_line_only_; }
  bool is_flag() const { return std::holds_alternative<bool*>(target_); }
  /// The name as the command line has it: code_dim is --code-dim.
  std::string flag() const { return flag(name_); }
  /// The same of any name.
  static std::string flag(const std::string& name);

  /// What the option takes, for help and messages: "a whole number between 1 and 10000", "conv or mlp".
  std::string expectation() const;

  /// The values of only_with as part of a sentence: "cosine, linear or wsd"; empty without.
  std::string companion_choices() const;

  /// The limits of numbers or the allowed strings, short, for the help text: "1 to 1000", "above 0"; may be empty.
  std::string limits() const;

  /// Sets the variable. `where` names the place of the value in messages. Throws UsageError, variable untouched,
  /// when the value has another type, is out of range or not finite.
  void set(const Json& value, const std::string& where);
  /// The same from text of the command line.
  void set_text(std::string_view text, const std::string& where);
  /// The present value.
  Json value() const;

 private:
  void assign(const Json& value, const std::string& where, const std::string& got);
  void check_number(double value, const std::string& where, const std::string& got) const;
  void check_choice(const std::string& value, const std::string& where) const;
  double number_from(const Json& value, const std::string& where, const std::string& got, bool whole) const;
  Json parse_item(std::string_view text) const;
  [[noreturn]] void refuse(const std::string& where, const std::string& got) const;

  std::string name_;
  Target target_;
  std::string help_;
  std::string group_;
  double low_ = -std::numeric_limits<double>::infinity();
  double high_ = std::numeric_limits<double>::infinity();
  bool low_excluded_ = false;
  bool may_be_empty_ = true;
  std::vector<std::string> choices_;
  std::vector<std::string> examples_;
  std::optional<Json> quick_;
  Json declared_;
  std::string companion_;
  std::vector<std::string> companion_values_;
  bool may_change_on_resume_ = false;
  bool saved_ = true;
  bool command_line_only_ = false;
};

/// All options of a command, in the order of declaration. Holds pointers into the struct that declared them, which must
/// outlive the set and stay where it is.
class OptionSet {
 public:
  OptionSet() = default;
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;

  /// Options added from now on stand under this heading in the help text.
  void group(std::string title) { group_ = std::move(title); }

  /// Declares an option whose default is the present value of `variable`. `name` is snake_case, letters first.
  /// The reference stays valid until remove(). Throws gg::Error for a bad name or one declared before.
  Option& add(std::string name, Option::Target variable, std::string help);
  template <class T>
  Option& add(std::string name, T& variable, std::string help) {
    return add(std::move(name), Option::Target(&variable), std::move(help));
  }

  /// Takes an option that a command has no use for out of the set; naming it is then refused with `reason`.
  /// Throws gg::Error where there is none of this name.
  void remove(std::string_view name, std::string reason);
  /// The reason given to remove(), or "".
  std::string reason_against(std::string_view name) const;

  const std::deque<Option>& all() const { return options_; }
  /// The option of this name ('-' counts as '_'), or nullptr.
  Option* find(std::string_view name);

  /// Sets every option that has one to its --quick value.
  void apply_quick();
  /// Sets options from a JSON object; `source` names the file in messages. All keys are checked, the nearest name is
  /// offered for an unknown one. Throws UsageError.
  void apply(const Json& object, const std::string& source);
  /// Throws UsageError where an option that is only_with another is not at its declared value, or is among `given`
  /// (names), although the other has a value that it does not go with.
  void check_companions(const std::vector<std::string>& given);
  /// The saved options with their present values, in order of declaration.
  Json values() const;
  /// " Did you mean --epochs?" or "", for messages about an unknown name.
  std::string suggestion(std::string_view name, bool as_flag) const;

 private:
  std::deque<Option> options_;
  std::vector<std::pair<std::string, std::string>> removed_;  // names and reasons
  std::string group_ = "Options";
};

/// What every app takes.
struct StandardOptions {
  std::string device = "auto";
  std::int64_t seed = 0;
  std::int64_t threads = 0;
  std::string out;
  std::string data;
  std::string resume;
  std::string config;
  bool quick = false;
  bool force = false;
  bool profile = false;
  void declare(OptionSet& options);
};

}  // namespace gg::apps
