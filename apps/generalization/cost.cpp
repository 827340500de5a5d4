#include "apps/generalization/cost.h"

#include <algorithm>
#include <cmath>
#include <ctime>

#include "apps/common/text.h"
#include "autograd/autograd.h"
#include "ops/ops.h"

namespace gg::apps {
namespace {

double cpu_seconds() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// All parameters' gradients in one row.
Tensor flat_gradient(const Estimator& estimator, const std::vector<Tensor>& parameters) {
  std::vector<Tensor> parts;
  for (const Tensor& part : grad(estimator.loss(), parameters)) parts.push_back(reshape(part, {part.numel()}));
  return to(concat(parts, 0), f64);
}

}  // namespace

std::vector<GradientCost> gradient_costs(const std::vector<Estimator>& estimators,
                                         const std::vector<Tensor>& parameters, int draws) {
  GG_CHECK(!estimators.empty() && estimators[0].exact, "gradient_costs: the first estimator must be exact");
  const Tensor exact = flat_gradient(estimators[0], parameters);
  const double length = norm(exact).item();
  std::vector<std::function<void()>> work;
  for (const Estimator& estimator : estimators) {
    work.push_back([&] { grad(estimator.loss(), parameters); });
  }
  const std::vector<double> seconds = seconds_of(work, 15);
  std::vector<GradientCost> costs;
  for (std::size_t i = 0; i < estimators.size(); ++i) {
    GradientCost cost{.name = estimators[i].name, .seconds = seconds[i]};
    if (!estimators[i].exact) {
      Tensor sum_of = zeros_like(exact);
      double squares = 0;
      for (int draw = 0; draw < draws; ++draw) {
        // Measured from the exact gradient, so that large equal numbers are not subtracted.
        const Tensor difference = flat_gradient(estimators[i], parameters) - exact;
        sum_of = sum_of + difference;
        squares += sum(square(difference)).item();
      }
      const double n = draws, mean_square = sum(square(sum_of / n)).item();
      cost.error = std::sqrt(std::max(0.0, squares / n - mean_square) * n / (n - 1)) / length;
      cost.off = std::sqrt(mean_square) / length;
      cost.error_of_mean = cost.error / std::sqrt(n);
    }
    costs.push_back(cost);
  }
  return costs;
}

std::vector<std::vector<std::string>> cost_rows(const std::vector<GradientCost>& costs) {
  std::vector<std::vector<std::string>> rows;
  for (const GradientCost& c : costs) {
    rows.push_back({c.name, format_number(1e3 * c.seconds, 3), format_number(c.error, 3), format_number(c.off, 3),
                    format_number(c.error_of_mean, 3), format_number(1e3 * c.seconds_to(0.1), 3)});
  }
  return rows;
}

Json json_of(const std::vector<GradientCost>& costs) {
  Json list = Json::object();
  for (const GradientCost& c : costs) {
    list[c.name] = {{"milliseconds", 1e3 * c.seconds},
                    {"error", c.error},
                    {"off", c.off},
                    {"error_of_mean", c.error_of_mean},
                    {"milliseconds_to_10_percent", 1e3 * c.seconds_to(0.1)}};
  }
  return list;
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n == 0 ? 0 : (values[(n - 1) / 2] + values[n / 2]) / 2;
}

std::vector<double> seconds_of(const std::vector<std::function<void()>>& work, int times) {
  std::vector<std::vector<double>> taken(work.size());
  for (int round = -1; round < times; ++round) {
    for (std::size_t i = 0; i < work.size(); ++i) {
      const double start = cpu_seconds();
      work[i]();
      if (round >= 0) taken[i].push_back(cpu_seconds() - start);
    }
  }
  std::vector<double> middle;
  for (const std::vector<double>& seconds : taken) middle.push_back(median_of(seconds));
  return middle;
}

}  // namespace gg::apps
