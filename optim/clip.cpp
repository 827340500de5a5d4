#include "optim/clip.h"

#include <cmath>

#include "core/grad_mode.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"

namespace gg::optim {
namespace {

std::vector<Tensor> with_gradient(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> found;
  for (const Tensor& p : parameters) {
    if (p.requires_grad() && p.grad().defined()) found.push_back(p);
  }
  return found;
}

}  // namespace

double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, const ClipOptions& options) {
  GG_CHECK(max_norm > 0, "clip_grad_norm_: max_norm must be positive, got ", max_norm);
  NoGrad guard;
  std::vector<Tensor> found = with_gradient(parameters);
  double squares = 0;
  for (const Tensor& p : found) squares += sum(square(p.grad())).item();
  double norm = std::sqrt(squares);
  GG_CHECK(std::isfinite(norm) || !options.error_if_nonfinite, "clip_grad_norm_: the gradients' norm is ", norm,
           ". Look for the operation that made it with smaller learning rates or float64");
  double factor = max_norm / (norm + 1e-6);
  if (!(factor >= 1)) {  // also where the norm is NaN
    for (const Tensor& p : found) p.set_grad(p.grad() * factor);
  }
  return norm;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double limit) {
  GG_CHECK(limit > 0, "clip_grad_value_: the limit must be positive, got ", limit);
  NoGrad guard;
  for (const Tensor& p : with_gradient(parameters)) p.set_grad(clamp(p.grad(), -limit, limit));
}

}  // namespace gg::optim
