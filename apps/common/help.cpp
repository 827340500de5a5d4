#include "apps/common/help.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/common/text.h"

namespace gg::apps {
namespace {

constexpr std::size_t kNameColumn = 26;

std::string indented(std::string_view text, std::size_t indent, std::size_t width) {
  std::string out;
  for (const std::string& line : wrap(text, width > indent + 20 ? width - indent : 20)) {
    out += std::string(indent, ' ') + line + "\n";
  }
  return out;
}

/// Name on the left, text wrapped in the column beside it; a name too long for its column stands alone on its line.
std::string two_columns(const Terminal& terminal, const std::string& name, const std::string& text, std::size_t column,
                        std::size_t width) {
  const std::string body = indented(text, column, width);
  const std::string head = "  " + styled(terminal, "1", name);
  const std::size_t used = 2 + count_code_points(name);
  if (used + 2 > column) return head + "\n" + body;
  return head + std::string(column - used, ' ') + body.substr(column);
}

std::string shown(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  if (!value.is_array()) return json_text(value);
  std::string out;
  for (const Json& item : value) out += (out.empty() ? "" : ",") + shown(item);
  return out;
}

std::string placeholder(const Option& option) {
  if (option.name() == "out" || option.name() == "data" || option.name() == "resume") return " DIR";
  if (option.name() == "config") return " FILE";
  const Json value = option.value();
  if (value.is_array()) return " A,B,...";
  return value.is_number() ? " N" : " NAME";
}

/// The option as one types it; a flag that is on by default is shown with the word that turns it off.
std::string typed(const Option& option) {
  if (option.is_flag()) return option.value() == Json(true) ? "--[no-]" + option.flag().substr(2) : option.flag();
  return option.flag() + placeholder(option);
}

std::string describe(const Option& option) {
  std::string text = option.help();
  std::vector<std::string> notes;
  if (const std::string limits = option.limits(); !limits.empty()) notes.push_back(limits);
  if (!option.companion().empty()) {
    notes.push_back(fmt::format("with {} {}", Option::flag(option.companion()), option.companion_choices()));
  }
  const std::string value = shown(option.value());
  if (option.is_flag() ? value == "true" : !value.empty()) notes.push_back("default " + value);
  if (option.quick_value()) notes.push_back("quick " + shown(*option.quick_value()));
  std::string joined;
  for (const std::string& note : notes) joined += (joined.empty() ? "" : "; ") + note;
  if (!joined.empty()) text += " [" + joined + "]";
  return text;
}

}  // namespace

std::string command_help(const CommandHelp& command, const OptionSet& options, const Terminal& terminal) {
  const auto width = static_cast<std::size_t>(std::min(terminal.width, 110));
  std::string out = styled(terminal, "1", command.invocation) + ": " + command.summary + "\n";
  std::string_view details = command.details;
  while (!details.empty()) {
    const std::size_t end = details.find("\n\n");
    std::string paragraph(details.substr(0, end));
    std::replace(paragraph.begin(), paragraph.end(), '\n', ' ');
    out += "\n" + indented(paragraph, 0, width);
    details.remove_prefix(end == std::string_view::npos ? details.size() : end + 2);
  }
  out += fmt::format("\n{}\n  {} [options]\n", styled(terminal, "1", "Usage"), command.invocation);
  if (!command.examples.empty()) out += "\n" + styled(terminal, "1", "Examples") + "\n";
  for (const std::string& example : command.examples) {
    const std::size_t comment = example.find(" # ");
    out += fmt::format("  {} {}", command.invocation, example.substr(0, comment));
    if (comment != std::string::npos) out += styled(terminal, "2", "   # " + example.substr(comment + 3));
    out += "\n";
  }
  std::string group;
  for (const Option& option : options.all()) {
    if (option.group() != group) {
      group = option.group();
      out += "\n" + styled(terminal, "1", group) + "\n";
    }
    out += two_columns(terminal, typed(option), describe(option), kNameColumn, width);
    for (const std::string& example : option.examples()) out += indented("e.g. " + example, kNameColumn, width);
  }
  out += "\n" + indented(
                    "Every option may also stand in a JSON file for --config, by its name with underscores, as in "
                    "{\"seed\": 7}. The effective values of a run are in its config.json, which is such a file.",
                    0, width);
  return out;
}

std::string app_help(const std::string& invocation, const std::string& summary,
                     const std::vector<std::pair<std::string, std::string>>& commands, const Terminal& terminal) {
  const auto width = static_cast<std::size_t>(std::min(terminal.width, 110));
  std::string out = styled(terminal, "1", invocation) + ": " + summary + "\n";
  out += fmt::format("\n{}\n  {} COMMAND [options]\n\n{}\n", styled(terminal, "1", "Usage"), invocation,
                     styled(terminal, "1", "Commands"));
  std::size_t column = 12;
  for (const auto& [name, text] : commands) column = std::max(column, std::min<std::size_t>(name.size() + 5, 30));
  for (const auto& [name, text] : commands) out += two_columns(terminal, name, text, column, width);
  out += fmt::format("\n{} COMMAND --help explains the options of a command.\n", invocation);
  return out;
}

}  // namespace gg::apps
