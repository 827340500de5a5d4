#include "apps/common/png.h"

#include <zlib.h>

#include <cstdlib>

#include "core/error.h"

namespace {

/// zlib packs grids about a third smaller than the compressor that comes with stb.
unsigned char* compress_for_png(unsigned char* data, int size, int* out_size, int quality) {
  uLongf length = compressBound(static_cast<uLong>(size));
  auto* out = static_cast<unsigned char*>(std::malloc(length));
  if (out == nullptr) return nullptr;
  if (compress2(out, &length, data, static_cast<uLong>(size), quality) != Z_OK) {
    std::free(out);
    return nullptr;
  }
  *out_size = static_cast<int>(length);
  return out;
}

}  // namespace

#define STBIW_ZLIB_COMPRESS compress_for_png
#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace gg::apps {

std::string encode_png(const ByteImage& image) {
  const auto pixels = static_cast<std::size_t>(image.height) * static_cast<std::size_t>(image.width);
  if (image.height <= 0 || image.width <= 0 || image.channels < 1 || image.channels > 4 ||
      image.bytes.size() != pixels * static_cast<std::size_t>(image.channels)) {
    throw Error("cannot encode PNG: the image's bytes do not fit its size");
  }
  std::string out;
  const auto append = [](void* context, void* data, int size) {
    static_cast<std::string*>(context)->append(static_cast<const char*>(data), static_cast<std::size_t>(size));
  };
  stbi_write_png_compression_level = 9;
  const int done = stbi_write_png_to_func(append, &out, image.width, image.height, image.channels, image.bytes.data(),
                                          image.width * image.channels);
  if (done == 0) throw Error("cannot encode PNG: out of memory");
  return out;
}

}  // namespace gg::apps
