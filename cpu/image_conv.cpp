#include "cpu/image_conv.h"

namespace gg::cpu {

// Measured with AVX-512, one thread: our own forward and input_grad take 0.6 and 0.2 of oneDNN's time with 1 channel,
// and the same with 8. oneDNN's weight gradients are slower with strides than a product of gathered rows, by a quarter,
// and faster without.
std::shared_ptr<const ImageConv> image_conv(const ConvSpec& s) {
  constexpr int64_t kFewChannels = 8, kManyChannels = 16;
  if (s.groups == 1) {
    const bool gradient = s.kind == ConvKind::weight_grad;
    if (!gradient && s.c < kFewChannels) return few_channels_conv(s);
    if (gradient && s.c >= kManyChannels && s.stride[0] * s.stride[1] > 1) return rows_conv(s);
  }
  return onednn_conv(s);
}

}  // namespace gg::cpu
