#include "train/image_grid.h"

#include <span>
#include <vector>

#include "apps/common/image.h"
#include "apps/common/png.h"
#include "ops/shape.h"

namespace gg::train {

using namespace gg::apps;

std::string image_grid_png(const Tensor& images, int columns, int scale) {
  const Tensor cpu_images = contiguous(to(images.detach(), Device()));
  const int n = static_cast<int>(images.size(0)), channels = static_cast<int>(images.size(1));
  const int height = static_cast<int>(images.size(2)), width = static_cast<int>(images.size(3));
  GG_CHECK(channels == 1 || channels == 3, "can draw images of 1 or 3 channels, got ", channels);
  std::vector<float> pixels = cpu_images.to_vector<float>();
  if (channels == 3) {
    std::vector<float> all;
    const std::size_t size = pixels.size() / static_cast<std::size_t>(n);
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      const std::vector<float> one = channels_last(std::span(pixels).subspan(i * size, size), channels, height, width);
      all.insert(all.end(), one.begin(), one.end());
    }
    pixels = std::move(all);
  }
  return encode_png(image_grid(split_images(pixels, n, height, width, channels), {.columns = columns, .scale = scale}));
}

}  // namespace gg::train
