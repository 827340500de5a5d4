#include "metrics/latent.h"

#include "metrics/host.h"

namespace gg::metrics {

ActiveUnits active_units(const Tensor& mu, double threshold) {
  GG_CHECK(mu.rank() == 2 && mu.size(0) >= 2, "active_units: expected means [N, d] of at least two inputs, got ",
           mu.shape());
  auto n = static_cast<size_t>(mu.size(0)), d = static_cast<size_t>(mu.size(1));
  std::vector<double> m = host_doubles(mu), mean(d, 0.0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < d; ++j) mean[j] += m[i * d + j] / static_cast<double>(n);
  }
  ActiveUnits units;
  units.variance.assign(d, 0.0);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < d; ++j) {
      double centred = m[i * d + j] - mean[j];
      units.variance[j] += centred * centred / static_cast<double>(n - 1);
    }
  }
  for (double v : units.variance) units.count += v > threshold;
  return units;
}

}  // namespace gg::metrics
