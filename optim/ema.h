// The exponential moving average of parameters, which often generalises better than the parameters themselves. Buffers,
// such as the running statistics of batch norm, are averages already and stay as they are.
#pragma once

#include <vector>

#include "core/tensor_map.h"

namespace gg::optim {

struct EmaOptions {
  double decay = 0.999;  ///< in [0, 1): weight of the old average at each update
  /// Start with a smaller decay, min(decay, (1 + t) / (10 + t)) at update t, so that the first weights are forgotten.
  bool warm_up = false;
};

/// average ← decay·average + (1 − decay)·parameter. Begins with the parameters as they are.
///
///   optim::ExponentialMovingAverage average(net.parameters(), {.decay = 0.999});
///   for (…) { optimizer.step(); average.update(); }
///   {
///     auto in_use = average.applied();   // the network has the averages here
///     evaluate(net);
///   }
class ExponentialMovingAverage {
 public:
  explicit ExponentialMovingAverage(std::vector<Tensor> parameters, const EmaOptions& options = {});

  ExponentialMovingAverage(const ExponentialMovingAverage&) = delete;  // copies would share the averages
  ExponentialMovingAverage& operator=(const ExponentialMovingAverage&) = delete;

  /// To be called after each step of the optimiser. Throws while the averages are in use.
  void update();
  int64_t updates() const { return updates_; }
  /// In the order of the parameters, constants.
  const std::vector<Tensor>& averages() const { return averages_; }

  /// While it lives the parameters hold the averages; then they get their own numbers back.
  class Applied {
   public:
    ~Applied();
    Applied(const Applied&) = delete;
    Applied& operator=(const Applied&) = delete;

   private:
    friend ExponentialMovingAverage;
    explicit Applied(ExponentialMovingAverage& average);
    ExponentialMovingAverage& average_;
    std::vector<Tensor> own_;
  };
  [[nodiscard]] Applied applied() { return Applied(*this); }

  /// "updates" and the averages by number. The tensors share memory with this.
  TensorMap state_dict() const;
  /// Copies what state_dict returned. Checks everything first; throws with a list of what does not fit.
  void load_state_dict(const TensorMap& state);

 private:
  std::vector<Tensor> parameters_, averages_;
  EmaOptions options_;
  int64_t updates_ = 0;
  bool in_use_ = false;
};

}  // namespace gg::optim
