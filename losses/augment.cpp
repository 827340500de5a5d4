#include "losses/augment.h"

#include "losses/samples.h"
#include "ops/grid_sample.h"

namespace gg::losses {

Tensor shift_and_zoom(const Tensor& x, const ShiftZoomOptions& o, Generator& generator) {
  GG_CHECK(x.rank() == 4 && is_floating(x.dtype()), "shift_and_zoom: expected floating images [N, C, H, W], got ",
           x.dtype(), " ", x.shape());
  GG_CHECK(o.shift >= 0 && o.shift <= 1, "shift_and_zoom: the shift must be in [0, 1], got ", o.shift);
  GG_CHECK(o.zoom >= 0 && o.zoom < 1, "shift_and_zoom: the zoom must be in [0, 1), got ", o.zoom);
  const Tensor u = affine(rand({x.size(0), 3}, x.options(), generator), 2, -1);
  // The grid says where the result is read, so an image that grows is read within less of it.
  const Tensor scale = unsqueeze(1 / affine(slice(u, 1, 0, 1), o.zoom, 1), 2);    // [N, 1, 1]
  const Tensor offset = unsqueeze(slice(u, 1, 1, 3) * (2 * o.shift), 2) * scale;  // the image is 2 wide
  const Tensor diagonal = scale * reshape(eye(2, x.options()), {1, 2, 2});
  return grid_sample(x, affine_grid(concat({diagonal, offset}, 2), x.size(2), x.size(3)));
}

}  // namespace gg::losses
