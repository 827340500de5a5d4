#include "optim/clip.h"

#include <cmath>

#include "core/grad_mode.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/shape.h"

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

Tensor clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm, const ClipOptions& options) {
  GG_CHECK(max_norm > 0, "clip_grad_norm_: max_norm must be positive, got ", max_norm);
  NoGrad guard;
  std::vector<Tensor> found = with_gradient(parameters);
  if (found.empty()) return scalar(0, {.dtype = f64});
  Device device = found[0].device();
  std::vector<Tensor> squares;
  for (const Tensor& p : found) squares.push_back(to(to(sum(square(p.grad())), f64), device));
  Tensor norm = sqrt(sum(stack(squares)));
  if (options.error_if_nonfinite) {
    double value = norm.item();
    GG_CHECK(std::isfinite(value), "clip_grad_norm_: the gradients' norm is ", value,
             ". Look for the operation that made it with smaller learning rates or float64");
  }
  Tensor factor = clamp(max_norm / (norm + 1e-6), 0, 1);  // NaN where the norm is
  // Where reading is free a pass over the gradients can be saved.
  if (device.is_cpu() && factor.item() == 1) return norm;
  for (const Tensor& p : found) p.set_grad(p.grad() * to(to(factor, p.dtype()), p.device()));
  return norm;
}

void clip_grad_value_(const std::vector<Tensor>& parameters, double limit) {
  GG_CHECK(limit > 0, "clip_grad_value_: the limit must be positive, got ", limit);
  NoGrad guard;
  for (const Tensor& p : with_gradient(parameters)) p.set_grad(clamp(p.grad(), -limit, limit));
}

}  // namespace gg::optim
