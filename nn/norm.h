// Normalisation layers. weight starts at 1, bias at 0.
#pragma once

#include <optional>

#include "nn/module.h"

namespace gg::nn {

struct LayerNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< learn weight and bias
};

/// (x − mean) / sqrt(var + eps) over the trailing axes, whose shape is `normalized`; times weight plus bias of that
/// shape.
struct LayerNorm : Module {
  explicit LayerNorm(const Shape& normalized, const LayerNormOptions& options = {});
  explicit LayerNorm(int64_t last, const LayerNormOptions& options = {}) : LayerNorm(Shape{last}, options) {}
  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;  ///< undefined where not affine
  Shape normalized;
  LayerNormOptions options;
};

struct RMSNormOptions {
  std::optional<double> eps = std::nullopt;  ///< by default that of the input's type
  bool affine = true;                        ///< learn a weight
};

/// x / sqrt(mean(x²) + eps) over the trailing axes, whose shape is `normalized`; times weight of that shape.
struct RMSNorm : Module {
  explicit RMSNorm(const Shape& normalized, const RMSNormOptions& options = {});
  explicit RMSNorm(int64_t last, const RMSNormOptions& options = {}) : RMSNorm(Shape{last}, options) {}
  Tensor operator()(const Tensor& x) const;

  Parameter weight;  ///< undefined where not affine
  Shape normalized;
  RMSNormOptions options;
};

struct GroupNormOptions {
  double eps = 1e-5;
  bool affine = true;  ///< learn weight and bias
};

/// (x − mean) / sqrt(var + eps) over each of `groups` groups of the channels of x [N, C, ...], times weight plus bias
/// per channel.
struct GroupNorm : Module {
  GroupNorm(int64_t groups, int64_t channels, const GroupNormOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;  ///< [C], undefined where not affine
  int64_t groups, channels;
  GroupNormOptions options;
};

struct InstanceNormOptions {
  double eps = 1e-5;
  bool affine = false;  ///< learn weight and bias
};

/// The same with a group for each channel, in training and in evaluation: there are no running statistics.
struct InstanceNorm : Module {
  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;  ///< [C], undefined where not affine
  int64_t channels;
  InstanceNormOptions options;

 protected:
  InstanceNorm(const char* name, int64_t channels, int rank, const InstanceNormOptions& options);

 private:
  int rank_;
};

/// For x [N, C, L].
struct InstanceNorm1d : InstanceNorm {
  explicit InstanceNorm1d(int64_t channels, const InstanceNormOptions& options = {})
      : InstanceNorm("InstanceNorm1d", channels, 3, options) {}
};

/// For x [N, C, H, W].
struct InstanceNorm2d : InstanceNorm {
  explicit InstanceNorm2d(int64_t channels, const InstanceNormOptions& options = {})
      : InstanceNorm("InstanceNorm2d", channels, 4, options) {}
};

struct BatchNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;            ///< weight of the newest batch in the running statistics
  bool affine = true;               ///< learn weight and bias
  bool track_running_stats = true;  ///< false: no running statistics; those of the batch in evaluation, too
};

/// (x − mean) / sqrt(var + eps) per channel of x [N, C, ...]. In training the statistics are the batch's own (biased
/// variance), and the running ones follow them (unbiased variance), except under KeepStatistics; in evaluation they are
/// the running ones.
struct BatchNorm : Module {
  Tensor operator()(const Tensor& x) const;

  Parameter weight, bias;            ///< [C], undefined where not affine
  Buffer running_mean, running_var;  ///< buffers [C], at first 0 and 1; undefined where not tracked
  Buffer num_batches_tracked;        ///< int64 []; on the CPU wherever the module is; undefined where not tracked
  int64_t channels;
  BatchNormOptions options;

 protected:
  BatchNorm(const char* name, int64_t channels, int min_rank, int max_rank, const BatchNormOptions& options);

 private:
  int min_rank_, max_rank_;
};

/// While in scope, batch norm in this thread leaves its running statistics as they are, and SpectralNorm its vectors
/// (nn/weight_norm.h): for passes that are no step of training, such as those of a critic or of adversarial directions
/// (VAT), or a batch of generated images.
class KeepStatistics {
 public:
  KeepStatistics() { ++depth_; }
  ~KeepStatistics() { --depth_; }
  KeepStatistics(const KeepStatistics&) = delete;
  KeepStatistics& operator=(const KeepStatistics&) = delete;
  static bool active() { return depth_ > 0; }

 private:
  static inline thread_local int depth_ = 0;
};

/// For x [N, C] or [N, C, L].
struct BatchNorm1d : BatchNorm {
  explicit BatchNorm1d(int64_t channels, const BatchNormOptions& options = {})
      : BatchNorm("BatchNorm1d", channels, 2, 3, options) {}
};

/// For x [N, C, H, W].
struct BatchNorm2d : BatchNorm {
  explicit BatchNorm2d(int64_t channels, const BatchNormOptions& options = {})
      : BatchNorm("BatchNorm2d", channels, 4, 4, options) {}
};

}  // namespace gg::nn
