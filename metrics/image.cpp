#include "metrics/image.h"

#include <cmath>
#include <limits>

#include "metrics/host.h"

namespace gg::metrics {

std::vector<double> sse_per_image(const Tensor& a, const Tensor& b) {
  GG_CHECK(a.shape() == b.shape() && a.dtype() == b.dtype() && a.rank() >= 1,
           "sse_per_image: expected two sets of images [N, ...] of one shape and type, got ", a.dtype(), " ", a.shape(),
           " and ", b.dtype(), " ", b.shape());
  std::vector<double> x = host_doubles(a), y = host_doubles(b), sums(static_cast<size_t>(a.size(0)), 0.0);
  size_t pixels = sums.empty() ? 0 : x.size() / sums.size();
  for (size_t i = 0; i < sums.size(); ++i) {
    for (size_t k = i * pixels; k < (i + 1) * pixels; ++k) sums[i] += (x[k] - y[k]) * (x[k] - y[k]);
  }
  return sums;
}

double psnr_from_mse(double mse, double peak) {
  GG_CHECK(mse >= 0 && peak > 0, "psnr: expected an error ≥ 0 and a peak > 0, got ", mse, " and ", peak);
  return mse == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(peak * peak / mse);
}

double psnr(const Tensor& a, const Tensor& b, double peak) {
  double sum = 0;
  for (double sse : sse_per_image(a, b)) sum += sse;
  GG_CHECK(a.numel() > 0, "psnr: there are no elements");
  return psnr_from_mse(sum / static_cast<double>(a.numel()), peak);
}

}  // namespace gg::metrics
