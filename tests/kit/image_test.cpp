// Image grids and PNG: the bytes are decoded here with zlib alone and compared.
#include "apps/common/image.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>

#include "apps/common/png.h"
#include "tests/errors.h"

namespace gg::apps {
namespace {

unsigned word(const std::string& bytes, std::size_t at) {
  unsigned value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

int paeth(int a, int b, int c) {
  const int p = a + b - c, pa = std::abs(p - a), pb = std::abs(p - b), pc = std::abs(p - c);
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/// A small PNG reader for 8-bit images, after the specification; checks every CRC.
ByteImage decode(const std::string& png) {
  ByteImage image;
  std::string packed;
  for (std::size_t at = 8; at < png.size();) {
    const unsigned length = word(png, at);
    const std::string type = png.substr(at + 4, 4), data = png.substr(at + 8, length);
    const auto* checked = reinterpret_cast<const unsigned char*>(png.data()) + at + 4;
    EXPECT_EQ(word(png, at + 8 + length), crc32(0, checked, length + 4));
    if (type == "IHDR") {
      image.width = static_cast<int>(word(data, 0));
      image.height = static_cast<int>(word(data, 4));
      EXPECT_EQ(data[8], 8);
      image.channels = data[9] == 0 ? 1 : data[9] == 4 ? 2 : data[9] == 2 ? 3 : 4;
    }
    if (type == "IDAT") packed += data;
    at += 12 + length;
  }
  const auto stride = static_cast<std::size_t>(image.width * image.channels);
  std::vector<unsigned char> raw((stride + 1) * static_cast<std::size_t>(image.height));
  uLongf size = raw.size();
  EXPECT_EQ(uncompress(raw.data(), &size, reinterpret_cast<const unsigned char*>(packed.data()), packed.size()), Z_OK);
  image.bytes.resize(stride * static_cast<std::size_t>(image.height));
  const auto pixel = static_cast<std::size_t>(image.channels);
  for (std::size_t y = 0; y < static_cast<std::size_t>(image.height); ++y) {
    for (std::size_t x = 0; x < stride; ++x) {
      const int left = x >= pixel ? image.bytes[y * stride + x - pixel] : 0;
      const int up = y > 0 ? image.bytes[(y - 1) * stride + x] : 0;
      const int corner = x >= pixel && y > 0 ? image.bytes[(y - 1) * stride + x - pixel] : 0;
      const int filter = raw[y * (stride + 1)];
      const int guess = filter == 1   ? left
                        : filter == 2 ? up
                        : filter == 3 ? (left + up) / 2
                        : filter == 4 ? paeth(left, up, corner)
                                      : 0;
      image.bytes[y * stride + x] = static_cast<std::uint8_t>(raw[y * (stride + 1) + 1 + x] + guess);
    }
  }
  return image;
}

TEST(Png, DecodesToTheSameBytes) {
  for (const int channels : {1, 2, 3, 4}) {
    ByteImage image{17, 23, channels, {}};
    for (int i = 0; i < 17 * 23 * channels; ++i) image.bytes.push_back(static_cast<std::uint8_t>(i * 37 % 251));
    const std::string png = encode_png(image);
    EXPECT_TRUE(png.starts_with("\x89PNG"));
    const ByteImage back = decode(png);
    EXPECT_EQ(back.width, 23);
    EXPECT_EQ(back.height, 17);
    EXPECT_EQ(back.channels, channels);
    EXPECT_EQ(back.bytes, image.bytes);
  }
}

TEST(Png, RefusesBytesThatDoNotFit) {
  EXPECT_HAS(message_of([] { encode_png({2, 2, 1, {1, 2, 3}}); }), "do not fit");
  EXPECT_HAS(message_of([] { encode_png({0, 2, 1, {}}); }), "do not fit");
}

TEST(Grid, PlacesImagesWithGapsAndScale) {
  const std::vector<float> pixels = {0, 1, 0.5f, 0.25f, /**/ 1, 1, 1, 1, /**/ 0, 0, 0, 0};
  const ByteImage grid = image_grid(split_images(pixels, 3, 2, 2), {.columns = 2, .scale = 3, .gap = 2});
  EXPECT_EQ(grid.width, 2 * (6 + 2));
  EXPECT_EQ(grid.height, 2 * (6 + 2));
  ASSERT_EQ(grid.channels, 2);
  const auto at = [&](int y, int x, int c) {
    return grid.bytes[static_cast<std::size_t>((y * grid.width + x) * 2 + c)];
  };
  EXPECT_EQ(at(0, 0, 1), 0);    // gap: transparent
  EXPECT_EQ(at(1, 1, 1), 255);  // first pixel of the first image
  EXPECT_EQ(at(1, 1, 0), 0);
  EXPECT_EQ(at(1, 4, 0), 255);  // its right neighbour begins three pixels on
  EXPECT_EQ(at(3, 6, 0), 255);  // and reaches to here
  EXPECT_EQ(at(4, 1, 0), 128);
  EXPECT_EQ(at(4, 4, 0), 64);
  EXPECT_EQ(at(1, 9, 0), 255);  // second image
  EXPECT_EQ(at(9, 9, 1), 0);    // the fourth cell is empty
}

TEST(Grid, ClampsAndShowsNan) {
  const std::vector<float> pixels = {-5, 7, std::nanf(""), INFINITY};
  const ByteImage grid = image_grid(split_images(pixels, 1, 1, 4), {.columns = 1, .scale = 1, .gap = 0});
  ASSERT_EQ(grid.channels, 4);
  const std::vector<std::uint8_t> expected = {0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 255, 255, 255, 255, 255, 255};
  EXPECT_EQ(grid.bytes, expected);
}

TEST(Grid, ColoursAndPlanes) {
  const std::vector<float> planes = {1, 0, 0, 1, 0, 0};  // C×H×W = 3×1×2: red, then green
  const std::vector<float> pixels = channels_last(planes, 3, 1, 2);
  EXPECT_EQ(pixels, (std::vector<float>{1, 0, 0, 0, 1, 0}));
  const ByteImage grid = image_grid(split_images(pixels, 1, 1, 2, 3), {.columns = 1, .scale = 1, .gap = 0});
  EXPECT_EQ(grid.bytes, (std::vector<std::uint8_t>{255, 0, 0, 255, 0, 255, 0, 255}));
}

TEST(Grid, RefusesWhatDoesNotFit) {
  const std::vector<float> pixels(16, 0.f);
  EXPECT_HAS(message_of([&] { split_images(pixels, 3, 2, 2); }), "expected 12 values, got 16");
  EXPECT_HAS(message_of([&] { image_grid({}); }), "at least one image");
  const std::vector<ImageView> mixed = {{std::span(pixels).first(4), 2, 2, 1}, {std::span(pixels).first(6), 2, 3, 1}};
  EXPECT_HAS(message_of([&] { image_grid(mixed); }), "images of one size");
  const std::vector<ImageView> wrong = {{std::span(pixels).first(5), 2, 2, 1}};
  EXPECT_HAS(message_of([&] { image_grid(wrong); }), "expected 4 values, got 5");
  const std::vector<ImageView> two = {{std::span(pixels).first(8), 2, 2, 2}};
  EXPECT_HAS(message_of([&] { image_grid(two); }), "1 or 3 channels");
  const std::vector<ImageView> one = {{std::span(pixels).first(4), 2, 2, 1}};
  EXPECT_HAS(message_of([&] { image_grid(one, {.scale = 1 << 30}); }), "show fewer");
  EXPECT_HAS(message_of([&] { image_grid(one, {.columns = 1 << 30}); }), "show fewer");
  EXPECT_HAS(message_of([&] { image_grid(one, {.scale = 0}); }), "scale");
}

}  // namespace
}  // namespace gg::apps
