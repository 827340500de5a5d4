// What both paths of a convolution share: checks, the choice between them, and arrays brought into the layouts they
// take.
#include "cuda/conv2d.h"

#include <cstdlib>
#include <optional>
#include <string_view>

#include "cuda/conv_problem.h"
#include "cuda/copy.h"
#include "cuda/platform.h"
#include "cuda/scratch.h"

namespace gg::GG_CUDA_NS {
namespace {

/// [N, C, H, W] with the axes in the order that the weight has for channels-last images.
Array channels_at_end(const Array& a) {
  Array to = a;
  for (int i = 1; i < 4; ++i) {
    to.shape[i] = a.shape[i == 3 ? 1 : i + 1];
    to.strides[static_cast<size_t>(i)] = a.strides[i == 3 ? 1 : static_cast<size_t>(i) + 1];
  }
  return to;
}

/// An array that stands in for another one in a layout of its choice: filled from it if it is read, copied back if it
/// is written.
class Arranged {
 public:
  /// `layout`: of the stand-in, or nothing where the array serves as it is.
  Arranged(const Array& original, std::optional<Layout> layout, bool is_written)
      : original_(original),
        is_written_(is_written),
        copied_(layout.has_value()),
        scratch_(copied_ ? size_of(original.dtype) * static_cast<size_t>(original.numel()) : 0, Device::GG_CUDA_NS),
        array_(original) {
    if (!copied_) return;
    array_.data = scratch_.as<void>();
    array_.strides = layout->strides;
    if (!is_written_) copy(array_, original_);
  }
  const Array& array() const { return array_; }
  void finish() const {
    if (copied_ && is_written_) copy(original_, array_);
  }

 private:
  Array original_;
  bool is_written_, copied_;
  DeviceScratch scratch_;
  Array array_;
};

/// Whether to compute channels-last: as y lies, and as x does where y can be seen both ways. One place only is both,
/// and makes one product of all images channels-last, but one product for each of them otherwise.
bool prefers_last(const Array& x, const Array& y) {
  const bool y_last = is_channels_last(y), y_nchw = is_nchw(y);
  if (y_last && y_nchw) return is_channels_last(x) || y.shape[2] * y.shape[3] == 1;
  return y_last || (!y_nchw && is_channels_last(x));
}

/// As long as the columns stay in the cache, gathering them is cheap, and we are ahead: cuDNN's deterministic gradients
/// spread small problems over a few blocks only or go by way of Fourier transforms, and each of its calls costs the
/// host some launches. (H100, weights of 1 to 64 channels at 14 x 14 and 7 x 7, batch 128: weight gradients 34 to 51
/// against 130 to 211 microseconds; a training step 0.45 ms, 0.54 with cuDNN forward only, 1.07 with cuDNN.)
constexpr size_t kColumnsInCache = size_t{16} << 20;

bool use_cudnn(size_t column_bytes) {
  switch (conv_path()) {
    case ConvPath::own:
      return false;
    case ConvPath::cudnn:
      return true;
    default:
      return Device::GG_CUDA_NS == Device::cuda && column_bytes > kColumnsInCache && has_cudnn();
  }
}

void convolve(ConvKind kind, const Array& x, const Array& w, const Array& y, const Conv2dOptions& o, const char* op) {
  check_conv2d(x, w, y, o, op);
  const Array& written = kind == ConvKind::forward ? y : kind == ConvKind::input_grad ? x : w;
  if (written.numel() == 0) return;
  if (x.numel() == 0 || w.numel() == 0 || y.numel() == 0) return fill(written, 0.0);

  const int64_t columns = x.shape[0] * y.shape[2] * y.shape[3] * x.shape[1] * w.shape[2] * w.shape[3];
  const bool last = prefers_last(x, y), cudnn = use_cudnn(size_of(x.dtype) * static_cast<size_t>(columns));
  const auto in_order = [&](const Array& image) { return last ? is_channels_last(image) : is_nchw(image); };
  const auto layout_for = [&](const Array& image, bool as_it_is) -> std::optional<Layout> {
    if (as_it_is) return std::nullopt;
    return image_layout(image.shape, last);
  };
  const Arranged ax(x, layout_for(x, !cudnn || in_order(x)), kind == ConvKind::input_grad);
  const Arranged ay(y, layout_for(y, in_order(y)), kind == ConvKind::forward);
  const Array wv = last ? channels_at_end(w) : w;
  const Arranged aw(wv, wv.is_contiguous() ? std::nullopt : std::optional(Layout::contiguous(wv.shape)),
                    kind == ConvKind::weight_grad);

  const ConvProblem problem{kind, ax.array(), aw.array(), ay.array(), o, last, w.shape[2], w.shape[3]};
  if (!cudnn || !conv_by_cudnn(problem)) conv_by_columns(problem);
  ax.finish();
  ay.finish();
  aw.finish();
}

}  // namespace

ConvPath& conv_path() {
  static ConvPath path = [] {
    const char* set = std::getenv("GG_CONV");
    const std::string_view wanted = set ? set : "";
    GG_CHECK(wanted.empty() || wanted == "own" || wanted == "cudnn", "GG_CONV: expected own or cudnn, got ", wanted);
    return wanted == "own" ? ConvPath::own : wanted == "cudnn" ? ConvPath::cudnn : ConvPath::automatic;
  }();
  return path;
}

void conv2d_forward(Array out, Array x, Array w, Conv2dOptions o) {
  convolve(ConvKind::forward, x, w, out, o, "conv2d");
}

void conv2d_input_grad(Array dx, Array g, Array w, Conv2dOptions o) {
  convolve(ConvKind::input_grad, dx, w, g, o, "conv2d_input_grad");
}

void conv2d_weight_grad(Array dw, Array x, Array g, Conv2dOptions o) {
  convolve(ConvKind::weight_grad, x, dw, g, o, "conv2d_weight_grad");
}

}  // namespace gg::GG_CUDA_NS
