#include "ops/image.h"

#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/pool.h"
#include "ops/reduce.h"

namespace gg {
namespace {

void check_image(const Tensor& x, const char* op) {
  GG_CHECK(x.rank() == 4, op, ": expected [N,C,H,W], got shape ", x.shape());
}

// The matrix [windows, size] whose product with an axis of `size` elements gives the means of the windows.
Tensor mean_matrix(int64_t size, int64_t windows, const Tensor& like) {
  std::vector<double> m(static_cast<size_t>(size * windows), 0);
  for (int64_t i = 0; i < windows; ++i) {
    const int64_t first = i * size / windows, end = ((i + 1) * size + windows - 1) / windows;
    for (int64_t k = first; k < end; ++k) m[static_cast<size_t>(i * size + k)] = 1 / static_cast<double>(end - first);
  }
  return to(to(from_vector(m, {windows, size}), like.dtype()), like.device());
}

}  // namespace

Tensor pixel_shuffle(const Tensor& x, int64_t r) {
  check_image(x, "pixel_shuffle");
  GG_CHECK(r >= 1 && x.size(1) % (r * r) == 0, "pixel_shuffle: ", x.size(1),
           " channels do not divide by the square of ", r, " (input ", x.shape(), ")");
  const int64_t n = x.size(0), c = x.size(1) / (r * r), h = x.size(2), w = x.size(3);
  return reshape(permute(reshape(x, {n, c, r, r, h, w}), {0, 1, 4, 2, 5, 3}), {n, c, h * r, w * r});
}

Tensor pixel_unshuffle(const Tensor& x, int64_t r) {
  check_image(x, "pixel_unshuffle");
  GG_CHECK(r >= 1 && x.size(2) % r == 0 && x.size(3) % r == 0, "pixel_unshuffle: height and width of ", x.shape(),
           " do not divide by ", r);
  const int64_t n = x.size(0), c = x.size(1), h = x.size(2) / r, w = x.size(3) / r;
  return reshape(permute(reshape(x, {n, c, h, r, w, r}), {0, 1, 3, 5, 2, 4}), {n, c * r * r, h, w});
}

Tensor adaptive_avg_pool2d(const Tensor& x, Size2 size) {
  check_image(x, "adaptive_avg_pool2d");
  GG_CHECK(is_floating(x.dtype()), "adaptive_avg_pool2d: expected a floating tensor, got ", name_of(x.dtype()));
  const int64_t h = x.size(2), w = x.size(3);
  GG_CHECK(size.height >= 1 && size.width >= 1 && h >= 1 && w >= 1, "adaptive_avg_pool2d: cannot pool ", x.shape(),
           " to ", size.height, " x ", size.width);
  if (size == Size2(1)) return mean(x, {2, 3}, {.keepdim = true});
  if (h % size.height == 0 && w % size.width == 0) {
    return avg_pool2d(x, {.kernel = {h / size.height, w / size.width}});
  }
  Tensor y = matmul(x, transpose(mean_matrix(w, size.width, x)));
  return matmul(mean_matrix(h, size.height, x), y);
}

}  // namespace gg
