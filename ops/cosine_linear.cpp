#include "ops/cosine_linear.h"

#include <algorithm>

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/matmul.h"
#include "cuda/matmul.h"
#include "ops/creation.h"
#include "ops/elementwise.h"
#include "ops/elementwise_run.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace gg {
namespace {

constexpr double kShortest = 1e-12;

// 1 / ‖row‖ of a matrix: [rows, 1]. The derivative is that of a constant where a row is shorter than kShortest.
Tensor inverse_lengths(const Tensor& x) {
  Tensor squares = sum(square(x), 1, {.keepdim = true});
  Tensor shortest = full({}, kShortest * kShortest, x.options());
  Tensor tiny = squares <= shortest;
  return where(tiny, full({}, 1 / kShortest, x.options()), rsqrt(where(tiny, ones({}, x.options()), squares)));
}

// `scale` of inverse_lengths, but 0 where it is a constant: what depends on the length has no gradient there.
Tensor varying(const Tensor& scale) {
  return where(scale < full({}, 1 / kShortest, scale.options()), scale, zeros({}, scale.options()));
}

// out = a op b.
void combine_into(const Tensor& out, Plain op, const char* name, const Tensor& a, const Tensor& b) {
  detail::run_elementwise_into(name, plain_kernel(op, out.dtype()), detail::kNoParameters, out, {&a, &b});
}

// With x̂ and ŵ of length 1, cosines y = x̂·ŵᵀ and their gradient g:  ∂/∂w = (gᵀ·x̂ − diag(Σ g∘y)·ŵ) / ‖w‖, where the sum
// is over the rows of x; and the same for x. Rows of w are taken in blocks that stay in a cache while they are used.
struct CosineLinear {
  static constexpr const char* name = "cosine_linear";
  static constexpr unsigned saves = kSaveInputs | kSaveOutput;
  struct Aux {
    Tensor x_scale, w_scale;  // [N, 1] and [C, 1]: 1 / ‖row‖
  };

  template <class Fn>
  static void for_blocks(const Tensor& w, const Fn& fn) {
    const int64_t bytes = w.device().is_cpu() ? 1 << 20 : 64 << 20;
    const int64_t rows = std::max<int64_t>(1, bytes / std::max<int64_t>(1, w.size(1) * 4));
    for (int64_t first = 0; first < w.size(0); first += rows) fn(first, std::min(first + rows, w.size(0)));
  }

  Tensor forward(Aux& aux, const Tensor& x, const Tensor& w) const {
    aux.x_scale = inverse_lengths(x);
    aux.w_scale = empty({w.size(0), 1}, w.options());
    const Tensor unit_x = x * aux.x_scale, y = empty({x.size(0), w.size(0)}, x.options());
    for_blocks(w, [&](int64_t i, int64_t end) {
      const Tensor rows = slice(w, 0, i, end), scale = inverse_lengths(rows);
      raw::copy_into(slice(aux.w_scale, 0, i, end), scale);
      combine_into(slice(y, 1, i, end), Plain::mul, "mul", matmul(unit_x, transpose(rows)), transpose(scale));
    });
    return y;
  }

  Tensors vjp(const Vjp& c, const Aux& aux) const {
    const Tensor x = c.input(0), w = c.input(1), y = c.output(), g = c.grad();
    const Tensor unit_x = x * aux.x_scale;
    Tensor toward_w = zeros(x.shape(), x.options()), along_x = zeros({x.size(0), 1}, x.options()), dx, dw;
    if (c.needs(1)) dw = empty(w.shape(), w.options());
    for_blocks(w, [&](int64_t i, int64_t end) {
      const Tensor rows = slice(w, 0, i, end), scale = slice(aux.w_scale, 0, i, end);
      const Tensor gb = slice(g, 1, i, end), scaled = gb * transpose(scale), product = gb * slice(y, 1, i, end);
      if (c.needs(0)) {
        toward_w = toward_w + matmul(scaled, rows);
        along_x = along_x + sum(product, 1, {.keepdim = true});
      }
      if (c.needs(1)) {
        const Tensor along = unsqueeze(sum(product, 0), 1) * square(varying(scale)), to = slice(dw, 0, i, end);
        combine_into(to, Plain::mul, "mul", rows, -along);
        GG_KERNEL(w.device(), matmul_add, to.array(), transpose(scaled).array(), unit_x.array());
      }
    });
    if (c.needs(0)) dx = toward_w * aux.x_scale - x * (along_x * square(varying(aux.x_scale)));
    return {dx, dw};
  }

  Tensor reference(const Tensor& x, const Tensor& w) const {
    return matmul(x * inverse_lengths(x), transpose(w * inverse_lengths(w)));
  }
};

}  // namespace

Tensor cosine_linear(const Tensor& x, const Tensor& w) {
  detail::check_same("cosine_linear", x, w);
  detail::check_floating("cosine_linear", x);
  GG_CHECK(x.rank() == 2 && w.rank() == 2 && x.size(1) == w.size(1),
           "cosine_linear: expected x [N, d] and w [C, d], got ", x.shape(), " and ", w.shape());
  return apply(CosineLinear{}, x, w);
}

}  // namespace gg
