// Frames around images [N, C, H, W] as layers: ReflectionPad2d(1), ZeroPad2d({1, 0, 0, 2}).
#pragma once

#include "nn/module.h"
#include "ops/image.h"

namespace gg::nn {

/// Widths on the four sides, ≥ 0; one number means all of them. In PyTorch's order.
struct Sides {
  int64_t left = 0, right = 0, top = 0, bottom = 0;

  constexpr Sides(int64_t all) : Sides(all, all, all, all) {}
  constexpr Sides(int64_t l, int64_t r, int64_t t, int64_t b) : left(l), right(r), top(t), bottom(b) {}
};

struct Pad2d : Module {
  Sides sides;

 protected:
  Pad2d(const char* name, const Sides& s)
      : Module(str(name, "(", s.left, ", ", s.right, ", ", s.top, ", ", s.bottom, ")")), sides(s) {
    GG_CHECK(s.left >= 0 && s.right >= 0 && s.top >= 0 && s.bottom >= 0, description(),
             ": widths must not be negative");
  }
  std::vector<Padding> widths(const Tensor& x) const {
    GG_CHECK(x.rank() == 4, description(), ": expected [N, C, H, W], got ", x.shape());
    return {{2, sides.top, sides.bottom}, {3, sides.left, sides.right}};
  }
};

/// Zeros.
struct ZeroPad2d : Pad2d {
  explicit ZeroPad2d(const Sides& s) : Pad2d("ZeroPad2d", s) {}
  Tensor operator()(const Tensor& x) const { return pad(x, widths(x)); }
};

/// The mirror image, without the edge itself; widths less than the image.
struct ReflectionPad2d : Pad2d {
  explicit ReflectionPad2d(const Sides& s) : Pad2d("ReflectionPad2d", s) {}
  Tensor operator()(const Tensor& x) const { return pad(x, widths(x), PadMode::reflect); }
};

/// The edge, again and again.
struct ReplicationPad2d : Pad2d {
  explicit ReplicationPad2d(const Sides& s) : Pad2d("ReplicationPad2d", s) {}
  Tensor operator()(const Tensor& x) const { return pad(x, widths(x), PadMode::replicate); }
};

/// The image again from its other side, as on a torus; widths at most the image.
struct CircularPad2d : Pad2d {
  explicit CircularPad2d(const Sides& s) : Pad2d("CircularPad2d", s) {}
  Tensor operator()(const Tensor& x) const { return pad(x, widths(x), PadMode::circular); }
};

}  // namespace gg::nn
