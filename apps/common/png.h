// PNG in memory: encode here, then write_file_atomically or embed in a report.
#pragma once

#include <string>

#include "apps/common/image.h"

namespace gg::apps {

/// The bytes of a PNG file. Throws gg::Error for an image whose bytes do not fit its size.
std::string encode_png(const ByteImage& image);

}  // namespace gg::apps
