#include "apps/common/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <type_traits>

#include "apps/common/text.h"

namespace gg::apps {
namespace {

template <class T>
constexpr bool kIsList = false;
template <class T>
constexpr bool kIsList<std::vector<T>> = true;

/// Whole numbers beyond this are not exact as double, which the range check and JSON readers elsewhere use.
constexpr double kLargestWhole = 9007199254740992.0;

bool is_snake_case(std::string_view name) {
  if (name.empty() || name.front() < 'a' || name.front() > 'z') return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string_view::npos;
}

std::string snake_case(std::string_view name) {
  std::string out(name);
  std::replace(out.begin(), out.end(), '-', '_');
  return out;
}

std::string join_choices(const std::vector<std::string>& choices) {
  std::string out;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) out += i + 1 == choices.size() ? " or " : ", ";
    out += choices[i];
  }
  return out;
}

std::string plain(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15 ? fmt::format("{:.0f}", value) : fmt::format("{}", value);
}

}  // namespace

Option::Option(std::string name, Target target, std::string help, std::string group)
    : name_(std::move(name)), target_(target), help_(std::move(help)), group_(std::move(group)), declared_(value()) {}

Option& Option::range(double low, double high) {
  low_excluded_ = low_excluded_ && low == low_;  // above(0).range(0, 10) stays above 0
  low_ = low;
  high_ = high;
  return *this;
}

Option& Option::at_least(double low) { return range(low, high_); }

Option& Option::above(double low) {
  low_ = low;
  low_excluded_ = true;
  return *this;
}

Option& Option::choices(std::vector<std::string> allowed) {
  choices_ = std::move(allowed);
  return *this;
}

Option& Option::not_empty() {
  may_be_empty_ = false;
  return *this;
}

Option& Option::quick(Json value) {
  quick_ = std::move(value);
  return *this;
}

Option& Option::example(std::string line) {
  examples_.push_back(std::move(line));
  return *this;
}

Option& Option::only_with(std::string other, std::vector<std::string> values) {
  companion_ = std::move(other);
  companion_values_ = std::move(values);
  return *this;
}

Option& Option::may_change_on_resume() {
  may_change_on_resume_ = true;
  return *this;
}

Option& Option::not_saved(bool command_line_only) {
  saved_ = false;
  command_line_only_ = command_line_only;
  return *this;
}

std::string Option::flag(const std::string& name) {
  std::string out = "--" + name;
  for (char& c : out) c = c == '_' ? '-' : c;
  return out;
}

std::string Option::expectation() const {
  std::string limits;
  if (std::isfinite(low_) && std::isfinite(high_) && !low_excluded_) {
    limits = fmt::format(" between {} and {}", plain(low_), plain(high_));
  } else if (std::isfinite(low_) || std::isfinite(high_)) {
    if (std::isfinite(low_)) limits = fmt::format("{}{}", low_excluded_ ? " above " : " of at least ", plain(low_));
    if (std::isfinite(high_))
      limits += fmt::format("{}{}", limits.empty() ? " of at most " : ", at most ", plain(high_));
  }
  return std::visit(
      [&](auto* target) -> std::string {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, bool>) return "true or false";
        if constexpr (std::is_same_v<T, int> || std::is_same_v<T, std::int64_t>) return "a whole number" + limits;
        if constexpr (std::is_same_v<T, double>) return "a number" + limits;
        if constexpr (std::is_same_v<T, std::string>) return choices_.empty() ? "a string" : join_choices(choices_);
        if constexpr (std::is_same_v<T, std::vector<std::int64_t>>) return "a list of whole numbers" + limits;
        if constexpr (std::is_same_v<T, std::vector<double>>) return "a list of numbers" + limits;
        return choices_.empty() ? "a list of strings" : "a list out of " + join_choices(choices_);
      },
      target_);
}

std::string Option::companion_choices() const { return join_choices(companion_values_); }

std::string Option::limits() const {
  if (!choices_.empty()) return join_choices(choices_);
  const bool low = std::isfinite(low_), high = std::isfinite(high_) && high_ < kLargestWhole;
  if (low && low_excluded_) return fmt::format("above {}{}", plain(low_), high ? ", at most " + plain(high_) : "");
  if (low && high) return fmt::format("{} to {}", plain(low_), plain(high_));
  if (low) return "at least " + plain(low_);
  return high ? "at most " + plain(high_) : "";
}

void Option::refuse(const std::string& where, const std::string& got) const {
  throw UsageError(fmt::format("{}: expected {}, got {}", where, expectation(), got));
}

void Option::check_number(double value, const std::string& where, const std::string& got) const {
  if (!std::isfinite(value) || value < low_ || value > high_ || (low_excluded_ && value == low_)) refuse(where, got);
}

void Option::check_choice(const std::string& value, const std::string& where) const {
  if (!is_utf8(value)) refuse(where, quote(value) + ", which is not UTF-8 text");
  if (value.find('\0') != std::string::npos) refuse(where, quote(value) + ", which holds a zero byte");
  if (choices_.empty()) return;
  for (const std::string& choice : choices_) {
    if (choice == value) return;
  }
  const std::string near = nearest_name(value, choices_);
  refuse(where, quote(value) + (near.empty() ? "" : fmt::format(". Did you mean {}?", near)));
}

double Option::number_from(const Json& value, const std::string& where, const std::string& got, bool whole) const {
  if (!value.is_number()) refuse(where, got);
  const double number = value.get<double>();
  if (whole && (number != std::floor(number) || std::abs(number) > kLargestWhole)) refuse(where, got);
  check_number(number, where, got);
  return number;
}

void Option::set(const Json& value, const std::string& where) { assign(value, where, describe_json(value)); }

void Option::assign(const Json& value, const std::string& where, const std::string& got) {
  // A value of one item type: checked here, stored by the caller.
  const auto convert = [&](const Json& item, auto& out) {
    using T = std::decay_t<decltype(out)>;
    if constexpr (std::is_same_v<T, bool>) {
      if (!item.is_boolean()) refuse(where, got);
      out = item.get<bool>();
    } else if constexpr (std::is_same_v<T, double>) {
      out = number_from(item, where, got, false);
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!item.is_string()) refuse(where, got);
      check_choice(item.get_ref<const std::string&>(), where);
      out = item.get<std::string>();
    } else {
      const double number = number_from(item, where, got, true);
      if (std::abs(number) > static_cast<double>(std::numeric_limits<T>::max())) refuse(where, got);
      out = static_cast<T>(number);
    }
  };
  std::visit(
      [&](auto* target) {
        using T = std::remove_pointer_t<decltype(target)>;
        T result{};
        if constexpr (kIsList<T>) {
          if (!value.is_array() || (value.empty() && !may_be_empty_)) refuse(where, got);
          for (const Json& item : value) {
            typename T::value_type one{};
            convert(item, one);
            result.push_back(one);
          }
        } else {
          convert(value, result);
        }
        *target = std::move(result);
      },
      target_);
}

Json Option::parse_item(std::string_view text) const {
  const bool is_text =
      std::holds_alternative<std::string*>(target_) || std::holds_alternative<std::vector<std::string>*>(target_);
  if (is_text) return std::string(text);
  if (is_flag()) {
    if (text == "true" || text == "on" || text == "yes" || text == "1") return true;
    if (text == "false" || text == "off" || text == "no" || text == "0") return false;
    return std::string(text);
  }
  double number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code == std::errc() && end == text.data() + text.size()) return number;
  return std::string(text);  // assign() refuses it: a string where a number should be
}

void Option::set_text(std::string_view text, const std::string& where) {
  const bool list = std::visit([](auto* target) { return kIsList<std::remove_pointer_t<decltype(target)>>; }, target_);
  const std::string got = quote(text);
  Json value;
  if (!list) {
    value = parse_item(text);
  } else {
    value = Json::array();
    while (!text.empty()) {
      const std::size_t comma = text.find(',');
      value.push_back(parse_item(text.substr(0, comma)));
      if (comma != std::string_view::npos && comma + 1 == text.size()) refuse(where, got);
      text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
  }
  // Everything on the command line is text, so messages show it as it was typed.
  assign(value, where, got);
}

Json Option::value() const {
  return std::visit([](auto* target) { return Json(*target); }, target_);
}

Option& OptionSet::add(std::string name, Option::Target variable, std::string help) {
  if (!is_snake_case(name)) throw Error(fmt::format("option {}: names are snake_case", quote(name)));
  if (find(name) != nullptr) throw Error(fmt::format("option {} is declared twice", quote(name)));
  return options_.emplace_back(std::move(name), variable, std::move(help), group_);
}

void OptionSet::remove(std::string_view name, std::string reason) {
  const auto found = std::find_if(options_.begin(), options_.end(), [&](const Option& o) { return o.name() == name; });
  if (found == options_.end()) throw Error(fmt::format("option {} is not declared", quote(name)));
  options_.erase(found);
  removed_.emplace_back(name, std::move(reason));
}

std::string OptionSet::reason_against(std::string_view name) const {
  const std::string wanted = snake_case(name);
  for (const auto& [removed, reason] : removed_) {
    if (removed == wanted) return reason;
  }
  return "";
}

Option* OptionSet::find(std::string_view name) {
  const std::string wanted = snake_case(name);
  for (Option& option : options_) {
    if (option.name() == wanted) return &option;
  }
  return nullptr;
}

void OptionSet::apply_quick() {
  for (Option& option : options_) {
    if (option.quick_value()) option.set(*option.quick_value(), "--quick: " + option.flag());
  }
}

void OptionSet::apply(const Json& object, const std::string& source) {
  if (!object.is_object()) {
    throw UsageError(fmt::format("{}: expected an object of options, got {}", source, describe_json(object)));
  }
  for (const auto& [key, value] : object.items()) {
    Option* option = nullptr;
    for (Option& candidate : options_) {
      if (candidate.name() == key) option = &candidate;
    }
    if (const std::string reason = option == nullptr ? reason_against(key) : ""; !reason.empty()) {
      throw UsageError(fmt::format("{}: {}: {}", source, quote(key), reason));
    }
    if (option == nullptr) {
      throw UsageError(fmt::format("{}: unknown key {}.{}", source, quote(key), suggestion(key, false)));
    }
    if (option->command_line_only()) {
      throw UsageError(fmt::format("{}: {} belongs on the command line ({})", source, quote(key), option->flag()));
    }
    option->set(value, fmt::format("{}: {}", source, quote(key)));
  }
}

void OptionSet::check_companions(const std::vector<std::string>& given) {
  for (const Option& option : options_) {
    if (option.companion().empty()) continue;
    const Option* other = find(option.companion());
    if (other == nullptr) throw Error(fmt::format("option {}: there is no {}", option.name(), option.companion()));
    const std::string present = other->value().get<std::string>();
    const auto& values = option.companion_values();
    if (std::find(values.begin(), values.end(), present) != values.end()) continue;
    if (!option.changed() && std::find(given.begin(), given.end(), option.name()) == given.end()) continue;
    throw UsageError(fmt::format("{}: it has no meaning with {} {}; it goes with {}", option.flag(), other->flag(),
                                 present, option.companion_choices()));
  }
}

Json OptionSet::values() const {
  Json out = Json::object();
  for (const Option& option : options_) {
    if (option.saved()) out[option.name()] = option.value();
  }
  return out;
}

std::string OptionSet::suggestion(std::string_view name, bool as_flag) const {
  std::vector<std::string> names;
  for (const Option& option : options_) {
    if (as_flag || !option.command_line_only()) names.push_back(option.name());
  }
  const std::string near = nearest_name(name, names);
  if (near.empty()) return as_flag ? " --help lists the options." : "";
  if (!as_flag) return fmt::format(" Did you mean {}?", quote(near));
  std::string flag = "--" + near;
  for (char& c : flag) c = c == '_' ? '-' : c;
  return fmt::format(" Did you mean {}?", flag);
}

void StandardOptions::declare(OptionSet& options) {
  options.group("Every app takes");
  options.add("device", device, "where tensors live; auto takes cuda where there is one")
      .choices({"auto", "cpu", "cuda", "emulated"})
      .may_change_on_resume();
  options.add("seed", seed, "one number that decides every random choice").range(0, kLargestWhole);
  options.add("threads", threads, "worker threads, 0 for one per core; results do not depend on it")
      .range(0, 1024)
      .may_change_on_resume();
  options.add("data", data, "folder with your own data, in place of the packaged set").may_change_on_resume();
  options.add("quick", quick, "a small version of everything, to see that it works");
  options.add("out", out, "folder of this run; by default a new one under runs/").not_saved();
  options.add("force", force, "replace a run that is already in --out").not_saved();
  options.add("profile", profile, "say what time and bytes each kernel took, and write a trace for Chrome").not_saved();
  options.add("config", config, "JSON file of options; the command line wins over it")
      .not_saved(true)
      .example("--config my.json --seed 7");
  options.add("resume", resume, "go on with an interrupted run from its last checkpoint").not_saved(true);
}

}  // namespace gg::apps
