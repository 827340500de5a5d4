#include "apps/common/image.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace gg::apps {
namespace {

constexpr std::int64_t kMaxPixels = std::int64_t{1} << 26;

std::uint8_t to_byte(float value) {
  if (!(value > 0)) return 0;
  return value >= 1 ? 255 : static_cast<std::uint8_t>(std::lround(value * 255));
}

void check(const ImageView& image) {
  if (image.height <= 0 || image.width <= 0 || (image.channels != 1 && image.channels != 3)) {
    throw Error(fmt::format("image of {}x{} with {} channels: expected a positive size and 1 or 3 channels",
                            image.height, image.width, image.channels));
  }
  const std::int64_t expected = std::int64_t{image.height} * image.width * image.channels;
  if (static_cast<std::int64_t>(image.pixels.size()) != expected) {
    throw Error(fmt::format("image of {}x{} with {} channels: expected {} values, got {}", image.height, image.width,
                            image.channels, expected, image.pixels.size()));
  }
}

bool has_nan(std::span<const ImageView> images) {
  for (const ImageView& image : images) {
    for (float value : image.pixels) {
      if (std::isnan(value)) return true;
    }
  }
  return false;
}

/// Writes one pixel of `image` to `out`, which has 2 (grey, alpha) or 4 (RGB, alpha) channels.
void put_pixel(const ImageView& image, std::size_t pixel, int out_channels, std::uint8_t* out) {
  const auto channels = static_cast<std::size_t>(image.channels);
  const float* in = image.pixels.data() + pixel * channels;
  bool nan = false;
  for (std::size_t c = 0; c < channels; ++c) nan = nan || std::isnan(in[c]);
  for (int c = 0; c + 1 < out_channels; ++c) {
    out[c] = nan ? (c == 1 ? 0 : 255) : to_byte(in[image.channels == 1 ? 0 : c]);
  }
  out[out_channels - 1] = 255;
}

}  // namespace

ByteImage image_grid(std::span<const ImageView> images, const GridStyle& style) {
  if (images.empty()) throw Error("image grid: expected at least one image, got none");
  if (style.scale < 1 || style.gap < 0 || style.columns < 0) {
    throw Error(fmt::format("image grid: expected scale >= 1, gap >= 0 and columns >= 0, got {}, {} and {}",
                            style.scale, style.gap, style.columns));
  }
  const ImageView& first = images.front();
  for (const ImageView& image : images) {
    check(image);
    if (image.height != first.height || image.width != first.width || image.channels != first.channels) {
      throw Error(fmt::format("image grid: expected images of one size, got {}x{}x{} and {}x{}x{}", first.height,
                              first.width, first.channels, image.height, image.width, image.channels));
    }
  }
  const auto count = static_cast<std::int64_t>(images.size());
  const std::int64_t columns =
      style.columns > 0 ? style.columns : static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  const std::int64_t rows = (count + columns - 1) / columns;
  const std::int64_t cell_width = std::int64_t{first.width} * style.scale + style.gap;
  const std::int64_t cell_height = std::int64_t{first.height} * style.scale + style.gap;
  if (cell_width > kMaxPixels || cell_height > kMaxPixels || columns > kMaxPixels ||
      columns * cell_width > kMaxPixels / std::max<std::int64_t>(1, std::min(rows, kMaxPixels)) / cell_height) {
    throw Error(fmt::format("image grid: {} by {} images of {}x{} pixels are more than {} pixels; show fewer", rows,
                            columns, cell_height, cell_width, kMaxPixels));
  }

  ByteImage out;
  out.channels = first.channels == 1 && !has_nan(images) ? 2 : 4;
  out.width = static_cast<int>(columns * cell_width);
  out.height = static_cast<int>(rows * cell_height);
  const auto stride = static_cast<std::size_t>(out.width) * static_cast<std::size_t>(out.channels);
  out.bytes.assign(stride * static_cast<std::size_t>(out.height), 0);
  for (std::int64_t i = 0; i < count; ++i) {
    const ImageView& image = images[static_cast<std::size_t>(i)];
    const std::int64_t left = i % columns * cell_width + style.gap / 2;
    const std::int64_t top = i / columns * cell_height + style.gap / 2;
    for (std::int64_t y = 0; y < std::int64_t{image.height} * style.scale; ++y) {
      std::uint8_t* row = out.bytes.data() + static_cast<std::size_t>(top + y) * stride +
                          static_cast<std::size_t>(left) * static_cast<std::size_t>(out.channels);
      for (std::int64_t x = 0; x < std::int64_t{image.width} * style.scale; ++x) {
        const std::int64_t pixel = y / style.scale * image.width + x / style.scale;
        put_pixel(image, static_cast<std::size_t>(pixel), out.channels, row + x * out.channels);
      }
    }
  }
  return out;
}

std::vector<ImageView> split_images(std::span<const float> pixels, int count, int height, int width, int channels) {
  const std::int64_t size = std::int64_t{height} * width * channels;
  if (count < 0 || size <= 0 || static_cast<std::int64_t>(pixels.size()) != count * size) {
    throw Error(fmt::format("{} images of {}x{}x{}: expected {} values, got {}", count, height, width, channels,
                            count * size, pixels.size()));
  }
  std::vector<ImageView> images;
  for (int i = 0; i < count; ++i) {
    const auto length = static_cast<std::size_t>(size);
    images.push_back({pixels.subspan(static_cast<std::size_t>(i) * length, length), height, width, channels});
  }
  return images;
}

std::vector<float> channels_last(std::span<const float> pixels, int channels, int height, int width) {
  const std::int64_t plane = std::int64_t{height} * width;
  if (channels <= 0 || plane <= 0 || static_cast<std::int64_t>(pixels.size()) != plane * channels) {
    throw Error(fmt::format("image of {}x{}x{}: expected {} values, got {}", channels, height, width, plane * channels,
                            pixels.size()));
  }
  std::vector<float> out(pixels.size());
  for (std::int64_t i = 0; i < plane; ++i) {
    for (std::int64_t c = 0; c < channels; ++c) {
      out[static_cast<std::size_t>(i * channels + c)] = pixels[static_cast<std::size_t>(c * plane + i)];
    }
  }
  return out;
}

}  // namespace gg::apps
