#include "apps/generalization/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/common/atomic_file.h"
#include "apps/common/png.h"
#include "metrics/host.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

// The part of the plane that is shown.
constexpr double kLeft = -1.5, kRight = 2.5, kBottom = -1.25, kTop = 1.75;

using Colour = std::array<double, 3>;
constexpr Colour kFirst = {40, 104, 190}, kMiddle = {250, 250, 250}, kSecond = {224, 122, 20}, kBlack = {20, 20, 20};
constexpr Colour kGrey = {120, 120, 120};

Colour mix(const Colour& a, const Colour& b, double t) {
  return {a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])};
}

class Canvas {
 public:
  Canvas(int height, int width)
      : image_{height, width, 3, std::vector<std::uint8_t>(static_cast<std::size_t>(height) * width * 3)} {}

  void blend(int row, int column, const Colour& colour, double share) {
    if (row < 0 || row >= image_.height || column < 0 || column >= image_.width) return;
    std::uint8_t* at = image_.bytes.data() + (static_cast<std::size_t>(row) * image_.width + column) * 3;
    for (std::size_t c = 0; c < 3; ++c) at[c] = static_cast<std::uint8_t>(at[c] + share * (colour[c] - at[c]) + 0.5);
  }
  void disc(double x, double y, double radius, const Colour& colour, double share) {
    const double row = (kTop - y) / (kTop - kBottom) * image_.height;
    const double column = (x - kLeft) / (kRight - kLeft) * image_.width;
    if (!std::isfinite(row) || !std::isfinite(column) || std::abs(row) > 1e6 || std::abs(column) > 1e6) return;
    for (int i = static_cast<int>(row - radius - 1); i <= row + radius + 1; ++i) {
      for (int j = static_cast<int>(column - radius - 1); j <= column + radius + 1; ++j) {
        const double inside = radius + 0.5 - std::hypot(i + 0.5 - row, j + 0.5 - column);
        if (inside > 0) blend(i, j, colour, share * std::min(inside, 1.0));
      }
    }
  }
  const ByteImage& image() const { return image_; }

 private:
  ByteImage image_;
};

std::string file_of(const std::string& prefix, const std::string& method) {
  std::string name = prefix + "_";
  for (const char c : method) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '-';
  return name + ".png";
}

}  // namespace

std::string boundary_png(const Lab& lab, const models::Classifier& model, const Split& split, int pixels) {
  const int width = pixels, height = static_cast<int>(pixels * (kTop - kBottom) / (kRight - kLeft));
  std::vector<float> grid;
  for (int i = 0; i < height; ++i) {
    for (int j = 0; j < width; ++j) {
      grid.push_back(static_cast<float>(kLeft + (j + 0.5) / width * (kRight - kLeft)));
      grid.push_back(static_cast<float>(kTop - (i + 0.5) / height * (kTop - kBottom)));
    }
  }
  const Tensor logits = logits_of(lab, model, from_vector(grid, {std::int64_t{height} * width, 2}));
  const std::vector<double> p = metrics::host_doubles(select(softmax(logits, 1), 1, 1));
  Canvas canvas(height, width);
  const auto at = [&](int i, int j) { return p[static_cast<std::size_t>(i) * width + j]; };
  for (int i = 0; i < height; ++i) {
    for (int j = 0; j < width; ++j) {
      const double q = at(i, j);
      const Colour colour = q < 0.5 ? mix(kMiddle, kFirst, 1 - 2 * q) : mix(kMiddle, kSecond, 2 * q - 1);
      canvas.blend(i, j, mix(kMiddle, colour, 0.75), 1);
    }
  }
  const std::vector<double> dots = metrics::host_doubles(split.unlabelled);
  for (std::size_t k = 0; k + 1 < dots.size(); k += 2) canvas.disc(dots[k], dots[k + 1], 0.8, kGrey, 0.6);
  for (int i = 0; i + 1 < height; ++i) {
    for (int j = 0; j + 1 < width; ++j) {
      const bool side = at(i, j) > 0.5;
      if (side != (at(i + 1, j) > 0.5) || side != (at(i, j + 1) > 0.5)) canvas.blend(i, j, kBlack, 0.9);
    }
  }
  const std::vector<double> labelled = metrics::host_doubles(split.x);
  const std::vector<std::int64_t> label = split.y.to_vector<std::int64_t>();
  for (std::size_t k = 0; k < label.size(); ++k) {
    canvas.disc(labelled[2 * k], labelled[2 * k + 1], 5, kBlack, 1);
    canvas.disc(labelled[2 * k], labelled[2 * k + 1], 3.5, label[k] == 0 ? kFirst : kSecond, 1);
  }
  return encode_png(canvas.image());
}

Inspect draw_boundary(Lab& lab, const std::string& prefix) {
  return [&lab, prefix](const Arm& arm, std::int64_t replicate, const models::Classifier& model, const Split& split) {
    if (replicate == 0) {
      lab.context.run().write_figure(file_of(prefix, arm.name), boundary_png(lab, model, split));
    }
    return Json::object();
  };
}

void add_boundaries(Section& section, const Lab& lab, const std::string& prefix,
                    const std::vector<std::string>& methods, const std::string& caption) {
  section.text(caption);
  for (const std::string& method : methods) {
    const std::filesystem::path file = lab.context.run().path() / "figures" / file_of(prefix, method);
    section.image(read_file(file, std::size_t{1} << 24), method, Span::kHalf, "decision border of " + method);
  }
}

Series course_of(const ArmResult& arm, const std::string& term, std::int64_t steps) {
  Series series{.name = arm.name};
  const Json& line = arm.scores[0];
  if (!line.contains("curves") || !line["curves"].contains(term)) return series;
  const Json& curve = line["curves"][term];
  for (std::size_t i = 0; i < curve.size(); ++i) {
    series.x.push_back(static_cast<double>(steps) * static_cast<double>(i + 1) / static_cast<double>(curve.size()));
    series.y.push_back(curve[i].is_number() ? curve[i].get<double>() : std::nan(""));
  }
  return series;
}

}  // namespace gg::apps
