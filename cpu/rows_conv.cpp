#include <algorithm>
#include <cstring>

#include "cpu/image_conv.h"
#include "cpu/kernels/copy.h"
#include "cpu/onednn.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

constexpr int64_t kMaxFloats = 256 * 1024;  // of gathered rows, which should stay in the cache

void fill_zero(float* to, int64_t n) { std::memset(to, 0, sizeof(float) * static_cast<size_t>(n)); }

class RowsConv final : public ImageConv {
 public:
  explicit RowsConv(const ConvSpec& s) : s_(s) {}

  // [o, kh, kw, c]
  size_t weight_floats() const override { return static_cast<size_t>(s_.o * s_.kh * s_.kw * s_.c); }
  void pack_weight(float*, const float*) const override {}
  void unpack_weight(float* w, const float* from) const override {
    const int64_t window = s_.kh * s_.kw;
    for (int64_t o = 0; o < s_.o; ++o) {
      copy_kernels().transpose_4(reinterpret_cast<uint32_t*>(w + o * s_.c * window), window,
                                 reinterpret_cast<const uint32_t*>(from + o * s_.c * window), s_.c, s_.c, window);
    }
  }
  bool same_weight(const ImageConv&) const override { return true; }

  void run(float* x, float* w, float* y) const override {
    const int64_t row = s_.kh * s_.kw * s_.c;  // floats under a window
    const int64_t lines = s_.n * s_.oh;        // of places
    const int64_t at_once = std::clamp<int64_t>(kMaxFloats / (s_.ow * row), 1, lines);
    Scratch rows(sizeof(float) * static_cast<size_t>(at_once * s_.ow * row));
    for (int64_t begin = 0; begin < lines; begin += at_once) {
      const int64_t end = std::min(begin + at_once, lines);
      float* to = rows.as<float>();
      for (int64_t line = begin; line < end; ++line, to += s_.ow * row) {
        gather(to, x + line / s_.oh * s_.h * s_.w * s_.c, line % s_.oh);
      }
      onednn_sgemm(true, false, s_.o, row, (end - begin) * s_.ow, y + begin * s_.ow * s_.o, s_.o, rows.as<float>(), row,
                   w, row, begin > 0);
    }
  }

 private:
  // The rows of the places of output line `oh`.
  void gather(float* to, const float* image, int64_t oh) const {
    const int64_t step = s_.dilation[1];
    for (int64_t ow = 0; ow < s_.ow; ++ow) {
      for (int64_t i = 0; i < s_.kh; ++i, to += s_.kw * s_.c) {
        const int64_t h = oh * s_.stride[0] - s_.padding[0] + i * s_.dilation[0];
        if (h < 0 || h >= s_.h) {
          fill_zero(to, s_.kw * s_.c);
          continue;
        }
        const int64_t left = ow * s_.stride[1] - s_.padding[1];
        if (step == 1 && left >= 0 && left + s_.kw <= s_.w) {
          std::memcpy(to, image + (h * s_.w + left) * s_.c, sizeof(float) * static_cast<size_t>(s_.kw * s_.c));
          continue;
        }
        for (int64_t j = 0; j < s_.kw; ++j) {
          const int64_t at = left + j * step;
          if (at < 0 || at >= s_.w) {
            fill_zero(to + j * s_.c, s_.c);
          } else {
            std::memcpy(to + j * s_.c, image + (h * s_.w + at) * s_.c, sizeof(float) * static_cast<size_t>(s_.c));
          }
        }
      }
    }
  }

  ConvSpec s_;
};

}  // namespace

std::shared_ptr<const ImageConv> rows_conv(const ConvSpec& spec) { return std::make_shared<RowsConv>(spec); }

}  // namespace gg::cpu
