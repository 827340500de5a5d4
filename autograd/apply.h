// apply: runs an operation and records it. Every differentiable operation that is not made of others goes through here,
// the library's and the user's alike.
//
// An operation is a struct:
//
//   struct Square {
//     static constexpr const char* name = "square";
//     static constexpr unsigned saves = kSaveInputs;                       // what the rules below will read
//     Tensor forward(const Tensor& x) const;                               // computes; what it calls is not recorded
//     Tensors vjp(const Vjp& c) const { return {c.grad() * (2.0 * c.input(0))}; }          // reverse rule
//     Tensor jvp(const Jvp& c) const { return c.tangent(0) * (2.0 * c.input(0)); }         // forward rule
//   };
//   Tensor square(const Tensor& x) { return apply(Square{}, x); }
//
// Rules are ordinary tensor code, so they can be differentiated again. Parameters are data members; a tensor among them
// that a rule reads is a Saved, so that a write in between is noticed. Optional parts:
//
//   - `Aux` and `forward(Aux&, inputs…)`: buffers that only the rule `vjp(const Vjp&, const Aux&)` reads (arg-max
//     indices, row statistics). They are constants to it, so it needs a `reference` to be differentiated by.
//   - `reference(inputs…)`: the same function made of other operations. Forward mode, and reverse mode while recording,
//     differentiate it; `vjp` then only serves the plain backward pass. `saves` must hold all inputs.
//   - `recorded_vjp(const Vjp&)`, perhaps with `const Aux&` too: what the reverse rule is while it is recorded itself,
//     in place of the reference's derivative. Made of operations, such as one of its own that has a fused derivative.
//   - `zero_if_any_input_is_zero`: as a product is, or a linear function of one input. A symbolic zero among the inputs
//     then gives a symbolic zero of shape `output_shape(inputs…)`, and of `output_options(first)` where those are not
//     the first input's.
//   - `affine`, `bilinear` or `curvature(const Jvp&)`: what makes Laplacians fast (second_order.h). Without these they
//     are right all the same.
//
// A missing rule is an error when it is needed ("X is not differentiable with respect to input i"), never a silent cut.
#pragma once

#include <array>
#include <concepts>
#include <functional>
#include <optional>
#include <vector>

#include "autograd/engine.h"
#include "autograd/forward.h"
#include "autograd/raw.h"
#include "autograd/saved.h"
#include "autograd/second_order.h"
#include "core/grad_mode.h"

namespace gg::autograd {

inline constexpr unsigned kSaveNothing = 0;
inline constexpr unsigned save_input(int i) { return 1u << i; }
inline constexpr unsigned kSaveInputs = 0x7fffffffu;  ///< all of them
inline constexpr unsigned kSaveOutput = 0x80000000u;

namespace detail {

struct NoAux {};
template <class Op>
struct AuxOf {
  using type = NoAux;
};
template <class Op>
requires requires { typename Op::Aux; }
struct AuxOf<Op> {
  using type = typename Op::Aux;
};

template <class Op>
inline constexpr bool has_aux = requires {
  typename Op::Aux;
};
template <class Op>
inline constexpr bool has_vjp = requires(const Op op, const Vjp& c) {
  op.vjp(c);
}
|| requires(const Op op, const Vjp& c, const typename AuxOf<Op>::type& aux) { op.vjp(c, aux); };
template <class Op>
inline constexpr bool has_recorded_vjp = requires(const Op op, const Vjp& c) {
  op.recorded_vjp(c);
}
|| requires(const Op op, const Vjp& c, const typename AuxOf<Op>::type& aux) { op.recorded_vjp(c, aux); };
template <class Op>
inline constexpr bool has_jvp = requires(const Op op, const Jvp& c) {
  op.jvp(c);
};
template <class Op, class... In>
concept HasReference = requires(const Op op, const In&... in) {
  op.reference(in...);
};
template <class Op, size_t N>
inline constexpr bool has_reference = []<size_t... I>(std::index_sequence<I...>) {
  return N > 0 && HasReference<Op, decltype((void)I, Tensor())...>;
}
(std::make_index_sequence<N>());
template <class Op>
inline constexpr bool is_zero_if_any_input_is = requires {
  requires Op::zero_if_any_input_is_zero;
};

// Calls fn with the elements of a span as N arguments.
template <size_t N, class Fn>
Tensor spread(std::span<const Tensor> in, Fn&& fn) {
  return [&]<size_t... I>(std::index_sequence<I...>) { return fn(in[I]...); }
  (std::make_index_sequence<N>());
}

/// The same tensor as a new node, so that a graph built on it can be walked down to it and no further.
Tensor identity(const Tensor& x);

Tensors differentiate_reference(const char* name, const Vjp& c, int arity, const Edges& inputs,
                                const std::function<Tensor(std::span<const Tensor>)>& reference);

template <class Op, size_t N>
class OpNode final : public Node {
 public:
  OpNode(const Op& op, std::span<const Tensor* const> in, const Tensor& out, typename AuxOf<Op>::type&& aux)
      : op_(op), aux_(std::move(aux)) {
    inputs_.reserve(in.size());
    for (const Tensor* x : in) {
      inputs_.push_back(x->requires_grad() ? x->get().node : Ref<Node>());
    }
    output_ = {out.shape(), out.dtype(), out.device()};
    unsigned saves = saved_mask();
    if (saves & kSaveInputs) {
      saved_.reserve(in.size());
      for (size_t i = 0; i < in.size(); ++i) {
        if ((saves & save_input(static_cast<int>(i < 30 ? i : 30))) && in[i]->defined()) {
          saved_.emplace_back(*in[i]);
        } else {
          saved_.emplace_back();
        }
      }
    }
    // The output is kept without its node (this one), else the two would keep each other alive.
    if (saves & kSaveOutput) {
      Tensor kept = out.with_layout(out.layout());
      kept.get().tangent = out.get().tangent;
      saved_output_ = Saved(std::move(kept));
    }
  }

  const char* name() const override { return op_.name; }
  std::string label() const override {
    if constexpr (requires(const Op op) { op.label(); }) return op_.label();
    return op_.name;
  }

  Tensors vjp(const Vjp& c) override {
    if constexpr (has_reference<Op, N>) {
      bool only_reference = !has_vjp<Op>;
      if (only_reference || GradMode::enabled() || has_tangents(c)) {
        if constexpr (has_recorded_vjp<Op> && has_aux<Op>) {
          return op_.recorded_vjp(c, aux_);
        } else if constexpr (has_recorded_vjp<Op>) {
          return op_.recorded_vjp(c);
        }
        return differentiate_reference(op_.name, c, N, inputs_, [this](std::span<const Tensor> in) {
          return spread<N>(in, [&](const auto&... x) { return op_.reference(x...); });
        });
      }
    }
    if constexpr (!has_vjp<Op>) {
      int i = 0;
      while (!c.needs(i)) ++i;
      fail(op_.name, " is not differentiable with respect to input ", i);
    } else if constexpr (has_aux<Op>) {
      return op_.vjp(c, aux_);
    } else {
      return op_.vjp(c);
    }
  }

  Tensor saved_input(int i) const override {
    GG_CHECK(static_cast<size_t>(i) < saved_.size() && (saved_[i].has_value() || !inputs_[i]), op_.name,
             ": its rule reads input ", i, ", which `saves` does not name");
    return saved_[i].has_value() ? unpack(saved_[i]) : Tensor();
  }

  Tensor saved_output() const override {
    GG_CHECK(saved_output_.has_value(), op_.name, ": its rule reads the output, which `saves` does not name");
    Tensor y = alias(unpack(saved_output_));
    y.get().node = Ref<Node>::share(const_cast<OpNode*>(this));
    return y;
  }

  void release_saved() override {
    saved_.clear();
    saved_output_ = Saved();
    aux_ = {};
    released_ = true;
  }

 private:
  unsigned saved_mask() const {
    if constexpr (requires(const Op op) { op.saves(); }) {
      return op_.saves();
    } else {
      return Op::saves;
    }
  }

  Tensor unpack(const Saved& s) const {
    const Tensor& t = s.get(op_.name);
    return t.get().tangent ? without_ended(t) : t;
  }

  bool has_tangents(const Vjp& c) const {
    if (!ForwardLevel::any_active()) return false;
    if (top_level(c.grad())) return true;
    for (const Saved& s : saved_) {
      if (s.has_value() && top_level(unpack(s))) return true;
    }
    return false;
  }

  Op op_;
  [[no_unique_address]] typename AuxOf<Op>::type aux_;
  SmallVector<Saved, 2> saved_;
  Saved saved_output_;
};

// Makes `out` the result of a new node.
template <size_t N, class Op>
void record(const Op& op, std::span<const Tensor* const> in, Tensor& out, typename AuxOf<Op>::type&& aux) {
  for (const Tensor* x : in) {
    if (x->is_same(out)) out = out.with_layout(out.layout());
  }
  // The node is made before the output knows it, so that a saved output has no history.
  out.get().node = Ref<Node>::adopt(new OpNode<Op, N>(op, in, out, std::move(aux)));
}

// The kind of a result that is known without computing it: the first input's, unless the operation says otherwise.
template <class Op>
TensorOptions output_options(const Op& op, const Tensor& first) {
  if constexpr (requires { op.output_options(first); }) return op.output_options(first);
  return first.options();
}

inline bool any_requires_grad(std::span<const Tensor* const> in) {
  for (const Tensor* x : in) {
    if (x->requires_grad()) return true;
  }
  return false;
}

inline bool is_shared(const Tangent& t, const Shape& shape) {
  return t.scale.defined() || t.value.shape().part(1, t.value.rank()) != shape;
}

// The inputs carry tangents: compute without the innermost level, apply the forward rule, and put the tangent back.
template <size_t N, class Op, class Run>
Tensor apply_forward(const Op& op, std::span<const Tensor* const> in, const Run& run) {
  uint64_t level = 0;
  for (const Tensor* x : in) level = std::max(level, top_level(*x));
  std::vector<Tensor> primals, tangents, seconds, images;
  const Tangent* shared = nullptr;  // a tangent in the shared form, if there is one
  int varying = 0;
  bool second_order = false, bent = false;
  for (const Tensor* x : in) {
    const Tangent* t = top_level(*x) == level ? x->get().tangent.get() : nullptr;
    primals.push_back(strip(*x, level));
    tangents.push_back(t ? t->value : Tensor());
    if (!t) continue;
    ++varying;
    if (!t->second_order) continue;
    second_order = true;
    if (is_shared(*t, x->shape())) shared = t;
    seconds.resize(in.size());
    seconds[tangents.size() - 1] = t->second;
    bent = bent || t->second.defined();
    if (!t->image.defined()) continue;
    GG_CHECK(passes_image<Op> || reads_image<Op>, op.name, " reads the input of a Laplacian, which was found to enter ",
             "through one matrix product. The function must be the same in each call; or set shared_entry = false");
    images.resize(in.size());
    images[tangents.size() - 1] = t->image;
  }
  Tensor y = run(primals);
  Tensor scale;
  std::optional<Tensor> carried;
  if (shared) {
    if constexpr (takes_shared<Op>) {
      if (varying == 1) carried = op.carried_scale(Jvp(primals, tangents, y, {}, {}, true, shared->scale));
    }
    if (carried) {
      scale = shared->scale;
    } else {
      for (size_t i = 0; i < in.size(); ++i) {
        if (tangents[i].defined()) tangents[i] = whole_tangent(*in[i]->get().tangent, in[i]->shape());
      }
    }
  }
  Tensor dy;
  if constexpr (has_jvp<Op>) {
    dy = op.jvp(Jvp(primals, tangents, y, {}, images, carried.has_value(), scale));
  } else {
    fail(op.name, " has no forward rule, so jvp cannot pass through it");
  }
  if (!dy.defined()) return y;
  const bool may_broadcast = carried || (reads_image<Op> && !images.empty());
  GG_CHECK(dy.rank() == y.rank() + 1 && (may_broadcast || dy.shape().part(1, dy.rank()) == y.shape()), op.name,
           ": the forward rule gave a tangent of shape ", dy.shape(), " for an output of shape ", y.shape());
  auto tangent = Ref<Tangent>::adopt(new Tangent(level, dy, y.get().tangent));
  if (carried) tangent->scale = *carried;
  if (second_order) {
    tangent->second_order = true;
    if constexpr (has_jvp<Op>) {
      if (bent) tangent->second = op.jvp(Jvp(primals, seconds, y));
      if (passes_image<Op> && !images.empty()) {
        tangent->image = images[0];
      } else if (const Tensor more = curvature(op, primals, tangents, y, dy, carried.has_value(), scale, run);
                 more.defined()) {
        tangent->second = tangent->second.defined() ? add(tangent->second, more) : more;
      }
    }
  }
  Tensor out = with_tangent(y, std::move(tangent));
  // Recorded once more around the whole of it, with the tangents in the saved values: so gradients taken inside a jvp
  // carry tangents themselves (forward over reverse).
  if (GradMode::enabled() && any_requires_grad(in)) {
    record<N>(op, in, out, {});
  }
  return out;
}

}  // namespace detail

/// Runs `op` on the inputs (undefined ones are absent optional arguments) and records it where one requires grad.
template <class Op, std::same_as<Tensor>... In>
Tensor apply(const Op& op, const In&... inputs) {
  constexpr size_t N = sizeof...(In);
  static_assert(!detail::has_aux<Op> || detail::has_reference<Op, N>, "an operation with Aux needs a reference");
  const Tensor* const list[] = {&inputs...};
  std::span<const Tensor* const> in(list);
  if (ForwardLevel::any_active()) [[unlikely]] {
    bool dual = ((top_level(inputs) != 0) || ...);
    if (dual) {
      if constexpr (detail::has_reference<Op, N>) {
        return op.reference(inputs...);
      } else {
        return detail::apply_forward<N>(op, in, [&](std::span<const Tensor> primals) {
          return detail::spread<N>(primals, [&](const auto&... x) { return apply(op, x...); });
        });
      }
    }
  }
  if constexpr (detail::is_zero_if_any_input_is<Op>) {
    if ((inputs.is_symbolic_zero() || ...)) [[unlikely]] {
      return symbolic_zeros(op.output_shape(inputs...), detail::output_options(op, *list[0]));
    }
  }
  bool recording = GradMode::enabled() && (inputs.requires_grad() || ...);
  typename detail::AuxOf<Op>::type aux{};
  Tensor out;
  {
    GradModeGuard off(false);
    if constexpr (detail::has_aux<Op>) {
      out = op.forward(aux, inputs...);
    } else {
      out = op.forward(inputs...);
    }
  }
  if (recording) detail::record<N>(op, in, out, std::move(aux));
  return out;
}

/// The same for an operation on any number of inputs: `forward(std::span<const Tensor>)`. No Aux, no reference.
template <class Op>
Tensor apply_list(const Op& op, std::span<const Tensor> inputs) {
  std::vector<const Tensor*> in;
  for (const Tensor& x : inputs) in.push_back(&x);
  if (ForwardLevel::any_active()) {
    for (const Tensor& x : inputs) {
      if (top_level(x)) {
        return detail::apply_forward<0>(op, in,
                                        [&](std::span<const Tensor> primals) { return apply_list(op, primals); });
      }
    }
  }
  bool recording = GradMode::enabled() && detail::any_requires_grad(in);
  Tensor out;
  {
    GradModeGuard off(false);
    out = op.forward(inputs);
  }
  if (recording) detail::record<0>(op, in, out, {});
  return out;
}

}  // namespace gg::autograd

namespace gg {
using autograd::apply;  // the vocabulary of those who write operations
using autograd::apply_list;
using autograd::Jvp;
using autograd::kSaveInputs;
using autograd::kSaveNothing;
using autograd::kSaveOutput;
using autograd::save_input;
using autograd::Saved;
using autograd::Tensors;
using autograd::Vjp;
}  // namespace gg
