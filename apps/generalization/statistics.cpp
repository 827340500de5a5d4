#include "apps/generalization/statistics.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "apps/common/text.h"
#include "core/error.h"

namespace gg::apps {
namespace {

/// P(at most k of n fair coins show heads).
double at_most(int k, int n) {
  double term = std::pow(0.5, n), total = 0;
  for (int i = 0; i <= k; ++i) {
    total += term;
    term *= static_cast<double>(n - i) / (i + 1);
  }
  return total;
}

/// In per cent with one decimal; what rounds to 0 is 0.
std::string rounded(double share) { return format_fixed(std::round(1000 * share) / 10, 1); }

}  // namespace

double Spread::standard_error() const { return n > 0 ? std / std::sqrt(static_cast<double>(n)) : 0; }

Spread spread(const std::vector<double>& values) {
  GG_CHECK(!values.empty(), "spread: there are no values");
  const auto n = static_cast<double>(values.size());
  double sum = 0, squares = 0;
  for (const double value : values) sum += value;
  for (const double value : values) squares += (value - sum / n) * (value - sum / n);
  return {sum / n, values.size() > 1 ? std::sqrt(squares / (n - 1)) : 0, values.size()};
}

Paired paired(const std::vector<double>& a, const std::vector<double>& b) {
  GG_CHECK(a.size() == b.size(), "paired: expected equally many values, got ", a.size(), " and ", b.size());
  std::vector<double> differences;
  Paired result;
  for (std::size_t i = 0; i < a.size(); ++i) {
    differences.push_back(b[i] - a[i]);
    result.wins += b[i] > a[i];
    result.losses += b[i] < a[i];
  }
  result.difference = spread(differences);
  const int n = result.wins + result.losses;
  if (n > 0) result.sign_test = std::min(1.0, 2 * at_most(std::min(result.wins, result.losses), n));
  return result;
}

double log_log_slope(const std::vector<double>& x, const std::vector<double>& y) {
  GG_CHECK(x.size() == y.size() && x.size() >= 2, "log_log_slope: expected at least two points, got ", x.size(),
           " and ", y.size());
  const auto n = static_cast<double>(x.size());
  double mx = 0, my = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    GG_CHECK(x[i] > 0 && y[i] > 0, "log_log_slope: expected numbers > 0, got ", x[i], " and ", y[i]);
    mx += std::log(x[i]) / n;
    my += std::log(y[i]) / n;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (std::log(x[i]) - mx) * (std::log(x[i]) - mx);
    xy += (std::log(x[i]) - mx) * (std::log(y[i]) - my);
  }
  return xy / xx;
}

Slope rms_slope(const std::vector<double>& x, const std::vector<std::vector<double>>& values) {
  constexpr std::size_t kBlocks = 32;
  GG_CHECK(x.size() == values.size() && !values.empty(), "rms_slope: expected samples at each of ", x.size(),
           " points, got ", values.size());
  const std::size_t n = values[0].size();
  GG_CHECK(n >= 2 * kBlocks, "rms_slope: expected at least ", 2 * kBlocks, " samples, got ", n);
  // Sums of squares of each block, [points][blocks].
  std::vector<std::vector<double>> sums;
  for (const std::vector<double>& at : values) {
    GG_CHECK(at.size() == n, "rms_slope: expected ", n, " samples at each point, got ", at.size());
    sums.emplace_back(kBlocks, 0.0);
    for (std::size_t i = 0; i < n; ++i) sums.back()[i * kBlocks / n] += at[i] * at[i];
  }
  const auto without = [&](std::size_t left_out) {
    std::vector<double> y;
    for (const std::vector<double>& blocks : sums) {
      double total = 0;
      for (std::size_t b = 0; b < kBlocks; ++b) total += b == left_out ? 0 : blocks[b];
      y.push_back(std::sqrt(total));  // a common factor is no part of a slope
    }
    return log_log_slope(x, y);
  };
  std::vector<double> slopes;
  for (std::size_t b = 0; b < kBlocks; ++b) slopes.push_back(without(b));
  return {without(kBlocks), spread(slopes).std * (kBlocks - 1) / std::sqrt(static_cast<double>(kBlocks))};
}

std::string percent(const Spread& share) {
  const std::string mean = rounded(share.mean);
  return share.n > 1 ? fmt::format("{} ± {}", mean, rounded(share.std)) : mean;
}

std::string points(const Paired& pair) {
  const std::string sign = pair.difference.mean > 0 ? "+" : "";
  return fmt::format("{}{} ± {} ({} of {})", sign, rounded(pair.difference.mean),
                     rounded(pair.difference.standard_error()), pair.wins, pair.difference.n);
}

}  // namespace gg::apps
