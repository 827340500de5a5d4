// Tables of numbers, the digits and the two moons: what they hold, and what is refused.
#include <cmath>
#include <filesystem>

#include "data/csv.h"
#include "data/digits.h"
#include "data/two_moons.h"
#include "tests/data/gzip.h"
#include "tests/errors.h"
#include "tests/temp_dir.h"

namespace gg::data_test {
namespace {

using namespace gg::data;

TEST(Csv, ReadsNumbers) {
  const Tensor t = parse_csv("1, 2.5,-3\r\n 4e-1,5,6\n\n", "a");
  EXPECT_EQ(t.shape(), (Shape{2, 3}));
  EXPECT_EQ(t.to_vector<double>(), (std::vector<double>{1, 2.5, -3, 0.4, 5, 6}));
  TempDir folder;
  for (const std::string& text : {std::string("7,8\n9,10"), gzip("7,8\n9,10")}) {
    EXPECT_EQ(read_csv(spill(folder / "a.csv", text)).to_vector<double>(), (std::vector<double>{7, 8, 9, 10}));
  }
}

TEST(Csv, SaysWhatIsWrongAndWhere) {
  EXPECT_TRUE(throws([] { parse_csv("", "a.csv"); }, "a.csv: there are no rows"));
  EXPECT_TRUE(throws([] { parse_csv("\n\n", "a.csv"); }, "no rows"));
  EXPECT_TRUE(throws([] { parse_csv("1,2\n3\n", "a.csv"); }, "a.csv, line 2: expected 2 numbers as in line 1, got 1"));
  EXPECT_TRUE(
      throws([] { parse_csv("1,2\n3,x\n", "a.csv"); }, "line 2: expected numbers separated by commas, got \"x\""));
  EXPECT_TRUE(throws([] { parse_csv("1,2\n3,\n", "a.csv"); }, "got \"\""));
  EXPECT_TRUE(throws([] { parse_csv("1,nan\n", "a.csv"); }, "got \"nan\""));
  EXPECT_TRUE(throws([] { parse_csv("1,1e999\n", "a.csv"); }, "1e999"));
  EXPECT_TRUE(throws([] { parse_csv("1,2\n\n3,4\n", "a.csv"); }, "line 2: an empty line among rows"));
  EXPECT_TRUE(throws([] { parse_csv(std::string("1,\x1b[31m\n"), "a.csv"); }, "?[31m"));
  TempDir folder;
  const std::string packed = gzip("1,2\n3,4\n");
  EXPECT_TRUE(throws([&] { read_csv(spill(folder / "cut.gz", packed.substr(0, packed.size() - 9))); }, "cut off"));
  EXPECT_TRUE(throws([&] { read_csv(folder / "none.csv"); }, "none.csv"));
}

std::string row(int pixel, const std::string& label) {
  std::string text;
  for (int i = 0; i < 64; ++i) text += std::to_string(i == 5 ? pixel : 0) + ",";
  return text + label + "\n";
}

TEST(Digits, ReadsPixelsAndLabels) {
  TempDir folder;
  const Labelled d = digits(spill(folder / "d.csv.gz", gzip(row(16, "3") + row(4, "9"))));
  EXPECT_EQ(d.x.shape(), (Shape{2, 1, 8, 8}));
  EXPECT_EQ(d.y.to_vector<int64_t>(), (std::vector<int64_t>{3, 9}));
  const std::vector<float> pixels = d.x.to_vector<float>();
  EXPECT_EQ(pixels[5], 1.0f);
  EXPECT_EQ(pixels[64 + 5], 0.25f);
  EXPECT_EQ(pixels[6], 0.0f);
}

TEST(Digits, RefusesWhatIsNone) {
  TempDir folder;
  const auto refuses = [&](const std::string& text, const std::string& part) {
    EXPECT_TRUE(throws([&] { digits(spill(folder / "d.csv", text)); }, part)) << text;
  };
  refuses(row(1, "0") + row(17, "0"), "line 2: expected pixels from 0 to 16, got 17");
  refuses(row(-1, "0"), "expected pixels from 0 to 16");
  refuses(row(1, "10"), "line 1: expected a label from 0 to 9 in the last column, got 10");
  refuses(row(1, "1.5"), "expected a label");
  refuses("1,2,3\n", "expected rows of 64 pixels and a label, got rows of 3 numbers");
}

TEST(Digits, TheRealOnesHaveTheKnownNumbers) {
  if (find_digits().empty()) {
    EXPECT_TRUE(throws([] { digits(); }, "python3-sklearn"));
    GTEST_SKIP() << "the digits are not here";
  }
  const Labelled d = digits();
  EXPECT_EQ(d.x.size(0), 1797);
  std::vector<int64_t> counts(10, 0);
  for (int64_t label : d.y.to_vector<int64_t>()) ++counts[static_cast<size_t>(label)];
  EXPECT_EQ(counts, (std::vector<int64_t>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}));
}

TEST(TwoMoons, LieOnTheirHalfCircles) {
  const Labelled exact = two_moons({.samples = 400, .noise = 0});
  const std::vector<float> x = exact.x.to_vector<float>();
  const std::vector<int64_t> y = exact.y.to_vector<int64_t>();
  double lowest = 1;
  for (size_t i = 0; i < y.size(); ++i) {
    const double a = x[2 * i], b = x[2 * i + 1];
    if (y[i] == 0) {
      EXPECT_NEAR(std::hypot(a, b), 1, 1e-6);
      EXPECT_GE(b, -1e-6);
    } else {
      EXPECT_NEAR(std::hypot(a - 1, b - 0.5), 1, 1e-6);
      EXPECT_LE(b, 0.5 + 1e-6);
      lowest = std::min(lowest, b);
    }
  }
  EXPECT_LT(lowest, -0.49);
  EXPECT_EQ(std::count(y.begin(), y.end(), 1), 200);
}

TEST(TwoMoons, AreAFunctionOfTheSeedWithTheNoiseAskedFor) {
  const auto numbers = [](const TwoMoonsOptions& o) { return two_moons(o).x.to_vector<float>(); };
  EXPECT_EQ(numbers({.samples = 10, .seed = 3}), numbers({.samples = 10, .seed = 3}));
  EXPECT_NE(numbers({.samples = 10, .seed = 3}), numbers({.samples = 10, .seed = 4}));
  const std::vector<float> clean = numbers({.samples = 4000, .noise = 0}),
                           noisy = numbers({.samples = 4000, .noise = 0.3});
  double squares = 0;
  for (size_t i = 0; i < clean.size(); ++i) squares += std::pow(noisy[i] - clean[i], 2);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(clean.size())), 0.3, 0.01);
  EXPECT_TRUE(throws([] { two_moons({.samples = 1}); }, "at least 2 samples, got 1"));
  EXPECT_TRUE(throws([] { two_moons({.noise = -1}); }, "noise ≥ 0, got -1"));
}

}  // namespace
}  // namespace gg::data_test
