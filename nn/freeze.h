// Frozen: parameters that are constants for a while.
#pragma once

#include <vector>

#include "nn/module.h"

namespace gg::nn {

/// While it lives, the parameters of a module do not require grad: gradients pass through the module, none are computed
/// for it. For the critic in a generator's step, say:
///
///   nn::Frozen constant(critic);
///   (-mean(critic(generator(noise)))).backward();   // the generator's gradients only
///
/// A backward pass in its life adds nothing to them, whenever its graph was recorded. Parameters that were frozen
/// before stay so afterwards.
class Frozen {
 public:
  explicit Frozen(const Module& module) {
    for (const Tensor& p : module.parameters()) {
      if (!p.requires_grad()) continue;
      thawing_.push_back(p);
      thawing_.back().requires_grad_(false);
    }
  }
  ~Frozen() {
    for (Tensor& p : thawing_) p.requires_grad_(true);
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  std::vector<Tensor> thawing_;
};

}  // namespace gg::nn
