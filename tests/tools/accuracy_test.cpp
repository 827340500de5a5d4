// The errors that `./run ops --accuracy` prints, held to what they are: a formula that loses digits shows here.
#include "tools/accuracy.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

namespace gg::tools {
namespace {

struct Bounds {
  double worst[kAccuracyOrders];
};

// Somewhat above what was measured with AVX-512. Large ones: first derivatives from an output that is all but constant
// (expm1, sigmoid, tanh), and derivatives that are differences of nearly equal numbers in the tails.
const std::map<std::string, Bounds> kBounds = {
    {"abs", {{0, 0, -1, -1}}},        {"sign", {{0, -1, -1, -1}}},
    {"floor", {{0, -1, -1, -1}}},     {"ceil", {{0, -1, -1, -1}}},
    {"round", {{0, -1, -1, -1}}},     {"clamp", {{0, 0, -1, -1}}},
    {"scalar_div", {{2, 2, 3, 3}}},   {"exp", {{2, 2, 2, 2}}},
    {"expm1", {{3, 2e+06, 2, 2}}},    {"log", {{2, 2, 2, 3}}},
    {"log1p", {{2, 3, 6, 8}}},        {"square", {{1, 0, 0, -1}}},
    {"sqrt", {{2, 3, 6, 1}}},         {"rsqrt", {{3, 6, 5, 1}}},
    {"reciprocal", {{2, 2, 3, 1}}},   {"pow_scalar", {{1, 2, 4, 4}}},
    {"sin", {{2, 2, 2, 2}}},          {"cos", {{2, 2, 2, 2}}},
    {"tan", {{3, 4, 6, 2}}},          {"asin", {{4, 4, 11, 12}}},
    {"acos", {{3, 4, 11, 12}}},       {"atan", {{4, 3, 6, 12}}},
    {"erf", {{4, 4, 30, 700}}},       {"erfinv", {{5, 5, 8, 2}}},
    {"sinh", {{3, 3, 9, 3}}},         {"cosh", {{3, 9, 3, 9}}},
    {"asinh", {{3, 7, 60, 40}}},      {"acosh", {{3, 7, 8, 8}}},
    {"atanh", {{3, 4, 20, 7}}},       {"lgamma", {{30, 5, 300, 4000}}},
    {"digamma", {{5, 30, 200, 700}}}, {"sigmoid", {{3, 2e+06, 80, 2}}},
    {"tanh", {{4, 2e+06, 7, 2}}},     {"relu", {{0, 0, -1, -1}}},
    {"leaky_relu", {{2, 1, -1, -1}}}, {"elu", {{2, 2, 2, 2}}},
    {"softplus", {{3, 5, 4, 80}}},    {"silu", {{80, 80, 80, 80}}},
    {"gelu", {{8, 14, 60, 300}}},     {"gelu_tanh", {{7, 200, 2000, 90000}}},
    {"mish", {{80, 80, 300, 300}}},   {"logsigmoid", {{3, 5, 4, 80}}},
    {"softsign", {{3, 6, 6, 9}}},     {"hardtanh", {{0, 0, -1, -1}}},
    {"celu", {{2, 2, 2, 2}}},         {"selu", {{4, 4, 4, 4}}},
};

TEST(Accuracy, IsAsGoodAsItWas) {
  const std::vector<Accuracy> all = measure_accuracy();
  EXPECT_EQ(all.size(), kBounds.size());
  for (const Accuracy& a : all) {
    const auto bounds = kBounds.find(a.name);
    ASSERT_NE(bounds, kBounds.end()) << a.name << " has no bounds here";
    for (int k = 0; k < kAccuracyOrders; ++k) {
      const double bound = bounds->second.worst[k];
      EXPECT_LE(a.worst[k], bound) << a.name << ", order " << k << ", at " << a.at[k];
      if (k == 3) continue;  // which builds without vector loops for it compute in double
      EXPECT_LE(bound, std::max(2.0, 4 * a.worst[k]))
          << a.name << ", order " << k << " is better than its bound by far";
    }
  }
}

// pow's derivative by the base is b times a power that may be below the normal numbers where the product is not.
TEST(Accuracy, OfTwoArguments) {
  const std::map<std::string, std::array<double, 3>> bounds = {
      {"div", {2, 2, 2}},   {"maximum", {0, 0, 0}}, {"minimum", {0, 0, 0}}, {"lerp", {2, 0, 0}},
      {"pow", {2, 250, 4}}, {"atan2", {3, 3, 4}},   {"hypot", {3, 5, 7}}};
  const std::vector<PairAccuracy> all = measure_pair_accuracy();
  EXPECT_EQ(all.size(), bounds.size());
  for (const PairAccuracy& a : all) {
    const auto found = bounds.find(a.name);
    ASSERT_NE(found, bounds.end()) << a.name << " has no bounds here";
    for (int k = 0; k < 3; ++k) {
      EXPECT_LE(a.worst[k], found->second[k]) << a.name << ", " << k << ", at " << a.at[k][0] << ", " << a.at[k][1];
      EXPECT_LE(found->second[k], std::max(2.0, 4 * a.worst[k]))
          << a.name << ", " << k << " is better than its bound by far";
    }
  }
}

TEST(Accuracy, IsPrinted) {
  const std::string table =
      to_table({{.name = "some", .worst = {0.54, 1234, -1, 2}}}, {{.name = "pairs", .worst = {1, -1, 0.26}}});
  EXPECT_NE(table.find("pairs                  1.0         -       0.3\n"), std::string::npos) << table;
  EXPECT_NE(table.find("some                   0.5    1234.0         -       2.0\n"), std::string::npos) << table;
}

}  // namespace
}  // namespace gg::tools
