// Axes at round numbers, and plots that stay whole whatever they are given.
#include "apps/common/plots.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "apps/common/axis.h"
#include "apps/common/svg.h"
#include "tests/errors.h"
#include "tests/kit/svg_check.h"

namespace gg::apps {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
const double kNan = std::nan("");

std::vector<std::string> labels_of(const AxisScale& axis, int target) {
  std::vector<std::string> labels;
  for (const Tick& tick : axis.ticks(target)) {
    if (!tick.label.empty()) labels.push_back(tick.label);
  }
  return labels;
}

AxisScale linear(std::vector<double> values) { return AxisScale({}, values, 0); }

TEST(Axis, TicksAreRound) {
  EXPECT_EQ(labels_of(linear({0, 1}), 5), (std::vector<std::string>{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels_of(linear({0, 30}), 6), (std::vector<std::string>{"0", "5", "10", "15", "20", "25", "30"}));
  EXPECT_EQ(labels_of(linear({-3, 3}), 3), (std::vector<std::string>{"−2", "0", "2"}));
  EXPECT_EQ(labels_of(linear({0, 1e6}), 4), (std::vector<std::string>{"0", "0.25M", "0.50M", "0.75M", "1.00M"}));
  EXPECT_EQ(labels_of(linear({0, 4e-5}), 4).back(), "4×10⁻⁵");
}

TEST(Axis, WholeNumbersHaveWholeTicks) {
  const std::vector<double> values = {0, 2};
  AxisSpec spec;
  spec.whole = true;
  EXPECT_EQ(labels_of(AxisScale(spec, values, 0), 8), (std::vector<std::string>{"0", "1", "2"}));
}

TEST(Axis, LogTicksAreDecades) {
  const std::vector<double> values = {0.001, 1000};
  const AxisScale axis({"", Scale::kLog}, values, 0);
  EXPECT_EQ(labels_of(axis, 8), (std::vector<std::string>{"0.001", "0.01", "0.1", "1", "10", "100", "1,000"}));
  EXPECT_NEAR(axis.place(1), 0.5, 1e-12);
  EXPECT_FALSE(axis.shows(0));
  EXPECT_FALSE(axis.shows(-1));
  EXPECT_FALSE(axis.shows(kNan));
}

TEST(Axis, EveryRangeHasAFewTicksInside) {
  std::mt19937_64 rng(3);
  std::uniform_real_distribution<double> exponent(-280, 280), mantissa(-1, 1);
  for (int i = 0; i < 3000; ++i) {
    const double scale = std::pow(10, exponent(rng));
    const std::vector<double> values = {mantissa(rng) * scale, mantissa(rng) * scale, mantissa(rng) * scale};
    for (const Scale kind : {Scale::kLinear, Scale::kLog}) {
      const AxisScale axis({"", kind}, values, 0.05);
      const std::vector<Tick> ticks = axis.ticks(5);
      ASSERT_LE(ticks.size(), 60u);
      ASSERT_GE(ticks.size(), kind == Scale::kLinear ? 2u : 1u) << axis.low() << " " << axis.high();
      for (const Tick& tick : ticks) {
        ASSERT_GE(axis.place(tick.value), -1e-3);
        ASSERT_LE(axis.place(tick.value), 1 + 1e-3);
      }
    }
  }
}

TEST(Axis, NothingAndConstantsHaveARange) {
  for (const std::vector<double>& values :
       {std::vector<double>{}, {5}, {0, 0}, {-7, -7}, {kNan, kInf}, {1e300, -1e300}, {5e-324}, {1, 1 + 1e-16}}) {
    for (const Scale kind : {Scale::kLinear, Scale::kLog}) {
      const AxisScale axis({"", kind}, values, 0.05);
      EXPECT_LT(axis.low(), axis.high());
      EXPECT_TRUE(std::isfinite(axis.place((axis.low() + axis.high()) / 2)));
    }
  }
  const std::vector<double> bars = {3, 5};
  EXPECT_EQ(AxisScale({}, bars, 0.1, true).low(), 0);
  const std::vector<double> below = {-3, -5};
  EXPECT_EQ(AxisScale({}, below, 0.1, true).high(), 0);
}

LinePlot line_plot(std::vector<std::vector<double>> values) {
  LinePlot plot;
  plot.title = "Loss <of> \"it\"";
  plot.y.label = "error & more";
  for (auto& v : values) plot.series.push_back({.name = "series", .y = std::move(v)});
  return plot;
}

TEST(LinePlots, DrawSeriesAndBaselines) {
  LinePlot plot = line_plot({{3, 2, 1}, {4, 3, 2}});
  plot.baselines = {{"PCA", 1.5}, {"mean", 1.52}, {"off", kNan}};
  const std::string svg = to_svg(plot);
  EXPECT_EQ(svg_fault(svg), "");
  EXPECT_EQ(occurrences(svg, "<path class=\"w c"), 2);
  EXPECT_EQ(occurrences(svg, "class=\"b\""), 2);
  EXPECT_HAS(svg, "PCA");
  EXPECT_HAS_NOT(svg, ">off<");
  EXPECT_HAS(svg, "Loss &lt;of&gt; &quot;it&quot;");
  EXPECT_HAS(svg, "prefers-color-scheme:dark");
}

TEST(LinePlots, GapsForWhatCannotBeDrawn) {
  const std::string svg = to_svg(line_plot({{3, 2, kNan, 1, 2, kInf, 5}}));
  EXPECT_EQ(svg_fault(svg), "");
  EXPECT_EQ(occurrences(svg, "<path class=\"w c0"), 2);  // two pieces ...
  EXPECT_EQ(occurrences(svg, "<circle"), 1);             // ... and a lone point
  EXPECT_HAS(svg, "2 values not drawn: not finite<");
  LinePlot log = line_plot({{1, 0, -1, 10}});
  log.y.scale = Scale::kLog;
  EXPECT_HAS(to_svg(log), "2 values not drawn: not finite, or not positive on a log axis");
}

// Marks between decades have no labels, and so take no room from those that have.
TEST(LinePlots, LogAxesOfTwoDecadesHaveLabels) {
  LinePlot plot;
  plot.x.scale = Scale::kLog;
  plot.series = {{.name = "a", .x = {0.0025, 0.32}, .y = {1, 2}}};
  for (const char* label : {">0.01<", ">0.1<"}) EXPECT_HAS(to_svg(plot), label);
}

TEST(LinePlots, ThinLongSeriesButKeepTheirExtremes) {
  std::vector<double> values(200000, 1.0);
  values[123456] = 9;
  LinePlot plot = line_plot({values});
  const std::string svg = to_svg(plot);
  EXPECT_LT(svg.size(), 60000u);
  values[123456] = 1;
  plot.y.low = 0, plot.y.high = 10;
  const std::string spiked = to_svg(plot);
  plot.series[0].y = values;
  EXPECT_NE(spiked, to_svg(plot));
  plot.series[0].smooth = true;
  EXPECT_EQ(svg_fault(to_svg(plot)), "");
  EXPECT_EQ(occurrences(to_svg(plot), "<path class=\"w c0"), 2);
}

TEST(Plots, AnyDataGivesAWholePlot) {
  const std::vector<std::vector<double>> hostile = {
      {},          {kNan},           {kInf, -kInf}, {0, 0, 0},     {1e308, -1e308},
      {5e-324, 1}, {1e-300, 2e-300}, {7},           {-1, kNan, 3}, {1e15, 1e15 + 1}};
  for (const auto& values : hostile) {
    for (const Scale scale : {Scale::kLinear, Scale::kLog}) {
      for (const int width : {-5, 200, 520}) {
        LinePlot line = line_plot({values, {}});
        line.baselines = {{"b", values.empty() ? 0 : values[0]}};
        line.series[0].markers = line.series[0].smooth = true;
        BarChart bars;
        bars.bars = {{"a", values}, {"b", {1}}};
        bars.categories.assign(values.size(), "a long category name <&>");
        bars.show_values = true;
        bars.baselines = line.baselines;
        Histogram histogram;
        histogram.samples = {{"a", values}, {"b", {}}};
        histogram.bins = width;
        ScatterPlot scatter;
        scatter.xs = values, scatter.ys = values;
        scatter.classes = {0, -1, 99};
        scatter.class_names = {"a", "b"};
        line.width = bars.width = histogram.width = scatter.width = width;
        line.y.scale = line.x.scale = bars.y.scale = histogram.x.scale = scatter.x.scale = scale;
        EXPECT_EQ(svg_fault(to_svg(line)), "");
        for (const bool flag : {false, true}) {
          bars.horizontal = scatter.names_in_place = scatter.equal_units = flag;
          EXPECT_EQ(svg_fault(to_svg(bars)), "");
          EXPECT_EQ(svg_fault(to_svg(scatter)), "");
        }
        EXPECT_EQ(svg_fault(to_svg(histogram)), "");
      }
    }
  }
}

TEST(Plots, TheCheckerSeesFaults) {
  EXPECT_NE(svg_fault("<svg><g></svg>"), "");
  EXPECT_NE(svg_fault("<svg x=\"nan\"/>"), "");
  EXPECT_NE(svg_fault("<svg>"), "");
}

TEST(BarCharts, DrawEachBar) {
  BarChart chart;
  chart.categories = {"a", "b", "c"};
  chart.bars = {{"x", {1, -2, kNan}}, {"y", {1, 2}}};
  chart.show_values = true;
  const std::string svg = to_svg(chart);
  EXPECT_EQ(svg_fault(svg), "");
  EXPECT_EQ(occurrences(svg, "<title>"), 4);
  EXPECT_HAS(svg, "<title>b, x: −2</title>");
}

TEST(Histograms, SharesAddUp) {
  Histogram histogram;
  histogram.samples = {{"a", {0, 0.1, 0.2, 1}}};
  histogram.bins = 2;
  histogram.y.high = 1;
  histogram.y.low = 0;
  const std::string svg = to_svg(histogram);
  EXPECT_EQ(svg_fault(svg), "");
  // Heights of the two bins, 3/4 and 1/4 of the axis: read from the outline's path.
  const std::size_t at = svg.find("class=\"w c0\"");
  double x0, y0, x1, y1, x2, y2, x3, y3, x4, y4;
  const std::size_t d = svg.find(" d=\"", at) + 4;
  ASSERT_EQ(std::sscanf(svg.c_str() + d, "M%lf %lfL%lf %lfL%lf %lfL%lf %lfL%lf %lf", &x0, &y0, &x1, &y1, &x2, &y2, &x3,
                        &y3, &x4, &y4),
            10);
  EXPECT_NEAR((y0 - y1) / (y0 - y3), 3, 0.01);
}

TEST(ScatterPlots, ThinManyPoints) {
  ScatterPlot plot;
  for (int i = 0; i < 50000; ++i) {
    plot.xs.push_back(i % 100);
    plot.ys.push_back(i % 77);
    plot.classes.push_back(i % 10);
  }
  const std::string svg = to_svg(plot);
  EXPECT_EQ(svg_fault(svg), "");
  EXPECT_EQ(occurrences(svg, "h0"), 6000);
}

TEST(Svg, NumbersAndTexts) {
  EXPECT_EQ(svg_number(1.0), "1");
  EXPECT_EQ(svg_number(-0.001), "0");
  EXPECT_EQ(svg_number(1.256), "1.26");
  EXPECT_EQ(svg_number(kNan), "0");
  EXPECT_EQ(fit_text("short", 12, 100), "short");
  const std::string fitted = fit_text("a rather long name with σσσ at its end σσσσσσσσσσ", 12, 100);
  EXPECT_TRUE(fitted.ends_with("…"));
  EXPECT_LE(text_width(fitted, 12), 100);
  EXPECT_TRUE(is_utf8(fit_text("σσσσσσσσσσσσσ", 12, 40)));
  EXPECT_EQ(palette_index(-1), 9);
}

}  // namespace
}  // namespace gg::apps
