// Node: one recorded operation, with one output. A tensor points to the node that made it, a node points to the nodes
// that made its inputs: the graph that reverse mode walks. Nothing points forward, so the graph is freed by letting go
// of its end.
//
// Read next: apply.h (how an operation is recorded), engine.h (how the graph is walked).
#pragma once

#include "core/small_vector.h"
#include "core/tensor.h"

namespace gg::autograd {

class Node;

/// What the engine must know of a node's output to check and un-broadcast its gradient.
struct Meta {
  Shape shape;
  DType dtype = DType::f32;
  Device device;
};

/// Where an operation's inputs came from; null for an input that asks for no gradient.
using Edges = SmallVector<Ref<Node>, 2>;

using Tensors = SmallVector<Tensor, 3>;

class Vjp;

class Node : public RefCounted {
 public:
  virtual ~Node() = default;
  virtual const char* name() const = 0;
  /// The name with what tells it from its relatives, such as an order of derivative: for pictures of the graph.
  virtual std::string label() const { return name(); }
  virtual bool is_leaf() const { return false; }

  /// The gradients with respect to the inputs, in their order; undefined where zero or not asked for. Ordinary tensor
  /// code: it is recorded when the engine runs with create_graph, and that is all there is to higher order.
  virtual Tensors vjp(const Vjp& context) = 0;

  /// The value of input i that was saved for the rule; checks its version. Throws if it was not saved.
  virtual Tensor saved_input(int i) const = 0;
  virtual Tensor saved_output() const = 0;
  /// Frees saved values once they cannot be needed any more.
  virtual void release_saved() {}

  const Edges& inputs() const { return inputs_; }
  const Meta& output() const { return output_; }
  /// Grows with creation: an operation's inputs always have smaller numbers than itself.
  uint64_t sequence() const { return sequence_; }
  bool released() const { return released_; }

  static void release(Node* node) noexcept;
  static void* operator new(size_t bytes) { return allocate_object(bytes); }
  static void operator delete(void* p, size_t bytes) { deallocate_object(p, bytes); }

 protected:
  Node();
  Edges inputs_;
  Meta output_;
  bool released_ = false;

 private:
  friend class Engine;
  uint64_t sequence_;
  uint64_t visit_ = 0;  // the engine's run that saw this node last …
  uint32_t slot_ = 0;   // … and where that run keeps its state
  Node* next_released_ = nullptr;
};

/// The node of a leaf tensor: it ends the walk and holds the accumulated gradient.
class LeafNode final : public Node {
 public:
  explicit LeafNode(const Tensor& t);
  const char* name() const override { return "leaf"; }
  bool is_leaf() const override { return true; }
  Tensors vjp(const Vjp&) override { return {}; }
  Tensor saved_input(int) const override { return {}; }
  Tensor saved_output() const override { return {}; }

  Tensor grad;
};

/// Forward mode: the derivative of a tensor's value along the directions of one jvp call.
///
/// Calls nest, so a tensor can carry one tangent per level; the innermost call has the largest level. The tags are what
/// keeps d/dx [x · d/dy (x + y)] at 1: each call reads only its own level.
struct Tangent : RefCounted {
  uint64_t level;
  Tensor value;  ///< [directions, ...shape of the tensor]; may itself carry tangents of smaller levels and history.
                 ///< In the shared form (second_order.h) it broadcasts to that shape only
  Ref<Tangent> outer;

  // Of levels of second order only (second_order.h).
  bool second_order = false;
  Tensor second;  ///< [1, ...shape]: second derivatives, summed over the directions; undefined where they are zero
  Tensor image;   ///< see ForwardLevel::attach_image; undefined for tangents like others
  Tensor scale;   ///< [...shape]: the tangent is value·scale; undefined: value

  Tangent(uint64_t l, Tensor v, Ref<Tangent> o) : level(l), value(std::move(v)), outer(std::move(o)) {}
  /// A copy inside of other tangents.
  Tangent(const Tangent& t, Ref<Tangent> o)
      : level(t.level),
        value(t.value),
        outer(std::move(o)),
        second_order(t.second_order),
        second(t.second),
        image(t.image),
        scale(t.scale) {}
  static void release(Tangent* t) noexcept { delete t; }
};

}  // namespace gg::autograd
