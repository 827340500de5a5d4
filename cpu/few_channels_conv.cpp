#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "cpu/image_conv.h"
#include "cpu/kernels/conv.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

// How far the windows reach over the padded image.
Size2 reach(const ConvSpec& s) {
  return {(s.oh - 1) * s.stride[0] + (s.kh - 1) * s.dilation[0] + 1,
          (s.ow - 1) * s.stride[1] + (s.kw - 1) * s.dilation[1] + 1};
}

// Works on one image at a time, copied into a frame of zeros that is as large as the windows reach.
class FewChannelsConv final : public ImageConv {
 public:
  explicit FewChannelsConv(const ConvSpec& s) : s_(s), height_(reach(s).height), width_(reach(s).width) {
    const int64_t line = width_ * s.c;
    for (int64_t i = 0; i < s.oh; ++i) {
      for (int64_t j = 0; j < s.ow; ++j) {
        begin_.push_back(static_cast<int32_t>(i * s.stride[0] * line + j * s.stride[1] * s.c));
      }
    }
    for (int64_t i = 0; i < s.kh; ++i) {
      for (int64_t j = 0; j < s.kw; ++j) {
        for (int64_t c = 0; c < s.c; ++c) {
          tap_.push_back(static_cast<int32_t>(i * s.dilation[0] * line + j * s.dilation[1] * s.c + c));
        }
      }
    }
  }

  // Panels as cpu/kernels/conv.h has them.
  size_t weight_floats() const override {
    return static_cast<size_t>(s_.kind == ConvKind::forward ? up(s_.o) * taps() : up(taps()) * s_.o);
  }
  void pack_weight(float* to, const float* w) const override {
    const int64_t panel = conv_kernels().width;
    std::fill_n(to, weight_floats(), 0.0f);
    for (int64_t o = 0; o < s_.o; ++o) {
      for (int64_t c = 0; c < s_.c; ++c) {
        for (int64_t k = 0; k < s_.kh * s_.kw; ++k, ++w) {
          const int64_t tap = k * s_.c + c;
          if (s_.kind == ConvKind::forward) {
            to[(o / panel * taps() + tap) * panel + o % panel] = *w;
          } else {
            to[(tap / panel * s_.o + o) * panel + tap % panel] = *w;
          }
        }
      }
    }
  }
  void unpack_weight(float*, const float*) const override {}
  bool same_weight(const ImageConv&) const override { return true; }

  void run(float* x, float* w, float* y) const override {
    const ConvPlaces places = {s_.oh * s_.ow, begin_.data(), taps(), tap_.data()};
    Scratch scratch(sizeof(float) * static_cast<size_t>(height_ * width_ * s_.c));
    float* frame = scratch.as<float>();
    // The part of the image that windows reach.
    const int64_t lines = std::clamp<int64_t>(height_ - s_.padding[0], 0, s_.h);
    const int64_t line = std::clamp<int64_t>(width_ - s_.padding[1], 0, s_.w) * s_.c;
    float* inside = frame + (lines && line ? (s_.padding[0] * width_ + s_.padding[1]) * s_.c : 0);
    std::fill_n(frame, height_ * width_ * s_.c, 0.0f);
    for (int64_t n = 0; n < s_.n; ++n) {
      float* image = x + n * s_.h * s_.w * s_.c;
      if (s_.kind == ConvKind::forward) {
        for (int64_t i = 0; i < lines; ++i) std::copy_n(image + i * s_.w * s_.c, line, inside + i * width_ * s_.c);
        conv_kernels().forward(y + n * s_.oh * s_.ow * s_.o, frame, w, s_.o, places);
      } else {
        if (n > 0) std::fill_n(frame, height_ * width_ * s_.c, 0.0f);
        conv_kernels().input_grad(frame, y + n * s_.oh * s_.ow * s_.o, w, s_.o, places);
        if (lines < s_.h || line < s_.w * s_.c) std::fill_n(image, s_.h * s_.w * s_.c, 0.0f);
        for (int64_t i = 0; i < lines; ++i) std::copy_n(inside + i * width_ * s_.c, line, image + i * s_.w * s_.c);
      }
    }
  }

 private:
  int64_t taps() const { return s_.kh * s_.kw * s_.c; }
  static int64_t up(int64_t n) {
    const int64_t panel = conv_kernels().width;
    return (n + panel - 1) / panel * panel;
  }

  ConvSpec s_;
  int64_t height_, width_;  // of the frame
  std::vector<int32_t> begin_, tap_;
};

}  // namespace

std::shared_ptr<const ImageConv> few_channels_conv(const ConvSpec& spec) {
  const Size2 frame = reach(spec);  // offsets in it are int32
  if (frame.height >= std::numeric_limits<int32_t>::max() / (frame.width * spec.c)) return nullptr;
  return std::make_shared<FewChannelsConv>(spec);
}

}  // namespace gg::cpu
