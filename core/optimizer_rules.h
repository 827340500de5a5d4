// The update rules of optimisers, one number at a time: the formulas that the loops of all devices share. What they
// mean: optim/sgd.h, optim/rmsprop.h and optim/adam.h. `Target` as in core/target.h.
#pragma once

#include "core/optimizer_table.h"
#include "core/scalar_math.h"

namespace gg {

template <class T>
struct SgdNumbers {
  T lr, momentum, weight_decay;
};

template <class T>
struct RmsPropNumbers {
  T lr, alpha, one_minus_alpha, eps, weight_decay, momentum;
};

template <class T>
struct AdamNumbers {
  T shrink;  ///< 1 − lr·weight_decay where decay is decoupled, else 1
  T decay;   ///< of the gradient: weight_decay where it is not, else 0
  T one_minus_beta1, beta2, one_minus_beta2;
  T step_size;   ///< lr / (1 − beta1ᵗ)
  T root_scale;  ///< 1 / sqrt(1 − beta2ᵗ)
  T eps;
};

/// The numbers of a step as the loops use them. Not for files that are compiled for one instruction set.
template <class T>
SgdNumbers<T> numbers_of(const SgdStep& s) {
  return {static_cast<T>(s.lr), static_cast<T>(s.momentum), static_cast<T>(s.weight_decay)};
}
template <class T>
RmsPropNumbers<T> numbers_of(const RmsPropStep& s) {
  return {static_cast<T>(s.lr),  static_cast<T>(s.alpha),        static_cast<T>(1 - s.alpha),
          static_cast<T>(s.eps), static_cast<T>(s.weight_decay), static_cast<T>(s.momentum)};
}
template <class T>
AdamNumbers<T> numbers_of(const AdamStep& s) {
  AdamNumbers<T> n;
  n.shrink = static_cast<T>(s.decoupled ? 1 - s.lr * s.weight_decay : 1);
  n.decay = static_cast<T>(s.decoupled ? 0 : s.weight_decay);
  n.one_minus_beta1 = static_cast<T>(1 - s.beta1);
  n.beta2 = static_cast<T>(s.beta2);
  n.one_minus_beta2 = static_cast<T>(1 - s.beta2);
  n.step_size = static_cast<T>(s.lr / s.correction1);
  n.root_scale = static_cast<T>(1 / __builtin_sqrt(s.correction2));
  n.eps = static_cast<T>(s.eps);
  return n;
}

/// Parameter p and its gradient g.
template <class Target, class T>
GG_HD void sgd_update(T& p, T g, const SgdNumbers<T>& k) {
  p -= k.lr * (g + k.weight_decay * p);
}

/// `b` is the momentum buffer.
template <class Target, bool kNesterov, class T>
GG_HD void sgd_momentum_update(T& p, T g, T& b, const SgdNumbers<T>& k) {
  T d = g + k.weight_decay * p;
  T buffer = k.momentum * b + d;
  b = buffer;
  p -= k.lr * (kNesterov ? d + k.momentum * buffer : buffer);
}

/// `v` and `a` are the running means of the gradient's square and of the gradient, `b` is the momentum buffer; what a
/// rule without momentum or not centered has no use for, it does not touch.
template <class Target, bool kMomentum, bool kCentered, class T>
GG_HD void rmsprop_update(T& p, T g, T& v, T& b, T& a, const RmsPropNumbers<T>& k) {
  T d = g + k.weight_decay * p;
  T square = k.alpha * v + k.one_minus_alpha * (d * d);
  v = square;
  T variance = square;
  if constexpr (kCentered) {
    T mean = k.alpha * a + k.one_minus_alpha * d;
    a = mean;
    variance = square - mean * mean;
    variance = variance < 0 ? T(0) : variance;  // by rounding; a NaN stays
  }
  T change = d / (math::sqrt<Target>(variance) + k.eps);
  if constexpr (kMomentum) {
    change = k.momentum * b + change;
    b = change;
  }
  p -= k.lr * change;
}

/// `m` and `v` are the running means of the gradient and of its square.
template <class Target, class T>
GG_HD void adam_update(T& p, T g, T& m, T& v, const AdamNumbers<T>& k) {
  T d = g + k.decay * p;
  T mean = m + (d - m) * k.one_minus_beta1;
  T square = v * k.beta2 + d * d * k.one_minus_beta2;
  m = mean;
  v = square;
  p = p * k.shrink - k.step_size * mean / (math::sqrt<Target>(square) * k.root_scale + k.eps);
}

}  // namespace gg
