// Images in memory and grids of them: float pixels come in, a PNG for the report or a viewer goes out.
// png.h does the encoding; report.h shows rows of images with labels beside them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gg::apps {

/// Someone's float pixels, H×W (channels 1) or H×W×C in rows from the top, values in [0, 1]. Channels: 1 grey, 3 RGB.
/// Values outside are clamped; NaN is drawn in magenta, so that it is seen.
struct ImageView {
  std::span<const float> pixels;
  int height = 0;
  int width = 0;
  int channels = 1;
};

/// Bytes, `channels` of them per pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
struct ByteImage {
  int height = 0;
  int width = 0;
  int channels = 1;
  std::vector<std::uint8_t> bytes;
};

struct GridStyle {
  int columns = 0;  ///< 0: as near to a square as it goes
  int scale = 2;    ///< each pixel becomes scale × scale, without smoothing
  int gap = 4;      ///< transparent space between images, in pixels of the result
};

/// The images row by row, with transparent gaps and half a gap around, so that column k of n fills exactly the k-th
/// n-th of the width (captions line up). All images must have one size and number of channels. Throws gg::Error for
/// that, for a span of the wrong length, for no images, or a result of more than 2^26 pixels.
ByteImage image_grid(std::span<const ImageView> images, const GridStyle& style = {});

/// Views of `count` images that lie one after another in `pixels`. Throws gg::Error where the lengths disagree.
std::vector<ImageView> split_images(std::span<const float> pixels, int count, int height, int width, int channels = 1);

/// C×H×W floats as H×W×C.
std::vector<float> channels_last(std::span<const float> pixels, int channels, int height, int width);

}  // namespace gg::apps
