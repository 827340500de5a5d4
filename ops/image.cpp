#include "ops/image.h"

#include <algorithm>

#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/images.h"
#include "ops/index.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

using detail::check_image;

// The means of `windows` windows along an axis of images. Each window reads its own elements only, which may be
// infinite.
Tensor window_means(const Tensor& x, int axis, int64_t windows) {
  const int64_t size = x.size(axis);
  Shape apart = x.shape();
  apart[axis] = windows;
  if (size % windows == 0) return mean(reshape(x, apart.inserted(axis + 1, size / windows)), axis + 1);
  auto first = [&](int64_t i) { return i * size / windows; };
  auto count = [&](int64_t i) { return ((i + 1) * size + windows - 1) / windows - first(i); };
  int64_t most = 0;
  for (int64_t i = 0; i < windows; ++i) most = std::max(most, count(i));
  std::vector<int64_t> places, counts;
  for (int64_t i = 0; i < windows; ++i) {
    counts.push_back(count(i));
    for (int64_t k = 0; k < most; ++k) places.push_back(first(i) + std::min(k, count(i) - 1));
  }
  const int behind = x.rank() - 1 - axis;
  auto aligned = [&](const Tensor& t) {
    Shape s = t.shape();
    for (int i = 0; i < behind; ++i) s.push_back(1);
    return reshape(t, s);
  };
  const Tensor n = to(from_vector(counts, {windows, 1}), x.device());
  Tensor read = reshape(index_select(x, axis, to(from_vector(places, {windows * most}), x.device())),
                        apart.inserted(axis + 1, most));
  const Tensor own = lt(arange(0, static_cast<double>(most), 1, {i64, x.device()}), n);
  read = where(aligned(own), read, zeros({}, x.options()));
  return sum(read, axis + 1) / aligned(to(reshape(n, {windows}), x.dtype()));
}

}  // namespace

Tensor pixel_shuffle(const Tensor& x, int64_t r) {
  check_image(x, "pixel_shuffle");
  GG_CHECK(r >= 1, "pixel_shuffle: the factor must be at least 1, got ", r);
  GG_CHECK(x.size(1) % (r * r) == 0, "pixel_shuffle: ", x.size(1), " channels do not divide by the square of ", r,
           " (input ", x.shape(), ")");
  const int64_t n = x.size(0), c = x.size(1) / (r * r), h = x.size(2), w = x.size(3);
  return reshape(permute(reshape(x, {n, c, r, r, h, w}), {0, 1, 4, 2, 5, 3}), {n, c, h * r, w * r});
}

Tensor pixel_unshuffle(const Tensor& x, int64_t r) {
  check_image(x, "pixel_unshuffle");
  GG_CHECK(r >= 1, "pixel_unshuffle: the factor must be at least 1, got ", r);
  GG_CHECK(x.size(2) % r == 0 && x.size(3) % r == 0, "pixel_unshuffle: height and width of ", x.shape(),
           " do not divide by ", r);
  const int64_t n = x.size(0), c = x.size(1), h = x.size(2) / r, w = x.size(3) / r;
  return reshape(permute(reshape(x, {n, c, h, r, w, r}), {0, 1, 3, 5, 2, 4}), {n, c * r * r, h, w});
}

Tensor adaptive_avg_pool2d(const Tensor& x, Size2 size) {
  detail::check_floating_image(x, "adaptive_avg_pool2d");
  const int64_t h = x.size(2), w = x.size(3);
  GG_CHECK(size.height >= 1 && size.width >= 1 && h >= 1 && w >= 1, "adaptive_avg_pool2d: cannot pool ", x.shape(),
           " to ", size.height, " x ", size.width);
  if (size == Size2(1)) return mean(x, {2, 3}, {.keepdim = true});
  if (h % size.height == 0 && w % size.width == 0) {
    return avg_pool2d(x, {.kernel = {h / size.height, w / size.width}});
  }
  // Whole lines first: they are read from end to end, and fewer are left for the other axis.
  return window_means(window_means(x, 2, size.height), 3, size.width);
}

}  // namespace gg
