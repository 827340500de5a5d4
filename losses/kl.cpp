#include "losses/kl.h"

#include "losses/loss_functors.h"
#include "ops/elementwise.h"
#include "ops/elementwise_apply.h"
#include "ops/reduce.h"

namespace gg::losses {
namespace {

void check(const Tensor& mu, const Tensor& logvar, const char* op) {
  GG_CHECK(mu.shape() == logvar.shape() && mu.rank() >= 1, op,
           ": means and log-variances must have one shape [N, ...], got ", mu.shape(), " and ", logvar.shape());
}

}  // namespace

Tensor kl_normal_standard_elements(const Tensor& mu, const Tensor& logvar) {
  check(mu, logvar, "kl_normal_standard");
  return elementwise(KlNormalStandard{}, mu, logvar);
}

Tensor kl_normal_standard(const Tensor& mu, const Tensor& logvar) {
  return sum_per_sample(kl_normal_standard_elements(mu, logvar));
}

Tensor kl_normal_standard_per_dimension(const Tensor& mu, const Tensor& logvar) {
  return mean(kl_normal_standard_elements(mu, logvar), {0});
}

Tensor kl_normal(const Tensor& mu_q, const Tensor& logvar_q, const Tensor& mu_p, const Tensor& logvar_p) {
  check(mu_q, logvar_q, "kl_normal");
  check(mu_p, logvar_p, "kl_normal");
  check(mu_q, mu_p, "kl_normal");
  Tensor ratio = logvar_q - logvar_p;
  return sum_per_sample((square(mu_q - mu_p) * exp(-logvar_p) + (expm1(ratio) - ratio)) * 0.5);
}

Tensor reparameterize(const Tensor& mu, const Tensor& logvar, const Tensor& noise) {
  check(mu, logvar, "reparameterize");
  check(mu, noise, "reparameterize");
  return mu + exp(logvar * 0.5) * noise;
}

}  // namespace gg::losses
