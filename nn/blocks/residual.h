// Blocks of residual networks: what two convolutions compute is added to what goes round them.
#pragma once

#include "nn/conv.h"
#include "nn/norm.h"
#include "nn/sequential.h"

namespace gg::nn {

struct ResidualOptions {
  int64_t stride = 1;  ///< of the first convolution: 2 halves height and width
};

/// relu(bn(conv(relu(bn(conv(x))))) + x), x [N, in, H, W], with 3 × 3 convolutions (arXiv:1512.03385). Where the shape
/// changes, x goes through a 1 × 1 convolution and batch norm. Names are those of torchvision's BasicBlock.
struct BasicBlock : Module {
  BasicBlock(int64_t in_channels, int64_t out_channels, const ResidualOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  Conv2d conv1;
  BatchNorm2d bn1;
  Conv2d conv2;
  BatchNorm2d bn2;
  Sequential downsample;  ///< without layers where x goes round as it is
};

/// x + conv(relu(bn(conv(relu(bn(x)))))): nothing stands in the way from block to block (arXiv:1603.05027). Where the
/// shape changes, the activated x goes through a 1 × 1 convolution.
struct PreActBlock : Module {
  PreActBlock(int64_t in_channels, int64_t out_channels, const ResidualOptions& options = {});
  Tensor operator()(const Tensor& x) const;

  BatchNorm2d bn1;
  Conv2d conv1;
  BatchNorm2d bn2;
  Conv2d conv2;
  Sequential downsample;
};

}  // namespace gg::nn
