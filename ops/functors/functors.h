// All functors of the library, for what holds for each of them: the catalogue, tests, tables.
#pragma once

#include "ops/functors/activations.h"
#include "ops/functors/arithmetic.h"
#include "ops/functors/exponential.h"
#include "ops/functors/gamma.h"
#include "ops/functors/hyperbolic.h"
#include "ops/functors/powers.h"
#include "ops/functors/scalars.h"
#include "ops/functors/special.h"

namespace gg {

/// fn.template operator()<F>() for each functor F of a list.
template <class... F, class Fn>
void for_functors(OpList<F...>, const Fn& fn) {
  (fn.template operator()<F>(), ...);
}

/// The same for those of all lists that are operations of their own, which ScalarOps, tensors with a number, are not.
template <class Fn>
void for_functors(const Fn& fn) {
  for_functors(ArithmeticOps(), fn);
  for_functors(ExponentialOps(), fn);
  for_functors(PowerOps(), fn);
  for_functors(SpecialOps(), fn);
  for_functors(HyperbolicOps(), fn);
  for_functors(GammaOps(), fn);
  for_functors(ActivationOps(), fn);
}

}  // namespace gg
