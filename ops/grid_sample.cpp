#include "ops/grid_sample.h"

#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/index.h"
#include "ops/matmul.h"
#include "ops/shape.h"

namespace gg {
namespace {

// Places along an axis of `size` elements, in elements, from those of a grid; all made such that they lie near the
// image.
Tensor places(const Tensor& grid, int64_t size, const GridSampleOptions& o) {
  const auto n = static_cast<double>(size);
  Tensor at = o.align_corners ? affine(grid, (n - 1) / 2, (n - 1) / 2) : affine(grid, n / 2, (n - 1) / 2);
  if (o.padding == GridPadding::zeros) return hardtanh(at, -2, n + 1);  // there, nothing is read
  if (size == 1) return hardtanh(at, -1, 1) * 0.0;
  if (o.padding == GridPadding::reflection) {
    const double far = n * (at.dtype() == f32 ? 0x1p24 : 0x1p53);  // beyond, a place has no fraction
    at = hardtanh(at, -far, far);
    const double low = o.align_corners ? 0 : -0.5, span = o.align_corners ? n - 1 : n;
    Tensor away = abs(at - low), turns = floor(away / span).detach();
    Tensor rest = away - turns * span;
    Tensor odd = ne(turns, floor(turns / 2.0) * 2.0);
    at = where(odd, span - rest, rest) + low;
  }
  return hardtanh(at, 0, n - 1);
}

Tensor inside(const Tensor& place, int64_t size) {
  Tensor low = zeros({}, place.options()), high = full({}, static_cast<double>(size - 1), place.options());
  return logical_and(ge(place, low), le(place, high));
}

// Images as a list of pixels [N·H·W, C]: one place in it is read for all channels together.
struct Pixels {
  Tensor list, first;  // and where each image's pixels begin, [N, 1]
  int64_t height, width;

  explicit Pixels(const Tensor& x)
      : list(reshape(permute(x, {0, 2, 3, 1}), {x.size(0) * x.size(2) * x.size(3), x.size(1)})),
        first(unsqueeze(arange(0, static_cast<double>(x.size(0)), 1, {.device = x.device()}), 1) *
              (x.size(2) * x.size(3))),
        height(x.size(2)),
        width(x.size(3)) {}

  // The pixels (h, w) [N, P], times weight [N, P]: [N·P, C]. Outside nothing is read, neither is what lies at the edge
  // (an infinity times a weight of 0); a weight that is NaN makes NaN.
  Tensor at(const Tensor& h, const Tensor& w, const Tensor& weight) const {
    Tensor seen = logical_and(inside(h, height), inside(w, width)), none = zeros({}, list.options());
    Tensor index = first + to(where(seen, h, none), i64) * width + to(where(seen, w, none), i64);
    Tensor read = index_select(list, 0, flatten(index));
    return where(reshape(seen, {-1, 1}), read, none) * reshape(weight, {-1, 1});
  }
};

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, const GridSampleOptions& o) {
  GG_CHECK(x.rank() == 4 && grid.rank() == 4 && grid.size(3) == 2 && x.size(0) == grid.size(0),
           "grid_sample: expected images [N,C,H,W] and a grid [N,H',W',2], got ", x.shape(), " and ", grid.shape());
  GG_CHECK(is_floating(x.dtype()) && x.dtype() == grid.dtype(),
           "grid_sample: expected two floating tensors of one type, got ", name_of(x.dtype()), " and ",
           name_of(grid.dtype()));
  GG_CHECK(x.device() == grid.device(), "grid_sample: tensors are on ", x.device(), " and ", grid.device());
  const int64_t height = x.size(2), width = x.size(3), n = grid.size(0), rows = grid.size(1), columns = grid.size(2);
  GG_CHECK(height >= 1 && width >= 1, "grid_sample: there is nothing to read in ", x.shape());
  const Pixels pixels(x);
  Tensor pairs = reshape(grid, {n, rows * columns, 2});
  Tensor w = places(select(pairs, 2, 0), width, o), h = places(select(pairs, 2, 1), height, o);
  Tensor y;
  if (o.mode == GridMode::nearest) {
    Tensor one = (floor(h) + floor(w)) * 0.0 + 1.0;  // of derivative 0
    y = pixels.at(round(h.detach()), round(w.detach()), one);
  } else {
    Tensor top = floor(h).detach(), left = floor(w).detach();
    Tensor b = h - top, r = w - left, a = 1.0 - b, l = 1.0 - r;
    y = pixels.at(top, left, a * l) + pixels.at(top, left + 1.0, a * r) + pixels.at(top + 1.0, left, b * l) +
        pixels.at(top + 1.0, left + 1.0, b * r);
  }
  return permute(reshape(y, {n, rows, columns, x.size(1)}), {0, 3, 1, 2});
}

Tensor affine_grid(const Tensor& theta, int64_t height, int64_t width, const AffineGridOptions& o) {
  GG_CHECK(theta.rank() == 3 && theta.size(1) == 2 && theta.size(2) == 3 && is_floating(theta.dtype()),
           "affine_grid: expected floating matrices [N,2,3], got ", name_of(theta.dtype()), " ", theta.shape());
  GG_CHECK(height >= 1 && width >= 1, "affine_grid: cannot make a grid of ", height, " x ", width);
  auto axis = [&](int64_t size) {
    if (size == 1) return zeros({1}, theta.options());
    const double end = o.align_corners ? 1 : static_cast<double>(size - 1) / static_cast<double>(size);
    return linspace(-end, end, size, theta.options());
  };
  const Shape shape{height, width, 1};
  Tensor base = concat({expand(reshape(axis(width), {1, width, 1}), shape),
                        expand(reshape(axis(height), {height, 1, 1}), shape), ones(shape, theta.options())},
                       2);
  Tensor grid = matmul(reshape(base, {height * width, 3}), transpose(theta));
  return reshape(grid, {theta.size(0), height, width, 2});
}

}  // namespace gg
