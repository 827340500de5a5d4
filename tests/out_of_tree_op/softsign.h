// softsign: x / (1 + |x|), an operation of our own.
#pragma once

#include "core/functor.h"
#include "ops/elementwise_apply.h"

namespace my {

struct Softsign {
  static constexpr const char* name = "softsign";
  static constexpr const char* doc = "x / (1 + |x|)";
  template <class T>
  GG_HD T f(T x) const {
    return x / (1 + abs(x));
  }
};

inline gg::Tensor softsign(const gg::Tensor& x) { return gg::elementwise(Softsign{}, x); }

using Ops = gg::OpList<my::Softsign>;

}  // namespace my
