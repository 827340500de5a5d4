#include "autograd/engine.h"

#include <algorithm>
#include <atomic>
#include <vector>

#include "autograd/raw.h"
#include "core/grad_mode.h"

namespace gg::autograd {

namespace {
std::atomic<uint64_t> next_run{1};
thread_local int depth = 0;  // runs may nest: a rule may itself ask for gradients
}  // namespace

class Engine {
 public:
  enum class Goal { requested, leaves };

  Engine(const RunOptions& options, Goal goal)
      : options_(options),
        into_leaves_(goal == Goal::leaves),
        run_(next_run.fetch_add(1, std::memory_order_relaxed)),
        oldest_(into_leaves_ ? 0 : ~uint64_t{0}) {
    ++depth;
  }
  ~Engine() {
    // A nested run gives the nodes it shares with the outer run their marks back.
    if (--depth > 0) {
      for (const Entry& e : entries_) {
        e.node->visit_ = e.outer_visit;
        e.node->slot_ = e.outer_slot;
      }
    }
  }

  void seed(const Tensor& output, const Tensor& gradient) {
    Entry& e = visit(output.get().node.get());
    e.wanted |= into_leaves_ && e.node->is_leaf();
    accumulate(e, gradient);
  }

  void request(const Tensor& input) {
    Node* node = input.get().node.get();
    visit(node).wanted = true;
    oldest_ = std::min(oldest_, node->sequence_);
  }

  void collect() {
    // Depth first with a stack of our own: a graph may be a million nodes deep.
    std::vector<Node*> stack;
    for (const Entry& e : entries_) stack.push_back(e.node);
    while (!stack.empty()) {
      Node* node = stack.back();
      stack.pop_back();
      for (const Ref<Node>& edge : node->inputs()) {
        Node* input = edge.get();
        if (!input || input->visit_ == run_ || input->sequence_ < oldest_) continue;
        Entry& e = visit(input);
        e.wanted = into_leaves_ && input->is_leaf();
        stack.push_back(input);
      }
    }
    // Operations in the reverse of the order in which they were made; leaves have no rule to call. A depth-first walk
    // often finds them in that order.
    order_.reserve(entries_.size());
    for (const Entry& e : entries_) {
      if (!e.node->is_leaf()) order_.push_back({e.node->sequence_, e.node->slot_});
    }
    auto later = [](const Place& a, const Place& b) { return a.sequence > b.sequence; };
    if (!std::is_sorted(order_.begin(), order_.end(), later)) std::sort(order_.begin(), order_.end(), later);
    // A node runs if it leads to something that is wanted.
    for (size_t i = order_.size(); i-- > 0;) {
      Entry& e = entries_[order_[i].slot];
      for (const Ref<Node>& input : e.node->inputs()) {
        if (input && leads_somewhere(*input)) {
          e.runs = true;
          break;
        }
      }
    }
  }

  void run() {
    GradModeGuard mode(options_.create_graph);
    for (const Place& place : order_) {
      Entry& e = entries_[place.slot];
      if (!e.runs || !e.grad.defined()) continue;
      Node& node = *e.node;
      GG_CHECK(!node.released(), node.name(),
               ": this part of the graph was freed by an earlier backward() or grad(). Pass retain_graph = true there "
               "to walk it twice");
      Tensor g = e.wanted ? e.grad : std::move(e.grad);
      Tensors grads = node.vjp(Vjp(*this, node, g));
      GG_CHECK(grads.size() <= node.inputs().size(), node.name(), ": the rule returned ", grads.size(),
               " gradients for ", node.inputs().size(), " inputs");
      for (size_t k = 0; k < grads.size(); ++k) {
        const Ref<Node>& input = node.inputs()[k];
        if (!grads[k].defined() || !input || !leads_somewhere(*input)) continue;
        accumulate(entries_[input->slot_], fit(std::move(grads[k]), input->output(), node, k));
      }
      if (!options_.retain_graph) node.release_saved();
    }
    if (!into_leaves_) return;
    for (Entry& e : entries_) {
      if (e.wanted && e.grad.defined()) accumulate_into_leaf(static_cast<LeafNode&>(*e.node), std::move(e.grad));
    }
  }

  Tensor result(const Tensor& input) const { return entries_[input.get().node->slot_].grad; }

  bool leads_somewhere(const Node& node) const {
    if (node.visit_ != run_) return false;
    const Entry& e = entries_[node.slot_];
    return e.wanted || e.runs;
  }

 private:
  struct Entry {
    Node* node;
    Tensor grad;
    bool wanted = false;
    bool runs = false;
    uint64_t outer_visit;
    uint32_t outer_slot;
  };

  struct Place {
    uint64_t sequence;
    uint32_t slot;
  };

  Entry& visit(Node* node) {
    if (node->visit_ != run_) {
      entries_.push_back({node, {}, false, false, node->visit_, node->slot_});
      node->visit_ = run_;
      node->slot_ = static_cast<uint32_t>(entries_.size() - 1);
    }
    return entries_[node->slot_];
  }

  static void accumulate(Entry& e, Tensor g) { e.grad = e.grad.defined() ? add(e.grad, g) : std::move(g); }

  static Tensor fit(Tensor g, const Meta& input, const Node& node, size_t k) {
    GG_CHECK(g.dtype() == input.dtype, node.name(), ": the gradient of input ", k, " is ", name_of(g.dtype()),
             ", the input is ", name_of(input.dtype));
    GG_CHECK(g.device() == input.device, node.name(), ": the gradient of input ", k, " is on ", g.device(),
             ", the input on ", input.device);
    if (g.shape() == input.shape) return g;
    bool fits = g.rank() >= input.shape.rank();
    for (int i = 0; fits && i < input.shape.rank(); ++i) {
      int64_t want = input.shape[i], got = g.shape()[g.rank() - input.shape.rank() + i];
      fits = want == got || want == 1;
    }
    GG_CHECK(fits, node.name(), ": the gradient of input ", k, " has shape ", g.shape(), ", the input ", input.shape);
    return sum_to(g, input.shape);
  }

  static void accumulate_into_leaf(LeafNode& leaf, Tensor g) {
    NoGrad off;
    if (leaf.grad.defined()) {
      leaf.grad = add(leaf.grad, g.detach());
      return;
    }
    // Take the buffer over if nobody else can see it; otherwise copy, so that writing to .grad writes nothing else.
    bool own = g.impl()->is_unique() && !g.is_symbolic_zero() && g.get().storage->is_unique() && g.layout().is_dense();
    leaf.grad = own ? g.detach() : raw::clone(g.detach());
  }

  const RunOptions options_;
  const bool into_leaves_;
  const uint64_t run_;
  std::vector<Entry> entries_;  // in the order in which they were found
  std::vector<Place> order_;    // of those that are operations
  // Inputs are older than what is made of them, so nothing older than the oldest requested node leads to one.
  uint64_t oldest_ = 0;
};

bool Vjp::needs(int i) const {
  const Ref<Node>& input = node_.inputs()[static_cast<size_t>(i)];
  return input && engine_.leads_somewhere(*input);
}

Tensors gradients(std::span<const Tensor> outputs, std::span<const Tensor> seeds, std::span<const Tensor> inputs,
                  const RunOptions& options) {
  Engine engine(options, Engine::Goal::requested);
  for (const Tensor& x : inputs) engine.request(x);
  for (size_t i = 0; i < outputs.size(); ++i) engine.seed(outputs[i], seeds[i]);
  engine.collect();
  engine.run();
  Tensors results;
  for (const Tensor& x : inputs) results.push_back(engine.result(x));
  return results;
}

void accumulate_gradients(const Tensor& output, const Tensor& seed, const RunOptions& options) {
  Engine engine(options, Engine::Goal::leaves);
  engine.seed(output, seed);
  engine.collect();
  engine.run();
}

}  // namespace gg::autograd
