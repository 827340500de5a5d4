#include "ops/cosine_linear.h"

#include <algorithm>

#include "autograd/apply.h"
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

// Calls fn(first row, end row) for pieces of a matrix that stay in a cache while they are worked on.
template <class Fn>
void for_row_blocks(const Tensor& x, const Fn& fn) {
  const int64_t bytes = x.device().is_cpu() ? 1 << 20 : 64 << 20;
  const int64_t rows = std::max<int64_t>(1, bytes / std::max<int64_t>(1, x.size(1) * 4));
  for (int64_t first = 0; first < x.size(0); first += rows) fn(first, std::min(first + rows, x.size(0)));
}

// With x̂ and ŵ of length 1, cosines y = x̂·ŵᵀ and their gradient g:  ∂/∂w = (gᵀ·x̂ − diag(Σ g∘y)·ŵ) / ‖w‖, where the sum
// is over the rows of x; and the same for x.
struct CosineLinear {
  static constexpr const char* name = "cosine_linear";
  static constexpr unsigned saves = kSaveInputs | kSaveOutput;
  struct Aux {
    Tensor x_scale, w_scale;  // [N, 1] and [C, 1]: 1 / ‖row‖
  };

  Tensor forward(Aux& aux, const Tensor& x, const Tensor& w) const {
    aux.x_scale = inverse_lengths(x);
    aux.w_scale = empty({w.size(0), 1}, w.options());
    for_row_blocks(w, [&](int64_t i, int64_t end) {
      raw::copy_into(slice(aux.w_scale, 0, i, end), inverse_lengths(slice(w, 0, i, end)));
    });
    return matmul(x * aux.x_scale, transpose(w)) * transpose(aux.w_scale);
  }

  // The gradient of one operand: `side` of the product with `other` [n, d] of length 1, g [n, rows of side].
  static Tensor gradient(const Tensor& g, const Tensor& y, const Tensor& side, const Tensor& scale,
                         const Tensor& other) {
    Tensor along = sum(g * y, 0);  // Σ g∘y for each row of side
    Tensor out = empty(side.shape(), side.options());
    for_row_blocks(side, [&](int64_t i, int64_t end) {
      Tensor s = slice(scale, 0, i, end), toward = unsqueeze(slice(along, 0, i, end), 1) * s;
      Tensor product = matmul(transpose(slice(g, 1, i, end)), other);
      raw::copy_into(slice(out, 0, i, end), (product - slice(side, 0, i, end) * toward) * s);
    });
    return out;
  }

  Tensors vjp(const Vjp& c, const Aux& aux) const {
    Tensor x = c.input(0), w = c.input(1), y = c.output(), g = c.grad();
    Tensor dx, dw;
    if (c.needs(1)) dw = gradient(g, y, w, aux.w_scale, x * aux.x_scale);
    if (c.needs(0)) {
      Tensor along = sum(g * y, 1, {.keepdim = true}) * aux.x_scale;
      dx = (matmul(g * transpose(aux.w_scale), w) - x * along) * aux.x_scale;
    }
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
