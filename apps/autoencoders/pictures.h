// Tensors as pictures for the report.
#pragma once

#include <string>
#include <vector>

#include "core/tensor.h"
#include "train/image_grid.h"

namespace gg::apps {

using train::image_grid_png;

/// Codes [n, k] as small heat maps in a row of PNG cells, each about as large as an image of `height` × `width`: blue
/// for negative numbers, white for zero, red for positive ones, in units of each number's own standard deviation
/// (`deviations`, k of them).
std::string code_cells_png(const Tensor& codes, const std::vector<double>& deviations, int height, int width,
                           int scale = 3);

/// Rows and columns of the heat map of k numbers: as near to twice as wide as high as goes.
std::pair<int, int> code_cells_shape(int k);

}  // namespace gg::apps
