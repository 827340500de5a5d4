// Images read at given places: spatial transformers (arXiv:1506.02025) and other warps.
#pragma once

#include "core/tensor.h"

namespace gg {

enum class GridMode {
  bilinear,  ///< interpolates between four neighbours
  nearest,   ///< reads the nearest element, halves to the even one; the derivative in the grid is 0
};
enum class GridPadding {
  zeros,       ///< 0 outside the image
  border,      ///< the edge goes on
  reflection,  ///< the image is mirrored at its edges
};

struct GridSampleOptions {
  GridMode mode = GridMode::bilinear;
  GridPadding padding = GridPadding::zeros;
  bool align_corners = false;  ///< −1 and 1 are the centres of the corner elements; else the outer edges of the image
};

/// x [N, C, H, W] read at grid [N, H', W', 2] of pairs (horizontal, vertical), in which −1 to 1 is the whole image:
/// [N, C, H', W']. Differentiable to any order in both. The value is linear between neighbours, so the derivative in
/// the grid jumps where a place meets an element; there it is the one of the upper side. Where a border or reflection
/// holds a place at the outermost elements, it is 0. All of it as in PyTorch, but for places that are no numbers: at
/// NaN the value is NaN whatever the options (and no element of x gets a gradient), in PyTorch only with `bilinear` and
/// `zeros`; at an infinity it is that of any place far outside, there NaN with those.
Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& options = {});

struct AffineGridOptions {
  bool align_corners = false;  ///< as the grid_sample that will read it
};
/// The grid [N, height, width, 2] of the places theta·(horizontal, vertical, 1), theta [N, 2, 3]: the identity is
/// {{1, 0, 0}, {0, 1, 0}}.
Tensor affine_grid(const Tensor& theta, int64_t height, int64_t width, const AffineGridOptions& options = {});

}  // namespace gg
