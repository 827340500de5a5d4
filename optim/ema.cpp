#include "optim/ema.h"

#include <algorithm>

#include "autograd/raw.h"
#include "core/grad_mode.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/elementwise.h"

namespace gg::optim {

ExponentialMovingAverage::ExponentialMovingAverage(std::vector<Tensor> parameters, const EmaOptions& options)
    : parameters_(std::move(parameters)), options_(options) {
  GG_CHECK(options.decay >= 0 && options.decay < 1, "ExponentialMovingAverage: decay must be in [0, 1), got ",
           options.decay);
  for (const Tensor& p : parameters_) {
    GG_CHECK(p.defined() && is_floating(p.dtype()), "ExponentialMovingAverage: parameters must be floating tensors");
    averages_.push_back(raw::clone(p.detach()));
  }
}

void ExponentialMovingAverage::update() {
  GG_CHECK(!in_use_, "ExponentialMovingAverage: update() while the averages are in use; end their scope first");
  const NoGrad off;
  ++updates_;
  const double t = static_cast<double>(updates_);
  const double decay = options_.warm_up ? std::min(options_.decay, (1 + t) / (10 + t)) : options_.decay;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    copy_(averages_[i], lerp(parameters_[i].detach(), averages_[i], decay));
  }
}

ExponentialMovingAverage::Applied::Applied(ExponentialMovingAverage& average) : average_(average) {
  GG_CHECK(!average.in_use_, "ExponentialMovingAverage: the averages are in use already");
  const NoGrad off;
  for (size_t i = 0; i < average.parameters_.size(); ++i) {
    own_.push_back(raw::clone(average.parameters_[i].detach()));
    copy_(average.parameters_[i], average.averages_[i]);
  }
  average.in_use_ = true;
}

ExponentialMovingAverage::Applied::~Applied() {
  const NoGrad off;
  for (size_t i = 0; i < own_.size(); ++i) copy_(average_.parameters_[i], own_[i]);
  average_.in_use_ = false;
}

TensorMap ExponentialMovingAverage::state_dict() const {
  TensorMap state;
  state.emplace("updates", full({}, static_cast<double>(updates_), {i64}));
  for (size_t i = 0; i < averages_.size(); ++i) state.emplace(str(i), averages_[i]);
  return state;
}

void ExponentialMovingAverage::load_state_dict(const TensorMap& state) {
  const std::string problems = misfits(state_dict(), state);
  GG_CHECK(problems.empty(), "ExponentialMovingAverage: these tensors do not fit:", problems);
  updates_ = static_cast<int64_t>(state.at("updates").item());
  for (size_t i = 0; i < averages_.size(); ++i) copy_(averages_[i], state.at(str(i)));
}

}  // namespace gg::optim
