#include "apps/autoencoders/pictures.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "apps/common/image.h"
#include "apps/common/png.h"
#include "ops/shape.h"

namespace gg::apps {

std::pair<int, int> code_cells_shape(int k) {
  const int rows = std::max(1, static_cast<int>(std::round(std::sqrt(k / 2.0))));
  return {rows, (k + rows - 1) / rows};
}

std::string code_cells_png(const Tensor& codes, const std::vector<double>& deviations, int height, int width,
                           int scale) {
  const std::vector<float> values = contiguous(to(codes.detach(), Device())).to_vector<float>();
  const int n = static_cast<int>(codes.size(0)), k = static_cast<int>(codes.size(1));
  const auto [rows, columns] = code_cells_shape(k);
  const std::array<float, 3> blue = {0.16F, 0.36F, 0.70F}, red = {0.80F, 0.25F, 0.18F};
  std::vector<float> pixels;
  for (int i = 0; i < n; ++i) {
    for (int y = 0; y < height * scale; ++y) {
      for (int x = 0; x < width * scale; ++x) {
        const int cell = y * rows / (height * scale) * columns + x * columns / (width * scale);
        const double unit = cell < k ? deviations[static_cast<std::size_t>(cell)] : 0;
        const float z = cell < k && unit > 0
                            ? static_cast<float>(values[static_cast<std::size_t>(i * k + cell)] / (2.5 * unit))
                            : 0.0F;
        const float strength = std::min(1.0F, std::abs(z));
        for (std::size_t c = 0; c < 3; ++c) pixels.push_back(1 - strength * (1 - (z < 0 ? blue : red)[c]));
      }
    }
  }
  return encode_png(image_grid(split_images(pixels, n, height * scale, width * scale, 3), {.columns = n, .scale = 1}));
}

}  // namespace gg::apps
