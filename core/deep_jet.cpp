#include "core/deep_jet.h"

namespace gg {

template <int V>
DeepJet<V> DeepJet<V>::constant(double a) {
  return DeepJet(Jets(a));
}

template <int V>
DeepJet<V> DeepJet<V>::variable(double a, int index) {
  if constexpr (V == 2) {
    if (index == 1) return DeepJet(Jets(DeepJet<1>::variable(a, 0)));
  }
  (void)index;
  if constexpr (V == 2) {
    return DeepJet(Jets::variable(DeepJet<1>(a)));
  } else {
    return DeepJet(Jets::variable(a));
  }
}

template <int V>
double DeepJet<V>::partial(int i, int j) const {
  if constexpr (V == 2) {
    return jets_.c[i].partial(j);
  } else {
    (void)j;
    return jets_.c[i].value;
  }
}

template <int V>
DeepJet<V> DeepJet<V>::negated(const DeepJet& a) {
  return DeepJet(-a.jets_);
}
template <int V>
DeepJet<V> DeepJet<V>::sum(const DeepJet& a, const DeepJet& b) {
  return DeepJet(a.jets_ + b.jets_);
}
template <int V>
DeepJet<V> DeepJet<V>::difference(const DeepJet& a, const DeepJet& b) {
  return DeepJet(a.jets_ - b.jets_);
}
template <int V>
DeepJet<V> DeepJet<V>::product(const DeepJet& a, const DeepJet& b) {
  return DeepJet(a.jets_ * b.jets_);
}
template <int V>
DeepJet<V> DeepJet<V>::quotient(const DeepJet& a, const DeepJet& b) {
  return DeepJet(a.jets_ / b.jets_);
}
template <int V>
DeepJet<V> DeepJet<V>::scaled_of(const DeepJet& x, const DeepJet& s) {
  return DeepJet(scaled(x.jets_, s.jets_));
}
template <int V>
DeepJet<V> DeepJet<V>::pow_of(const DeepJet& x, const DeepJet& y) {
  return DeepJet(pow(x.jets_, y.jets_));
}

template <int V>
DeepJet<V> DeepJet<V>::exp_of_square_of(const DeepJet& x, double scale) {
  return DeepJet(exp_of_square(x.jets_, scale));
}

#define GG_DEFINE(name)                                \
  template <int V>                                     \
  DeepJet<V> DeepJet<V>::name##_of(const DeepJet& x) { \
    return DeepJet(name(x.jets_));                     \
  }
GG_VOCABULARY(GG_DEFINE)
#undef GG_DEFINE

template class DeepJet<1>;
template class DeepJet<2>;

}  // namespace gg
