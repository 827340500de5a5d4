#include "apps/common/report_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/html.h"
#include "apps/common/text.h"
#include "core/error.h"

namespace gg::apps {
namespace {

struct Verdict {
  const char* kind;  // class of the badge
  std::string text;
};

Verdict judge(const KeyNumber& number, int decimals) {
  if (!std::isfinite(number.value)) return {"worse", "✗ not finite"};
  const double baseline = *number.baseline;
  if (!std::isfinite(baseline) || number.better == Better::kNeither) return {"", ""};
  const double gain = number.better == Better::kLower ? baseline - number.value : number.value - baseline;
  if (gain == 0) return {"same", "= the same"};
  const char* word = gain > 0 ? "better" : "worse";
  const char* sign = gain > 0 ? "✓" : "✗";
  if (number.absolute || baseline == 0) {
    const std::string unit = number.unit == "%" ? "points" : number.unit;  // 2 % above 80 % are not 82 %
    return {word, fmt::format("{} {}{} {}", sign, format_fixed(std::abs(gain), decimals),
                              unit.empty() ? "" : " " + unit, word)};
  }
  const double percent = 100 * std::abs(gain / baseline);
  return {word, fmt::format("{} {}% {}", sign, format_fixed(percent, percent < 10 ? 1 : 0), word)};
}

std::string bar(double share, const char* kind) {
  return fmt::format("<div class=\"bar {}\"><i style=\"width:{:.1f}%\"></i></div>", kind,
                     100 * std::clamp(share, 0.0, 1.0));
}

std::string shown_value(const Json& value) { return value.is_string() ? value.get<std::string>() : json_text(value); }

unsigned big_endian(std::string_view bytes) {
  unsigned value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

std::string inline_markup(std::string_view text) {
  struct Mark {
    std::string_view sign;
    const char* tag;
  };
  static constexpr Mark kMarks[] = {{"**", "strong"}, {"*", "em"}, {"`", "code"}};
  std::string out, plain;
  while (!text.empty()) {
    bool matched = false;
    for (const Mark& mark : kMarks) {
      if (!text.starts_with(mark.sign)) continue;
      const std::string_view rest = text.substr(mark.sign.size());
      const std::size_t end = rest.find(mark.sign);
      // An opening mark stands before a letter and a closing one after: "3 * 4 * 5" is no emphasis.
      if (end == std::string_view::npos || end == 0 || rest.front() == ' ' || rest[end - 1] == ' ') continue;
      const std::string_view inside = rest.substr(0, end);
      out += escape_markup(plain);
      plain.clear();
      const std::string body = mark.sign == "`" ? escape_markup(inside) : inline_markup(inside);
      out += fmt::format("<{0}>{1}</{0}>", mark.tag, body);
      text = rest.substr(end + mark.sign.size());
      matched = true;
      break;
    }
    if (matched) continue;
    const std::size_t length = text.starts_with("**") ? 2 : 1;
    plain += text.substr(0, length);
    text.remove_prefix(length);
  }
  return out + escape_markup(plain);
}

std::string number_card(const KeyNumber& number) {
  const double reference = number.baseline && std::isfinite(*number.baseline)
                               ? std::max(std::abs(*number.baseline), std::abs(number.value))
                               : std::abs(number.value);
  const auto is_whole = [](double v) { return std::isfinite(v) && v == std::floor(v) && std::abs(v) < 1e15; };
  const bool whole = is_whole(number.value) && (!number.baseline || is_whole(*number.baseline));
  // Four digits, but no more than four decimals unless the number is so small that they would hide it.
  const int decimals = whole ? 0 : std::min(decimals_for(reference, 4), std::max(4, decimals_for(reference, 3)));
  std::string out = fmt::format("<div class=\"card\"><div class=\"name\">{}</div>", escape_markup(number.label));
  out += fmt::format("<div class=\"value\">{}", format_fixed(number.value, decimals));
  if (!number.unit.empty()) out += fmt::format(" <span>{}</span>", escape_markup(number.unit));
  out += "</div>";
  if (number.baseline) {
    const Verdict verdict = judge(number, decimals);
    if (!verdict.text.empty()) {
      out += fmt::format("<div class=\"badge {}\">{}</div>", verdict.kind, escape_markup(verdict.text));
    }
    const double largest = std::max(number.value, *number.baseline);
    if (std::isfinite(largest) && number.value > 0 && *number.baseline > 0) {
      out += bar(number.value / largest, "ours") + bar(*number.baseline / largest, "theirs");
    }
    out += fmt::format("<div class=\"baseline\"><span>{}</span><b>{}</b></div>", escape_markup(number.baseline_name),
                       format_fixed(*number.baseline, decimals));
  } else if (!std::isfinite(number.value)) {
    out += "<div class=\"badge worse\">✗ not finite</div>";
  }
  if (!number.note.empty()) out += fmt::format("<div class=\"hint\">{}</div>", inline_markup(number.note));
  return out + "</div>\n";
}

std::string embedded_png(std::string_view png, std::string_view alt) {
  if (!png.starts_with("\x89PNG\r\n\x1a\n") || png.size() < 24) throw Error("report: a picture is not a PNG file");
  return fmt::format("<img width=\"{}\" height=\"{}\" alt=\"{}\" src=\"data:image/png;base64,{}\">",
                     big_endian(png.substr(16)), big_endian(png.substr(20)), escape_markup(alt), base64(png));
}

std::string config_table(const Json& config) {
  std::string out = "<table class=\"config\"><tbody>";
  for (const auto& [key, value] : config.items()) {
    out += fmt::format("<tr><th scope=\"row\">{}</th><td><code>{}</code></td></tr>\n", escape_markup(key),
                       escape_markup(shown_value(value)));
  }
  return out + "</tbody></table>";
}

}  // namespace gg::apps
