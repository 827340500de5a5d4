// Tensors of images as one picture for a report.
#pragma once

#include <string>

#include "core/tensor.h"

namespace gg::train {

/// Images [n, 1 or 3, height, width] in [0, 1] as a PNG grid of `columns`; each pixel becomes scale × scale.
std::string image_grid_png(const Tensor& images, int columns, int scale = 3);

}  // namespace gg::train
