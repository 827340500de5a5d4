// Numbers of repeated trainings: mean and spread of one method, and the paired difference of two that had the same
// seeds.
#pragma once

#include <string>
#include <vector>

namespace gg::apps {

struct Spread {
  double mean = 0;
  double std = 0;  ///< of the sample (n − 1 below); 0 for one value
  std::size_t n = 0;
  double standard_error() const;
};

/// Of at least one value. Throws gg::Error for none.
Spread spread(const std::vector<double>& values);

/// b − a, value by value: the same seed, split, first weights and batches stand behind each pair.
struct Paired {
  Spread difference;
  int wins = 0, losses = 0;  ///< pairs in which b is larger, smaller; ties are neither
  double sign_test = 1;      ///< two-sided p of the sign test: 5 wins of 5 give 0.0625, the least that 5 pairs can
};

/// Throws gg::Error where they are not equally many.
Paired paired(const std::vector<double>& a, const std::vector<double>& b);

/// The slope of log y over log x by least squares. Throws gg::Error for fewer than two points or numbers ≤ 0.
double log_log_slope(const std::vector<double>& x, const std::vector<double>& y);

struct Slope {
  double value = 0, standard_error = 0;
};

/// log_log_slope of the root mean squares of samples over x; values[i] are the samples at x[i], the same ones for each
/// i. Its standard error by jackknife: 32 blocks of samples, each left out once.
Slope rms_slope(const std::vector<double>& x, const std::vector<std::vector<double>>& values);

/// "94.5 ± 1.3" of shares, in per cent.
std::string percent(const Spread& share);
/// "+2.1 ± 0.4 (5 of 5)": points of the paired difference of shares, its standard error, and the wins.
std::string points(const Paired& pair);

}  // namespace gg::apps
