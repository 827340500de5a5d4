// Second order in one forward pass: Σᵢ ∂²/∂tᵢ² over directions i, carried beside the tangents ∂/∂tᵢ of a level.
//
// If x moves along directions with tangents ẋᵢ and summed second derivatives s, then y = f(x) has
//
//   ẏᵢ = f'(x)·ẋᵢ        and        s_y = f'(x)·s + Σᵢ f''(x)[ẋᵢ, ẋᵢ].
//
// Only the sum over directions is kept ("collapsed" Taylor mode: Dangel, Siebert, Zeinhofer and Walther,
// arXiv:2505.13644; "forward Laplacian": Li et al., arXiv:2307.08214), so it costs as much as one direction more. Both
// first terms are the operation's forward rule. The last one is its curvature, and comes from the first of these that
// an operation has:
//
//   - `static constexpr bool affine = true`: there is none.
//   - `Tensor curvature(const Jvp& c) const`: [1, ...shape], or undefined for zero; c.output_tangent() is ẏ.
//   - `static constexpr bool bilinear = true`: there is none unless both inputs vary.
//   - else the forward rule is differentiated once more along each direction: right for all, and slow.
//
// Directions that all samples share. Behind a first product (ForwardLevel::attach_image) the directions are the same
// for all samples, and activations only scale them: ẋ[i, n, h] = value[i, 1, h] · scale[n, h]. A tangent stays in this
// *shared form* through operations that have
//
//   - `std::optional<Tensor> carried_scale(const Jvp& c) const`: the scale of the output's tangent, whose value is what
//     the forward rule makes of c.tangent(0), or nothing where the whole tangent is to be made first. Asked only if one
//     input varies. In curvature and in the forward rule c.shared() and c.scale() then say what form they are given.
//
// Others are given the whole tangent, [directions, ...shape]. A matrix product of few outputs never needs it: it
// multiplies the value by the scaled matrices of all samples, side by side.
#pragma once

#include <span>

#include "autograd/engine.h"
#include "autograd/forward.h"

namespace gg {
Tensor slice(const Tensor& x, int axis, int64_t start, int64_t end, int64_t step);  ///< defined in ops/
}

namespace gg::autograd::detail {

template <class Op>
inline constexpr bool is_affine = requires {
  requires Op::affine;
};
template <class Op>
inline constexpr bool is_bilinear = requires {
  requires Op::bilinear;
};
template <class Op>
inline constexpr bool has_curvature = requires(const Op op, const Jvp& c) {
  op.curvature(c);
};
/// Operations that pass a tangent known by its image on, and the product that knows what to make of one.
template <class Op>
inline constexpr bool passes_image = requires {
  requires Op::passes_image;
};
template <class Op>
inline constexpr bool reads_image = requires {
  requires Op::reads_image;
};
template <class Op>
inline constexpr bool takes_shared = requires(const Op op, const Jvp& c) {
  op.carried_scale(c);
};

// Σᵢ of the derivative along direction i of the tangent along direction i.
template <class Op, class Run>
Tensor curvature_by_nesting(const Op& op, std::span<const Tensor> primals, std::span<const Tensor> tangents,
                            const Shape& output, const Run& run) {
  int64_t directions = 0;
  for (const Tensor& t : tangents) {
    if (t.defined()) directions = t.size(0);
  }
  Tensor total;
  for (int64_t k = 0; k < directions; ++k) {
    ForwardLevel level;
    std::vector<Tensor> duals, rows;
    for (size_t i = 0; i < primals.size(); ++i) {
      rows.push_back(tangents[i].defined() ? slice(tangents[i], 0, k, k + 1, 1) : Tensor());
      duals.push_back(rows[i].defined() ? level.attach(primals[i], rows[i]) : primals[i]);
    }
    const Tensor y = run(duals);
    const Tensor moved = op.jvp(Jvp(duals, rows, y));
    const Tensor bent = moved.defined() ? level.tangent(moved) : Tensor();
    if (!bent.defined()) return {};
    const Tensor one = sum_to(bent, output.inserted(0, 1));
    total = total.defined() ? add(total, one) : one;
  }
  return total;
}

template <class Op, class Run>
Tensor curvature(const Op& op, std::span<const Tensor> primals, std::span<const Tensor> tangents, const Tensor& y,
                 const Tensor& dy, bool shared, const Tensor& scale, const Run& run) {
  if constexpr (is_affine<Op>) {
    return {};
  } else if constexpr (has_curvature<Op>) {
    return op.curvature(Jvp(primals, tangents, y, dy, {}, shared, scale));
  } else {
    if constexpr (is_bilinear<Op>) {
      int varying = 0;
      for (const Tensor& t : tangents) varying += t.defined();
      if (varying < 2) return {};
    }
    return curvature_by_nesting(op, primals, tangents, y.shape(), run);
  }
}

}  // namespace gg::autograd::detail
