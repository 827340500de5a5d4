#include "nn/norm.h"

#include "core/grad_mode.h"
#include "ops/copy.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/norm.h"

namespace gg::nn {
namespace {

void check_trailing(const Module& m, const Tensor& x, const Shape& normalized) {
  const int axes = normalized.rank();
  GG_CHECK(x.rank() >= axes && x.shape().part(x.rank() - axes, x.rank()) == normalized, m.description(),
           ": the input's trailing axes must be ", normalized, ", got ", x.shape());
}

}  // namespace

LayerNorm::LayerNorm(const Shape& shape, const LayerNormOptions& o)
    : Module(str("LayerNorm(", shape, o.affine ? ")" : ", affine = false)")), normalized(shape), options(o) {
  GG_CHECK(shape.rank() >= 1 && shape.numel() > 0, description(), ": expected the sizes of at least one trailing axis");
  if (o.affine) {
    weight = register_parameter("weight", ones(shape));
    bias = register_parameter("bias", zeros(shape));
  }
}

Tensor LayerNorm::operator()(const Tensor& x) const {
  check_trailing(*this, x, normalized);
  if (options.affine || normalized.rank() == 1) return layer_norm(x, weight, bias, options.eps);
  return layer_norm(x, ones(normalized, x.options()), {}, options.eps);  // says how many axes
}

RMSNorm::RMSNorm(const Shape& shape, const RMSNormOptions& o)
    : Module(str("RMSNorm(", shape, o.affine ? ")" : ", affine = false)")), normalized(shape), options(o) {
  GG_CHECK(shape.rank() >= 1 && shape.numel() > 0, description(), ": expected the sizes of at least one trailing axis");
  if (o.affine) weight = register_parameter("weight", ones(shape));
}

Tensor RMSNorm::operator()(const Tensor& x) const {
  check_trailing(*this, x, normalized);
  if (options.affine || normalized.rank() == 1) return rms_norm(x, weight, options.eps);
  return rms_norm(x, ones(normalized, x.options()), options.eps);  // says how many axes
}

GroupNorm::GroupNorm(int64_t g, int64_t c, const GroupNormOptions& o)
    : Module(str("GroupNorm(", g, ", ", c, o.affine ? ")" : ", affine = false)")), groups(g), channels(c), options(o) {
  GG_CHECK(c > 0 && g > 0 && c % g == 0, description(), ": ", g, " groups do not divide ", c, " channels");
  if (o.affine) {
    weight = register_parameter("weight", ones({c}));
    bias = register_parameter("bias", zeros({c}));
  }
}

Tensor GroupNorm::operator()(const Tensor& x) const {
  GG_CHECK(x.rank() >= 2 && x.size(1) == channels, description(), ": expected [N, C, ...] with ", channels,
           " channels, got ", x.shape());
  return group_norm(x, groups, weight, bias, options.eps);
}

InstanceNorm::InstanceNorm(const char* name, int64_t c, int rank, const InstanceNormOptions& o)
    : Module(str(name, "(", c, o.affine ? ", affine = true)" : ")")), channels(c), options(o), rank_(rank) {
  GG_CHECK(c > 0, description(), ": the number of channels must be positive");
  if (o.affine) {
    weight = register_parameter("weight", ones({c}));
    bias = register_parameter("bias", zeros({c}));
  }
}

Tensor InstanceNorm::operator()(const Tensor& x) const {
  GG_CHECK(x.rank() == rank_ && x.size(1) == channels, description(), ": expected ",
           rank_ == 4 ? "[N, C, H, W]" : "[N, C, L]", " with ", channels, " channels, got ", x.shape());
  return instance_norm(x, weight, bias, options.eps);
}

BatchNorm::BatchNorm(const char* name, int64_t c, int min_rank, int max_rank, const BatchNormOptions& o)
    : Module(str(name, "(", c, o.affine ? "" : ", affine = false",
                 o.track_running_stats ? ")" : ", track_running_stats = false)")),
      channels(c),
      options(o),
      min_rank_(min_rank),
      max_rank_(max_rank) {
  GG_CHECK(c > 0, description(), ": the number of channels must be positive");
  GG_CHECK(o.momentum >= 0 && o.momentum <= 1, description(), ": momentum must be in [0, 1], got ", o.momentum);
  if (o.affine) {
    weight = register_parameter("weight", ones({c}));
    bias = register_parameter("bias", zeros({c}));
  }
  if (!o.track_running_stats) return;
  running_mean = register_buffer("running_mean", zeros({c}));
  running_var = register_buffer("running_var", ones({c}));
  num_batches_tracked = register_buffer("num_batches_tracked", scalar(0, {.dtype = i64}), {.on_host = true});
}

Tensor BatchNorm::operator()(const Tensor& x) const {
  GG_CHECK(x.rank() >= min_rank_ && x.rank() <= max_rank_ && x.size(1) == channels, description(), ": expected ",
           min_rank_ == 4 ? "[N, C, H, W]" : "[N, C] or [N, C, L]", " with ", channels, " channels, got ", x.shape());
  if (!options.track_running_stats) return batch_norm(x, weight, bias, options.eps);
  if (!training()) return batch_norm_fixed(x, {running_mean, running_var}, weight, bias, options.eps);

  if (KeepStatistics::active()) return batch_norm(x, weight, bias, options.eps);
  BatchStatistics batch;
  Tensor y = batch_norm(x, weight, bias, options.eps, &batch);
  NoGrad guard;
  auto follow = [&](const Tensor& running, const Tensor& newest, double scale) {
    copy_(running, running * (1 - options.momentum) + newest * (options.momentum * scale));
  };
  auto n = static_cast<double>(x.numel() / x.size(1));
  follow(running_mean, batch.mean, 1);
  follow(running_var, batch.var, n / (n - 1));
  ++*num_batches_tracked.mutable_data<int64_t>();
  return y;
}

}  // namespace gg::nn
