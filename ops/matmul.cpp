#include "ops/matmul.h"

#include <optional>

#include "autograd/apply.h"
#include "core/dispatch.h"
#include "cpu/matmul.h"
#include "cuda/matmul.h"
#include "ops/curvature.h"
#include "ops/elementwise.h"
#include "ops/shape.h"
#include "ops/tangent.h"

namespace gg {
namespace {

Shape product_shape(const Shape& a, const Shape& b) {
  Shape out = broadcast_shapes(a.part(0, a.rank() - 2), b.part(0, b.rank() - 2), "matmul");
  out.push_back(a[a.rank() - 2]);
  out.push_back(b[b.rank() - 1]);
  return out;
}

// Whether a matrix is stored column by column, as the transpose of a row-major one is.
bool is_column_major(const Tensor& t) {
  const Layout& l = t.layout();
  return l.strides[l.rank() - 2] == 1 && l.strides[l.rank() - 1] != 1;
}

struct MatMul {
  static constexpr const char* name = "matmul";
  static constexpr unsigned saves = kSaveInputs;
  static constexpr bool zero_if_any_input_is_zero = true;
  static constexpr bool reads_image = true;
  Shape output_shape(const Tensor& a, const Tensor& b) const { return product_shape(a.shape(), b.shape()); }
  Tensor forward(const Tensor& a, const Tensor& b) const {
    Shape shape = output_shape(a, b);
    auto batched = [&](const Tensor& t) {
      Shape s = shape;
      s[s.rank() - 2] = t.size(-2);
      s[s.rank() - 1] = t.size(-1);
      return t.array().expanded(s, name);
    };
    Tensor out = empty(shape, a.options());
    GG_KERNEL(a.device(), matmul, out.array(), batched(a), batched(b));
    return out;
  }
  // Each gradient is computed in the axis order of its operand: the weight of a linear layer enters as a transposed
  // view, and its gradient must come back row-major for the optimiser.
  static Tensor left(const Tensor& g, const Tensor& a, const Tensor& b) {
    if (is_column_major(a)) return transpose(matmul(b, transpose(g)));
    return matmul(g, transpose(b));
  }
  static Tensor right(const Tensor& g, const Tensor& a, const Tensor& b) {
    if (is_column_major(b)) return transpose(matmul(transpose(g), a));
    return matmul(transpose(a), g);
  }
  Tensors vjp(const Vjp& c) const {
    Tensor a = c.input(0), b = c.input(1);
    return {c.needs(0) ? left(c.grad(), a, b) : Tensor(), c.needs(1) ? right(c.grad(), a, b) : Tensor()};
  }
  Tensor jvp(const Jvp& c) const {
    int rank = c.output().rank();
    if (c.has_image(0)) {
      GG_CHECK(!c.has(1) && c.image(0).size(1) == c.output().size(-1),
               "matmul: this is not the product whose image of ", "the directions is known");
      return unsqueeze(c.image(0), 1);  // the shared form
    }
    if (c.shared()) return of_shared(c);
    GG_CHECK(!c.has_image(1), "matmul: the directions of the second factor are known by an image only");
    return add_tangents(c.has(0) ? of_rows(aligned_tangent(c, 0, rank), c.input(1)) : Tensor(),
                        c.has(1) ? matmul(c.input(0), aligned_tangent(c, 1, rank)) : Tensor());
  }
  Tensor curvature(const Jvp& c) const {
    if (!c.has(0) || !c.has(1)) return {};
    int rank = c.output().rank();
    return 2 * sum(matmul(aligned_tangent(c, 0, rank), aligned_tangent(c, 1, rank)), 0, {.keepdim = true});
  }
  // (value·scale)·b of a tangent in the shared form (autograd/second_order.h).
  std::optional<Tensor> carried_scale(const Jvp& c) const {
    if (c.has(1) || c.tangent(0).size(-1) != c.input(0).size(-1)) return std::nullopt;
    if (!c.scale().defined()) return Tensor();
    const Tensor &t = c.tangent(0), &b = c.input(1);
    const bool pays = b.size(-1) < t.size(0);  // the scaled matrices are smaller than the whole tangent
    return pays && t.rank() == 3 && t.size(1) == 1 && b.rank() == 2 ? std::optional(Tensor()) : std::nullopt;
  }
  static Tensor of_shared(const Jvp& c) {
    const Tensor& b = c.input(1);
    if (!c.scale().defined()) return matmul(aligned_tangent(c, 0, c.output().rank()), b);
    const int64_t samples = c.output().size(0), in = b.size(0), out = b.size(1);
    const Tensor scale = contiguous(transpose(c.scale()));
    const Tensor each = unsqueeze(scale, 2) * unsqueeze(contiguous(b), 1);  // [in, samples, out]
    return reshape(matmul(squeeze(c.tangent(0), 1), reshape(each, {in, samples * out})),
                   {c.directions(), samples, out});
  }
  // t·b; rows that repeat each other without memory, as samples repeat directions that they share, are multiplied once.
  static Tensor of_rows(const Tensor& t, const Tensor& b) {
    if (t.size(-2) <= 1 || t.layout().strides[t.rank() - 2] != 0) return matmul(t, b);
    Shape shape = product_shape(t.shape(), b.shape());
    return expand(matmul(slice(t, -2, 0, 1), b), shape);
  }
};

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  GG_CHECK(a.dtype() == b.dtype(), "matmul: types differ: ", name_of(a.dtype()), " and ", name_of(b.dtype()));
  GG_CHECK(is_floating(a.dtype()), "matmul: expected floating tensors, got ", name_of(a.dtype()));
  GG_CHECK(a.device() == b.device(), "matmul: tensors are on ", a.device(), " and ", b.device());
  GG_CHECK(a.rank() >= 1 && b.rank() >= 1, "matmul: scalars have no matrix product; use mul");
  if (a.rank() == 1) {
    Tensor y = matmul(unsqueeze(a, 0), b);
    return squeeze(y, b.rank() == 1 ? 0 : -2);
  }
  if (b.rank() == 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  GG_CHECK(a.size(-1) == b.size(-2), "matmul: inner sizes differ: ", a.shape(), " times ", b.shape(),
           a.size(-1) == b.size(-1) ? ". Did you mean to transpose the second argument?" : "");
  return apply(MatMul{}, a, b);
}

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& b) {
  GG_CHECK(w.rank() == 2, "linear: the weight must be [out, in], got shape ", w.shape());
  GG_CHECK(x.rank() >= 1 && x.size(-1) == w.size(1), "linear: the input has ", x.rank() ? x.size(-1) : 0,
           " features, the weight takes ", w.size(1), " (input ", x.shape(), ", weight ", w.shape(), ")");
  Tensor y;
  if (x.rank() == 2) {
    y = matmul(x, transpose(w));
  } else {  // one product for all leading axes together
    Shape shape = x.shape();
    shape[shape.rank() - 1] = w.size(0);
    y = reshape(matmul(reshape(x, {-1, x.size(-1)}), transpose(w)), shape);
  }
  return b.defined() ? y + b : y;
}

}  // namespace gg
