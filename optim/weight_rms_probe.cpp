#include "optim/weight_rms_probe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/grad_mode.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "optim/adam.h"

namespace gg::optim {
namespace {

double rms(const Tensor& t) { return t.numel() == 0 ? 0 : norm(t).item() / std::sqrt(static_cast<double>(t.numel())); }

// What the optimiser does to one parameter besides its rule.
struct Step {
  double lr = 0, decay = 0;  // decay: by which it shrinks the parameter
};

Step step_of(Optimizer& optimizer, const Tensor& parameter, const std::string& name) {
  const std::vector<Optimizer::Group> groups = optimizer.groups();
  for (size_t g = 0; g < groups.size(); ++g) {
    const auto& all = groups[g].parameters;
    if (std::none_of(all.begin(), all.end(), [&](const Tensor& p) { return p.is_same(parameter); })) continue;
    const auto* adam = dynamic_cast<const Adam*>(&optimizer);
    const bool decoupled = adam != nullptr && adam->options(g).decoupled_weight_decay;
    return {groups[g].lr, decoupled ? groups[g].lr * groups[g].weight_decay : 0};
  }
  fail("WeightRmsProbe: the optimiser does not have ", name, "; give the probe the parameters that it updates");
}

}  // namespace

WeightRmsProbe::WeightRmsProbe(Named parameters, const ProbeOptions& options) : options_(options) {
  GG_CHECK(!parameters.empty(), "WeightRmsProbe: there are no parameters to record");
  GG_CHECK(options.every >= 1, "WeightRmsProbe: every must be at least 1 step, got ", options.every);
  for (auto& [name, parameter] : parameters) {
    GG_CHECK(parameter.defined(), "WeightRmsProbe: ", name, " is not defined");
    names_.push_back(std::move(name));
    parameters_.push_back(std::move(parameter));
  }
}

void WeightRmsProbe::step(Optimizer& optimizer) {
  const bool due = steps_ % options_.every == 0;
  ++steps_;
  if (!due) return optimizer.step();

  NoGrad off;
  Record record;
  record.step = steps_;
  std::vector<Step> steps;
  std::vector<Tensor> before;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& p = parameters_[i];
    steps.push_back(step_of(optimizer, p, names_[i]));
    before.push_back(clone(p.detach()));
    record.gradient.push_back(p.grad().defined() ? rms(p.grad()) : std::numeric_limits<double>::quiet_NaN());
  }
  optimizer.step();
  record.lr = steps[0].lr;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor now = parameters_[i].detach();
    const auto [lr, decay] = steps[i];
    record.weight.push_back(rms(now));
    record.update.push_back(lr > 0 ? rms((1 - decay) * before[i] - now) / lr : 0);
  }
  records_.push_back(std::move(record));
}

void WeightRmsProbe::step(Optimizer& optimizer, double lr) {
  for (const Optimizer::Group& group : optimizer.groups()) group.lr = lr * group.lr_scale;
  step(optimizer);
}

std::vector<double> WeightRmsProbe::weights() const {
  NoGrad off;
  std::vector<double> all;
  for (const Tensor& p : parameters_) all.push_back(rms(p.detach()));
  return all;
}

GradientMoments::GradientMoments(std::vector<Tensor> parameters) : parameters_(std::move(parameters)) {
  for (const Tensor& p : parameters_) {
    sums_.push_back(zeros_like(p));
    squares_.push_back(zeros_like(p));
  }
}

void GradientMoments::add() {
  NoGrad off;
  ++steps_;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor g = parameters_[i].grad();
    if (!g.defined()) continue;
    copy_(sums_[i], sums_[i] + g);
    copy_(squares_[i], squares_[i] + square(g));
  }
}

GradientMoments::Of GradientMoments::of(size_t parameter) const {
  GG_CHECK(steps_ >= 2, "GradientMoments: means and deviations need at least 2 steps, got ", steps_);
  NoGrad off;
  const auto n = static_cast<double>(steps_);
  const Tensor sum_of = to(sums_.at(parameter), f64), square_of = to(squares_.at(parameter), f64);
  const Tensor mean_square = square_of / n;                            // μ² + σ², number by number
  const Tensor signal = (square(sum_of) - square_of) / (n * (n - 1));  // μ², without bias
  const Tensor live = gt(mean_square, zeros_like(mean_square));
  const Tensor share = where(live, signal / mean_square, zeros_like(signal));
  const double total = sum(mean_square).item(), mean = std::max(0.0, sum(signal).item());
  const double alive = sum(to(live, f64)).item();
  const double s = alive > 0 ? std::clamp(sum(share).item() / alive, 0.0, 1.0) : 0;
  const auto ratio = [](double part, double whole) {
    return part <= 0 ? 0 : whole > part ? part / (whole - part) : std::numeric_limits<double>::infinity();
  };
  const auto numbers = static_cast<double>(std::max<int64_t>(1, signal.numel()));
  return {.mean_to_noise = ratio(mean, total),
          .mean_to_noise_by_number = ratio(s, 1),
          .deviation = std::sqrt(std::max(0.0, total - mean) / numbers),
          .live = alive / numbers};
}

TensorMap GradientMoments::state_dict() const {
  TensorMap all{{"steps", from_vector(std::vector<int64_t>{steps_}, {})}};
  for (size_t i = 0; i < sums_.size(); ++i) {
    all.emplace(str(i, ".sum"), sums_[i]);
    all.emplace(str(i, ".square"), squares_[i]);
  }
  return all;
}

void GradientMoments::load_state_dict(const TensorMap& state) {
  const TensorMap own = state_dict();
  const std::string problems = misfits(own, state);
  GG_CHECK(problems.empty(), "GradientMoments: this state does not fit ", sums_.size(), " parameters:", problems);
  NoGrad off;
  for (const auto& [name, t] : own) copy_(t, state.at(name));
  steps_ = static_cast<int64_t>(own.at("steps").item());
}

}  // namespace gg::optim
