#include "apps/common/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/common/html.h"
#include "apps/common/report_blocks.h"
#include "core/error.h"

namespace gg::apps {
namespace {

std::string figure(const std::string& body, std::string_view caption, Span span, const char* kind = "") {
  std::string out = fmt::format("<figure class=\"{}{}\">{}", span == Span::kHalf ? "half" : "full", kind, body);
  if (!caption.empty()) out += fmt::format("<figcaption>{}</figcaption>", inline_markup(caption));
  return out + "</figure>\n";
}

/// Digits, perhaps with sign, point, commas, per cent or a dash for "none".
bool looks_numeric(std::string_view cell) {
  bool digit = cell == "—" || cell == "-" || cell == "NaN" || cell.empty();
  for (const char c : cell) {
    if (c >= '0' && c <= '9') digit = true;
    // Bytes beyond ASCII are minus signs and superscripts here; letters rule a cell out.
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return cell == "NaN";
  }
  return digit;
}

}  // namespace

Section::Section(std::string title) : title_(std::move(title)) {}

Section& Section::text(std::string_view paragraph) {
  body_ += fmt::format("<p>{}</p>\n", inline_markup(paragraph));
  return *this;
}

Section& Section::bullets(const std::vector<std::string>& items) {
  body_ += "<ul>";
  for (const std::string& item : items) body_ += fmt::format("<li>{}</li>", inline_markup(item));
  body_ += "</ul>\n";
  return *this;
}

Section& Section::note(std::string_view paragraph) {
  body_ += fmt::format("<p class=\"note\">{}</p>\n", inline_markup(paragraph));
  return *this;
}

Section& Section::plot(std::string_view svg, std::string_view caption, Span span) {
  body_ += figure(std::string(svg), caption, span, " bare");
  return *this;
}

Section& Section::image(std::string_view png, std::string_view caption, Span span, std::string_view alt) {
  body_ += figure(embedded_png(png, alt.empty() ? caption : alt), caption, span);
  return *this;
}

Section& Section::rows(const std::vector<LabelledImage>& rows, std::string_view caption, Span span,
                       const std::vector<std::string>& column_names) {
  std::string body = "<div class=\"strips\">";
  if (!column_names.empty()) {
    body += "<div class=\"corner\"></div><div class=\"what\">";
    for (const std::string& name : column_names) body += fmt::format("<span>{}</span>", inline_markup(name));
    body += "</div>";
  }
  for (const LabelledImage& row : rows) {
    body += fmt::format("<div class=\"who\">{}</div>{}", inline_markup(row.label), embedded_png(row.png, row.label));
  }
  body_ += figure(body + "</div>", caption, span);
  return *this;
}

Section& Section::table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
                        std::string_view caption, Span span) {
  const std::size_t columns = head.size();
  for (std::size_t r = 0; r < rows.size(); ++r) {
    GG_CHECK(rows[r].size() == columns, "Section::table: row ", r, " of ", rows.size(), " has ", rows[r].size(),
             " cells under a head of ", columns, "; give it \"\" where there is nothing to say");
  }
  std::vector<const char*> sides;
  for (std::size_t c = 0; c < columns; ++c) {
    const bool numeric = std::all_of(rows.begin(), rows.end(), [&](const auto& row) { return looks_numeric(row[c]); });
    sides.push_back(numeric && !rows.empty() ? " class=\"right\"" : "");
  }
  std::string body = "<div class=\"table\"><table><thead><tr>";
  for (std::size_t c = 0; c < columns; ++c) {
    body += fmt::format("<th scope=\"col\"{}>{}</th>", sides[c], inline_markup(head[c]));
  }
  body += "</tr></thead><tbody>\n";
  for (const auto& row : rows) {
    body += "<tr>";
    for (std::size_t c = 0; c < columns; ++c) {
      body += fmt::format("<td{}>{}</td>", sides[c], inline_markup(row[c]));
    }
    body += "</tr>\n";
  }
  body_ += figure(body + "</tbody></table></div>", caption, span);
  return *this;
}

Report::Report(std::string title, std::string subtitle) : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

Report& Report::lead(std::string_view paragraph) {
  lead_ = inline_markup(paragraph);
  return *this;
}

Report& Report::number(KeyNumber number) {
  numbers_.push_back(std::move(number));
  return *this;
}

Section& Report::section(std::string title) { return sections_.emplace_back(std::move(title)); }

Report& Report::fact(std::string name, std::string value) {
  facts_.emplace_back(std::move(name), std::move(value));
  return *this;
}

Report& Report::config(const Json& config) {
  config_ = config_table(config);
  return *this;
}

Report& Report::command(std::string line) {
  command_ = std::move(line);
  return *this;
}

std::string Report::html() const {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n";
  out += fmt::format("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n<header>\n", escape_markup(title_),
                     report_style());
  if (!subtitle_.empty()) out += fmt::format("<div class=\"over\">{}</div>\n", escape_markup(subtitle_));
  out += fmt::format("<h1>{}</h1>\n", escape_markup(title_));
  if (!lead_.empty()) out += fmt::format("<p class=\"lead\">{}</p>\n", lead_);
  if (!facts_.empty()) {
    out += "<dl class=\"facts\">";
    for (const auto& [name, value] : facts_) {
      out += fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", escape_markup(name), escape_markup(value));
    }
    out += "</dl>\n";
  }
  out += "</header>\n<main>\n";
  if (!numbers_.empty()) {
    out += "<div class=\"cards\">\n";
    for (const KeyNumber& number : numbers_) out += number_card(number);
    out += "</div>\n";
  }
  for (const Section& section : sections_) {
    out += fmt::format("<section>\n<h2>{}</h2>\n<div class=\"blocks\">\n{}</div>\n</section>\n",
                       escape_markup(section.title()), section.body());
  }
  out += "</main>\n<footer>\n";
  if (!config_.empty()) {
    out += fmt::format("<details><summary>Configuration</summary><div class=\"table\">{}</div></details>\n", config_);
  }
  if (!command_.empty()) {
    out += fmt::format("<p>To make this page again:</p>\n<pre><code>{}</code></pre>\n", escape_markup(command_));
  }
  return out +
         "<p>Made by gradgrad. This file stands alone: it holds its pictures and needs no "
         "network.</p>\n</footer>\n</body>\n</html>\n";
}

}  // namespace gg::apps
