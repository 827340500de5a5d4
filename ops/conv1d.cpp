#include "ops/conv1d.h"

#include "core/dispatch.h"
#include "ops/conv2d.h"
#include "ops/pool.h"
#include "ops/shape.h"

namespace gg {
namespace {

void check_rank(const Tensor& t, const char* op, const char* what) {
  GG_CHECK(t.rank() == 3, op, ": expected ", what, ", got shape ", t.shape());
}

// What fn makes of images of height one, as sequences again.
template <class Fn>
Tensor as_images(const char* op, const Fn& fn) {
  try {
    return squeeze(fn(), 2);
  } catch (const NoKernelError&) {
    throw;  // says what to do by its type
  } catch (const Error& e) {
    throw Error(str(op, ", as images of height 1: ", e.what()));
  }
}

template <class Fn>
Tensor flat(const Tensor& x, const Tensor& w, const char* op, const Fn& fn) {
  check_rank(x, op, "an input [N,C,L]");
  check_rank(w, op, "a weight of three axes");
  return as_images(op, [&] { return fn(unsqueeze(x, 2), unsqueeze(w, 2)); });
}

template <class Fn>
Tensor flat(const Tensor& x, const char* op, const Fn& fn) {
  check_rank(x, op, "[N,C,L]");
  return as_images(op, [&] { return fn(unsqueeze(x, 2)); });
}

Pool2dOptions windows(const Pool1dOptions& o) {
  return {.kernel = {1, o.kernel}, .stride = {1, o.stride}, .padding = {0, o.padding}};
}

}  // namespace

Tensor conv1d(const Tensor& x, const Tensor& w, const Tensor& b, const Conv1dOptions& o) {
  return flat(x, w, "conv1d", [&](const Tensor& image, const Tensor& kernel) {
    return conv2d(
        image, kernel, b,
        {.stride = {1, o.stride}, .padding = {0, o.padding}, .dilation = {1, o.dilation}, .groups = o.groups});
  });
}

Tensor conv_transpose1d(const Tensor& x, const Tensor& w, const Tensor& b, const ConvTranspose1dOptions& o) {
  return flat(x, w, "conv_transpose1d", [&](const Tensor& image, const Tensor& kernel) {
    return conv_transpose2d(image, kernel, b,
                            {.stride = {1, o.stride},
                             .padding = {0, o.padding},
                             .output_padding = {0, o.output_padding},
                             .dilation = {1, o.dilation},
                             .groups = o.groups});
  });
}

Tensor max_pool1d(const Tensor& x, const Pool1dOptions& o) {
  return flat(x, "max_pool1d", [&](const Tensor& image) { return max_pool2d(image, windows(o)); });
}

Tensor avg_pool1d(const Tensor& x, const Pool1dOptions& o) {
  return flat(x, "avg_pool1d", [&](const Tensor& image) { return avg_pool2d(image, windows(o)); });
}

}  // namespace gg
