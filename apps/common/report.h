// The page that a run ends with: one HTML file that holds its pictures, plots and style, needs no script and no
// network, and that a person wants to read. Plots come from plots.h, pictures from image.h and png.h.
//
//   Report report("Autoencoders", "Fashion-MNIST · seed 0");
//   report.lead("A code of **32 numbers** for each picture, and what is left of it.");
//   report.number({.label = "Test error", .value = 9.2, .unit = "SSE", .better = Better::kLower,
//                  .baseline_name = "PCA, 32 components", .baseline = 11.87});
//   Section& section = report.section("What it makes of pictures it never saw");
//   section.rows({{"input", png_a}, {"output", png_b}}, "Ten test images.");
//   section.plot(to_svg(curves), "Loss by epoch.");
//   run.write_report(report.html());
//
// All text is escaped. In paragraphs, captions and list items **bold**, *emphasis* and `code` are understood.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/common/json_text.h"

namespace gg::apps {

/// Which direction of a number is good.
enum class Better { kLower, kHigher, kNeither };

/// A number on a card, beside what it is measured against.
struct KeyNumber {
  std::string label;
  double value = 0;
  std::string unit = {};
  Better better = Better::kNeither;
  std::string baseline_name = {};
  std::optional<double> baseline = std::nullopt;
  /// Differences in the unit itself ("1.9 dB better") in place of per cent: for logarithmic units and scores near 0.
  bool absolute = false;
  std::string note = {};  ///< a line below, with markup
};

/// How much of the page's width a figure takes. Two halves in a row stand side by side on a wide screen.
enum class Span { kHalf, kFull };

/// A picture with a name at its left.
struct LabelledImage {
  std::string label;
  std::string png;  ///< bytes of the file
};

/// A part of the page. Things appear in the order in which they are added; each call returns *this.
class Section {
 public:
  explicit Section(std::string title);

  Section& text(std::string_view paragraph);
  Section& bullets(const std::vector<std::string>& items);
  /// A paragraph set apart: what to be careful with.
  Section& note(std::string_view paragraph);
  /// `svg` as the functions of plots.h give it; it goes in unchanged.
  Section& plot(std::string_view svg, std::string_view caption, Span span = Span::kHalf);
  /// `alt` says what the picture shows to those who cannot see it; the caption where it is empty.
  Section& image(std::string_view png, std::string_view caption, Span span = Span::kHalf, std::string_view alt = {});
  /// Pictures under each other, names at their left; `column_names`, where given, stand above, evenly over the width.
  Section& rows(const std::vector<LabelledImage>& rows, std::string_view caption, Span span = Span::kFull,
                const std::vector<std::string>& column_names = {});
  /// Cells are text with markup; columns of numbers are set to the right. Throws gg::Error for a row that has not as
  /// many cells as the head.
  Section& table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
                 std::string_view caption = {}, Span span = Span::kFull);

  const std::string& title() const { return title_; }
  const std::string& body() const { return body_; }

 private:
  std::string title_;
  std::string body_;
};

class Report {
 public:
  Report(std::string title, std::string subtitle);

  Report& lead(std::string_view paragraph);
  Report& number(KeyNumber number);
  /// The reference stays valid while the report lives.
  Section& section(std::string title);
  /// Small facts for the head of the page: {"seed", "0"}, {"training", "2:41 min"}.
  Report& fact(std::string name, std::string value);
  /// Shown folded at the end of the page.
  Report& config(const Json& config);
  /// A command shown at the end: how to make this page again.
  Report& command(std::string line);

  /// The whole page.
  std::string html() const;

 private:
  std::string title_;
  std::string subtitle_;
  std::string lead_;
  std::string config_;
  std::string command_;
  std::vector<std::pair<std::string, std::string>> facts_;
  std::vector<KeyNumber> numbers_;
  std::deque<Section> sections_;
};

}  // namespace gg::apps
