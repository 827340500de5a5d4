// Rows of images read at given places.
#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/autograd.h"
#include "ops/ops.h"
#include "tests/ops/op_table.h"

namespace gg::optable {
namespace {

using In = std::span<const Tensor>;
using Hosts = std::span<const Host>;

// The value at one place, from the definition: the image goes on outside as the padding says, and is read with a hat
// around each element.
Real read(const Host& x, int64_t n, int64_t c, Real h, Real w, const GridSampleOptions& o) {
  const int64_t size[2] = {x.shape[2], x.shape[3]};
  Real at[2] = {h, w};
  for (int i = 0; i < 2; ++i) {
    auto last = static_cast<Real>(size[i] - 1);
    if (o.padding == GridPadding::border) at[i] = std::clamp<Real>(at[i], 0, last);
    if (o.padding == GridPadding::reflection) {
      Real low = o.align_corners ? 0 : -0.5L, high = o.align_corners ? last : last + 0.5L;
      for (int k = 0; k < 20 && high > low; ++k) {  // fold at one edge after the other
        if (at[i] < low) at[i] = 2 * low - at[i];
        if (at[i] > high) at[i] = 2 * high - at[i];
      }
      at[i] = std::clamp<Real>(at[i], 0, last);
    }
  }
  Real total = 0;
  for (int64_t i = 0; i < size[0]; ++i) {
    for (int64_t j = 0; j < size[1]; ++j) {
      Real a = std::abs(at[0] - static_cast<Real>(i)), b = std::abs(at[1] - static_cast<Real>(j));
      if (o.mode == GridMode::nearest) {
        total += a < 0.5L && b < 0.5L ? x.at({n, c, i, j}) : 0;
      } else {
        total += std::max<Real>(1 - a, 0) * std::max<Real>(1 - b, 0) * x.at({n, c, i, j});
      }
    }
  }
  return total;
}

Oracle sampled(const GridSampleOptions& o) {
  return [o](Hosts in) {
    const Shape &x = in[0].shape, &g = in[1].shape;
    Host y({x[0], x[1], g[1], g[2]});
    for_each_position(y.shape, [&](std::span<const int64_t> p) {
      auto place = [&](int64_t k, int64_t size) {
        Real v = in[1].at({p[0], p[2], p[3], k}), n = static_cast<Real>(size);
        return o.align_corners ? (v + 1) / 2 * (n - 1) : ((v + 1) * n - 1) / 2;
      };
      y.at({p[0], p[1], p[2], p[3]}) = read(in[0], p[0], p[1], place(1, x[2]), place(0, x[3]), o);
    });
    return y;
  };
}

// Infinite pixels at the edge, and places that are infinite or no numbers.
void check_infinities_and_nan() {
  constexpr double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  using enum GridPadding;
  auto at = [](double w, double h) { return reshape(tensor({w, h}, {.dtype = f64}), {1, 1, 1, 2}); };
  const Tensor bright = reshape(tensor({1, inf}, {.dtype = f64}), {1, 1, 1, 2});
  // Past the right edge by a quarter of a pixel, and at a place where nothing is read.
  for (double w : {0.75, 1.0, 5.0}) {
    for (GridPadding padding : {zeros, border, reflection}) {
      const double y = grid_sample(bright, at(w, 0), {.padding = padding}).item();
      const double expected = padding == zeros && w == 5.0 ? 0 : inf;
      GG_CHECK(y == expected, "grid_sample beside an infinite pixel at ", w, ": ", y, ", expected ", expected);
    }
  }
  for (auto mode : {GridMode::bilinear, GridMode::nearest}) {
    for (GridPadding padding : {zeros, border, reflection}) {
      for (const Shape& shape : std::vector<Shape>{{1, 1, 3, 4}, {1, 1, 1, 1}}) {
        Tensor x = ones(shape, {f64}).requires_grad_();
        Tensor place = at(nan, 0.1).requires_grad_();
        Tensor y = grid_sample(x, place, {.mode = mode, .padding = padding});
        GG_CHECK(std::isnan(y.item()), "grid_sample at no number: ", y.item());
        GG_CHECK(sum(abs(grad(sum(y), x))).item() == 0, "nothing was read there");
        for (double far : {inf, -inf}) {
          place = at(far, 0.1).requires_grad_();
          y = grid_sample(x, place, {.mode = mode, .padding = padding});
          GG_CHECK(std::abs(y.item() - (padding == zeros ? 0 : 1)) < 1e-15, "grid_sample at ", far, ": ", y.item());
          const auto slope = grad(sum(y), place).to_vector<double>();
          GG_CHECK(std::abs(slope[0]) < 1e-15, "its gradient at ", far, ": ", slope[0]);
        }
      }
    }
  }
}

// No images, no channels, no places.
void check_empty() {
  const Shape images[] = {{0, 2, 3, 4}, {2, 0, 3, 4}, {2, 2, 3, 4}},
              grids[] = {{0, 5, 6, 2}, {2, 5, 6, 2}, {2, 0, 6, 2}};
  for (int i = 0; i < 3; ++i) {
    for (GridMode mode : {GridMode::bilinear, GridMode::nearest}) {
      const Tensor x = ones(images[i], {f64}).requires_grad_(), grid = zeros(grids[i], {f64}).requires_grad_();
      const Tensor y = grid_sample(x, grid, {.mode = mode});
      GG_CHECK(y.shape() == (Shape{images[i][0], images[i][1], grids[i][1], 6}), "grid_sample of nothing: ", y.shape());
      const std::vector<Tensor> g = grad(sum(y), std::vector<Tensor>{x, grid});
      GG_CHECK(g[0].shape() == x.shape() && g[1].shape() == grid.shape(), "its gradients");
      GG_CHECK(sum(abs(g[0])).item() == 0 && sum(abs(g[1])).item() == 0, "gradients of nothing");
    }
  }
}

}  // namespace

std::vector<Row> grid_rows() {
  std::vector<Row> rows;
  struct Setting {
    std::string variant;
    GridSampleOptions o;
    Shape x;
    std::vector<double> kinks;
  };
  // Where places meet elements, halfway between them for `nearest`, and the edges of the image.
  const std::vector<double> centres{-1.5, -1.25, -0.75, -0.5, -0.25, 0.25, 0.5, 0.75, 1.25, 1.5, -1, 1};
  const std::vector<double> corners{-1.5, -1, -0.5, 0, 0.5, 1, 1.5, -2, 2};
  const std::vector<double> edges{-1.5, -1, -0.5, 0, 0.5, 1, 1.5, -0.25, 0.25, -0.75, 0.75};
  using enum GridPadding;
  for (const Setting& s : std::vector<Setting>{
           {"", {}, {2, 2, 2, 4}, centres},
           {"align_corners", {.align_corners = true}, {1, 2, 3, 5}, corners},
           {"border", {.padding = border}, {1, 2, 2, 4}, centres},
           {"border_align_corners", {.padding = border, .align_corners = true}, {1, 1, 3, 5}, corners},
           {"reflection", {.padding = reflection}, {1, 2, 2, 4}, centres},
           {"reflection_align_corners", {.padding = reflection, .align_corners = true}, {1, 1, 3, 5}, corners},
           {"nearest", {.mode = GridMode::nearest}, {2, 2, 2, 4}, edges},
           {"one_pixel", {.padding = border}, {1, 2, 1, 1}, centres}}) {
    Input grid{{s.x[0], 2, 3, 2}, -1.7, 1.7};
    grid.kinks = s.kinks;
    Row row{
        "grid_sample", s.variant, [s](In in) { return grid_sample(in[0], in[1], s.o); }, {{s.x}, grid}, sampled(s.o)};
    row.accepts_zeros = true;
    if (s.variant.empty()) {
      row.large = {{4, 8, 20, 21}, {4, 30, 31, 2}};
      row.complaints = {{[] {
                           grid_sample(ones({1, 1, 2, 2}), ones({1, 2, 2, 3}));
                         },
                         {"grid_sample", "[N,H',W',2]", "[1,2,2,3]"}},
                        {[] {
                           grid_sample(ones({2, 1, 2, 2}), ones({1, 2, 2, 2}));
                         },
                         {"grid_sample", "[2,1,2,2]", "[1,2,2,2]"}},
                        {[] {
                           grid_sample(ones({1, 1, 2, 2}), ones({1, 2, 2, 2}, {f64}));
                         },
                         {"grid_sample", "float32 and float64"}},
                        {[] {
                           grid_sample(ones({1, 1, 0, 2}), ones({1, 2, 2, 2}));
                         },
                         {"grid_sample", "nothing to read"}}};
      row.extra = [] {
        // The identity reads each element, and gradients far outside are 0.
        Tensor x = randn({1, 2, 3, 4}, {f64}), id = tensor({{1, 0, 0}, {0, 1, 0}}, {.dtype = f64});
        for (bool align : {false, true}) {
          Tensor grid = affine_grid(unsqueeze(id, 0), 3, 4, {.align_corners = align});
          Tensor y = grid_sample(x, grid, {.align_corners = align});
          GG_CHECK(max(abs(y - x)).item() < 1e-14, "grid_sample by the identity");
        }
        Tensor far = full({1, 1, 1, 2}, std::numeric_limits<double>::infinity(), {f64}).requires_grad_();
        Tensor y = grid_sample(x, far);
        GG_CHECK(y.to_vector<double>() == (std::vector<double>{0, 0}), "grid_sample at infinity: ", to_string(y));
        GG_CHECK(grad(sum(y), far).to_vector<double>() == (std::vector<double>{0, 0}), "its gradient");
        check_infinities_and_nan();
        check_empty();
      };
    }
    rows.push_back(row);
  }
  for (bool align : {false, true}) {
    Row row{"affine_grid",
            align ? "align_corners" : "",
            [align](In in) { return affine_grid(in[0], 3, 4, {.align_corners = align}); },
            {{{2, 2, 3}}},
            [align](Hosts in) {
              Host y({2, 3, 4, 2});
              for_each_position(y.shape, [&](std::span<const int64_t> p) {
                auto along = [&](int64_t i, Real n) {
                  auto k = static_cast<Real>(i);
                  return align ? -1 + 2 * k / (n - 1) : (2 * k + 1) / n - 1;
                };
                Real h = along(p[1], 3), w = along(p[2], 4);
                y.at({p[0], p[1], p[2], p[3]}) =
                    in[0].at({p[0], p[3], 0}) * w + in[0].at({p[0], p[3], 1}) * h + in[0].at({p[0], p[3], 2});
              });
              return y;
            }};
    if (!align) {
      row.complaints = {{[] {
                           affine_grid(ones({2, 3}), 3, 4);
                         },
                         {"affine_grid", "[N,2,3]", "[2,3]"}},
                        {[] {
                           affine_grid(ones({1, 2, 3}), 0, 4);
                         },
                         {"affine_grid", "0 x 4"}}};
    }
    rows.push_back(row);
  }
  rows.push_back({"affine_grid",
                  "one_place",
                  [](In in) { return affine_grid(in[0], 1, 1, {.align_corners = true}); },
                  {{{1, 2, 3}}},
                  [](Hosts in) {
                    Host y({1, 1, 1, 2});
                    for (int64_t k = 0; k < 2; ++k) y.at({0, 0, 0, k}) = in[0].at({0, k, 2});
                    return y;
                  }});
  return rows;
}

}  // namespace gg::optable
