#include "nn/init.h"

#include <cmath>

#include "core/grad_mode.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/elementwise.h"

namespace gg::nn::init {
namespace {

struct Fans {
  double in, out;
};

Fans fans_of(const Tensor& weight, const char* who) {
  GG_CHECK(weight.rank() >= 2, who, ": a weight with fan in and fan out has at least two axes, got ", weight.shape());
  double rest = 1;
  for (int i = 2; i < weight.rank(); ++i) rest *= static_cast<double>(weight.size(i));
  return {static_cast<double>(weight.size(1)) * rest, static_cast<double>(weight.size(0)) * rest};
}

double kaiming_std(const Tensor& weight, const KaimingOptions& o, const char* who) {
  Fans fans = fans_of(weight, who);
  double gain = std::sqrt(2 / (1 + o.negative_slope * o.negative_slope));
  return gain / std::sqrt(o.fan == Fan::in ? fans.in : fans.out);
}

}  // namespace

void constant_(const Tensor& t, double value) {
  NoGrad guard;
  copy_(t, full_like(t, value));
}

void zeros_(const Tensor& t) { constant_(t, 0); }
void ones_(const Tensor& t) { constant_(t, 1); }

void uniform_(const Tensor& t, double low, double high) {
  NoGrad guard;
  copy_(t, affine(rand(t.shape(), t.options()), high - low, low));
}

void normal_(const Tensor& t, double mean, double std) {
  NoGrad guard;
  copy_(t, affine(randn(t.shape(), t.options()), std, mean));
}

void kaiming_uniform_(const Tensor& weight, const KaimingOptions& options) {
  double bound = std::sqrt(3.0) * kaiming_std(weight, options, "kaiming_uniform_");
  uniform_(weight, -bound, bound);
}

void kaiming_normal_(const Tensor& weight, const KaimingOptions& options) {
  normal_(weight, 0, kaiming_std(weight, options, "kaiming_normal_"));
}

void xavier_uniform_(const Tensor& weight, double gain) {
  Fans fans = fans_of(weight, "xavier_uniform_");
  double bound = gain * std::sqrt(6 / (fans.in + fans.out));
  uniform_(weight, -bound, bound);
}

void xavier_normal_(const Tensor& weight, double gain) {
  Fans fans = fans_of(weight, "xavier_normal_");
  normal_(weight, 0, gain * std::sqrt(2 / (fans.in + fans.out)));
}

void default_(const Tensor& weight, const Tensor& bias) {
  double bound = 1 / std::sqrt(fans_of(weight, "default_").in);
  uniform_(weight, -bound, bound);
  if (bias.defined()) uniform_(bias, -bound, bound);
}

}  // namespace gg::nn::init
