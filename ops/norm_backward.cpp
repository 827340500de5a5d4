#include "ops/norm_backward.h"

#include <algorithm>

#include "autograd/apply.h"
#include "autograd/raw.h"
#include "core/dispatch.h"
#include "cpu/norm.h"
#include "cuda/norm_kernels.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"

namespace gg::detail {
namespace {

// P·h of the header.
Tensor projected(const Tensor& h, const Normalised& x, const Axes& axes, bool centred) {
  const Tensor rest = h - x.u * mean(h * x.u, axes, {.keepdim = true});
  return x.rstd * (centred ? rest - mean(h, axes, {.keepdim = true}) : rest);
}

struct LayerNormBackward {
  static constexpr const char* name = "layer_norm_backward";
  static constexpr unsigned saves = kSaveInputs;
  RowStatistics statistics;
  double eps;
  bool centred;

  Tensor forward(const Tensor& g, const Tensor& x, const Tensor& w) const {
    Tensor dx = empty(x.shape(), x.options());
    const Array none{nullptr, w.dtype(), w.shape(), {}};
    GG_KERNEL(x.device(), layer_norm_backward, dx.array(), none, none, g.array(), x.array(), statistics.mean.array(),
              statistics.rstd.array(), w.array(), centred);
    return dx;
  }
  Tensors vjp(const Vjp& c) const {
    const Tensor g = c.input(0), x = c.input(1), w = c.input(2);
    Tensor dg = empty(x.shape(), x.options()), dx = empty(x.shape(), x.options()), dw;
    if (c.needs(2)) dw = empty(w.shape(), w.options());
    GG_KERNEL(x.device(), layer_norm_double_backward, dg.array(), dx.array(),
              dw.defined() ? dw.array() : Array{nullptr, w.dtype(), w.shape(), {}}, c.grad().array(), g.array(),
              x.array(), statistics.mean.array(), statistics.rstd.array(), w.array(), centred);
    return {dg, dx, dw};
  }
  Tensor reference(const Tensor& g, const Tensor& x, const Tensor& w) const {
    return projected(g * w, normalised(x, {-1}, eps, centred), {-1}, centred);
  }
};

// Σ g·(x - mean) and Σ g over each channel that the kernels see.
struct Sums {
  Tensor product, total;
};

Sums channel_sums(const Tensor& g, const Tensor& x, const Tensor& mean) {
  Sums s{empty(mean.shape(), mean.options()), empty(mean.shape(), mean.options())};
  GG_KERNEL(x.device(), channel_gradients, s.product.array(), s.total.array(), g.array(), x.array(), mean.array());
  return s;
}

// g·a + (x - mean)·b + c, in the layout of x.
Tensor combined(const Tensor& g, const Tensor& x, const Tensor& mean, const Tensor& a, const Tensor& b,
                const Tensor& c) {
  Tensor out = empty_like(x);
  GG_KERNEL(x.device(), channel_combine, out.array(), g.array(), x.array(), mean.array(), a.array(), b.array(),
            c.array());
  return out;
}

// What the kernels read: x as they see it, and of each channel there mean, rstd and w.
struct View {
  Tensor x, mean, rstd, w;
};
View view(const ChannelNorm& norm, const Tensor& x, const Tensor& w) {
  return {norm.seen(x), norm.of_groups(norm.mean, x), rsqrt(norm.of_groups(norm.var, x) + norm.eps),
          norm.of_channels(w, x)};
}

struct ChannelNormBackward {
  static constexpr const char* name = "channel_norm_backward";
  static constexpr unsigned saves = kSaveInputs;
  ChannelNorm norm;

  Tensor gradients_as_seen(const Tensor& g) const { return norm.seen(norm.groups > 0 ? contiguous(g) : g); }

  Tensor forward(const Tensor& g, const Tensor& x, const Tensor& w) const {
    const Tensor seen = gradients_as_seen(g);
    const Sums s = channel_sums(seen, norm.seen(x), norm.of_groups(norm.mean, x));
    return channel_norm_input_gradient(seen, x, w, norm, s.product, s.total);
  }
  Tensors vjp(const Vjp& c) const {
    const Tensor x = c.input(1);
    const View at = view(norm, x, c.input(2));
    const Tensor g = gradients_as_seen(c.input(0)), v = gradients_as_seen(c.grad());
    const Tensor zero = raw::full(at.mean.shape(), 0, at.mean.options());
    const Sums of_g = channel_sums(g, at.x, at.mean), of_v = channel_sums(v, at.x, at.mean);
    const Tensor products = channel_sums(g, v, zero).product;
    const Tensor h_mean = norm.mean_of(of_g.total * at.w, x), v_mean = norm.mean_of(of_v.total, x);
    const Tensor hu = norm.mean_of(of_g.product * at.w, x) * at.rstd, vu = norm.mean_of(of_v.product, x) * at.rstd;
    Tensor dg, dx, dw;
    if (c.needs(0)) {
      const Tensor scale = at.rstd * at.w;
      dg = reshape(combined(v, at.x, at.mean, scale, -(scale * at.rstd * vu), -(scale * v_mean)), x.shape());
    }
    if (c.needs(1)) {
      const Tensor s = norm.mean_of(products * at.w, x) - v_mean * h_mean - hu * vu, r2 = square(at.rstd);
      const Tensor part = combined(g, at.x, at.mean, -(r2 * vu * at.w), r2 * at.rstd * (2 * hu * vu - s),
                                   r2 * (vu * h_mean + hu * v_mean));
      dx = reshape(combined(v, part, zero, -(r2 * hu), zero + 1, zero), x.shape());
    }
    if (c.needs(2)) {
      dw = norm.over_images(at.rstd * (products - v_mean * of_g.total - at.rstd * vu * of_g.product), x);
    }
    return {dg, dx, dw};
  }
  Tensor reference(const Tensor& g, const Tensor& x, const Tensor& w) const {
    Shape channels{x.size(1)};
    Axes places{0};
    for (int i = 2; i < x.rank(); ++i) {
      channels.push_back(1);
      places.push_back(i);
    }
    const Tensor h = g * reshape(w, channels);
    if (norm.groups == 0) return projected(h, normalised(x, places, norm.eps), places, true);
    const Shape rows{x.size(0), norm.groups, x.size(1) / norm.groups * x.size(2)};
    return reshape(projected(reshape(h, rows), normalised(reshape(x, rows), {-1}, norm.eps), {-1}, true), x.shape());
  }
};

}  // namespace

Normalised normalised(const Tensor& x, const Axes& axes, double eps, bool centred) {
  const Tensor distance = centred ? x - mean(x, axes, {.keepdim = true}) : x;
  const Tensor rstd = rsqrt(mean(square(distance), axes, {.keepdim = true}) + eps);
  return {distance * rstd, rstd};
}

Tensor layer_norm_backward(const Tensor& g, const Tensor& x, const Tensor& w, const RowStatistics& statistics,
                           double eps, bool centred) {
  return apply(LayerNormBackward{statistics, eps, centred}, g, x, w);
}

Tensor ChannelNorm::seen(const Tensor& x) const {
  return groups > 0 ? reshape(x, {1, x.size(0) * x.size(1), x.size(2)}) : x;
}

Tensor ChannelNorm::of_groups(const Tensor& t, const Tensor& x) const {
  if (groups == 0) return t;
  const int64_t n = x.size(0), each = x.size(1) / groups;
  return reshape(contiguous(expand(reshape(t, {n, groups, 1}), {n, groups, each})), {n * x.size(1)});
}

Tensor ChannelNorm::of_channels(const Tensor& t, const Tensor& x) const {
  if (groups == 0) return t;
  return reshape(contiguous(expand(t, {x.size(0), x.size(1)})), {x.size(0) * x.size(1)});
}

Tensor ChannelNorm::mean_of(const Tensor& sums, const Tensor& x) const {
  if (groups == 0) return sums / static_cast<double>(std::max<int64_t>(x.numel() / std::max<int64_t>(x.size(1), 1), 1));
  const int64_t n = x.size(0), each = x.size(1) / groups;
  const auto count = static_cast<double>(std::max<int64_t>(each * x.size(2), 1));
  return of_groups(sum(reshape(sums, {n, groups, each}), -1) / count, x);
}

Tensor ChannelNorm::over_images(const Tensor& sums, const Tensor& x) const {
  return groups == 0 ? sums : sum(reshape(sums, {x.size(0), x.size(1)}), 0);
}

Tensor channel_norm_input_gradient(const Tensor& g, const Tensor& x, const Tensor& w, const ChannelNorm& norm,
                                   const Tensor& product, const Tensor& total) {
  const View at = view(norm, x, w);
  const Tensor hu = norm.mean_of(product * at.w, x) * at.rstd, h = norm.mean_of(total * at.w, x);
  return reshape(combined(g, at.x, at.mean, at.rstd * at.w, -(square(at.rstd) * hu), -(at.rstd * h)), x.shape());
}

Tensor channel_norm_backward(const Tensor& g, const Tensor& x, const Tensor& w, const ChannelNorm& norm) {
  return apply(ChannelNormBackward{norm}, g, x, w);
}

}  // namespace gg::detail
