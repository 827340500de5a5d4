// What an estimate of a regulariser's gradient costs and how much it varies: the product of both is what counts.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/common/json_text.h"
#include "core/tensor.h"

namespace gg::apps {

struct Estimator {
  std::string name;
  std::function<Tensor()> loss;  ///< a scalar with history, drawn anew by each call
  bool exact = false;            ///< what the others estimate; varies not
};

struct GradientCost {
  std::string name;
  double seconds = 0;        ///< CPU time of one gradient, the middle of several
  double error = 0;          ///< √(Σ variance) / ‖exact gradient‖
  double off = 0;            ///< ‖mean − exact‖ / ‖exact‖
  double error_of_mean = 0;  ///< what `off` is of an unbiased estimate: error / √draws
  double seconds_to(double wanted) const {
    return seconds * (error > wanted ? (error / wanted) * (error / wanted) : 1);
  }
};

/// Of the gradients of each estimator with respect to `parameters`. The first must be exact. Draws from the default
/// generator.
std::vector<GradientCost> gradient_costs(const std::vector<Estimator>& estimators,
                                         const std::vector<Tensor>& parameters, int draws);

/// For a table: name, ms, error, off, error of the mean, ms to an error of 10 %.
std::vector<std::vector<std::string>> cost_rows(const std::vector<GradientCost>& costs);
Json json_of(const std::vector<GradientCost>& costs);

/// The middle of some values.
double median_of(std::vector<double> values);
/// CPU seconds of each piece of work, the middle of `times` runs after one that does not count. They run in turn, so
/// that all meet the same machine.
std::vector<double> seconds_of(const std::vector<std::function<void()>>& work, int times);

}  // namespace gg::apps
