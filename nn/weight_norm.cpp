#include "nn/weight_norm.h"

#include "core/grad_mode.h"
#include "nn/init.h"
#include "ops/copy.h"

namespace gg::nn::detail {

Registered<Parameter> register_copy(Module& m, const char* name, const Parameter& of) {
  Registered<Parameter> copy = m.register_parameter(name, clone(of.detach()));
  copy.requires_grad_(of.requires_grad());
  return copy;
}

SingularVectors first_singular_vectors(const Tensor& w, int axis, double eps) {
  const int64_t rows = w.size(axis);
  SingularVectors s{empty({rows}, w.options()), empty({w.numel() / rows}, w.options())};
  init::normal_(s.u, 0, 1);
  init::normal_(s.v, 0, 1);
  return power_iteration(w, s, {.steps = 15, .eps = eps, .axis = axis});
}

void follow_singular_vectors(const Tensor& w, const Tensor& u, const Tensor& v, const PowerIterationOptions& o) {
  const SingularVectors next = power_iteration(w, {u, v}, o);
  NoGrad guard;
  copy_(u, next.u);
  copy_(v, next.v);
}

}  // namespace gg::nn::detail
