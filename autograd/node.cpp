#include "autograd/node.h"

#include <atomic>
#include <vector>

namespace gg {

TensorImpl::TensorImpl() = default;
TensorImpl::~TensorImpl() = default;

namespace autograd {

namespace {
std::atomic<uint64_t> next_sequence{1};
}

Node::Node() : sequence_(next_sequence.fetch_add(1, std::memory_order_relaxed)) {}

// A long chain must not be destroyed by recursion: nodes that lose their last owner while another is being destroyed
// wait in a list, and the outermost call empties it.
void Node::release(Node* node) noexcept {
  thread_local std::vector<Node*>* waiting = nullptr;
  if (waiting) {
    waiting->push_back(node);
    return;
  }
  std::vector<Node*> list;
  waiting = &list;
  delete node;
  while (!list.empty()) {
    Node* next = list.back();
    list.pop_back();
    delete next;
  }
  waiting = nullptr;
}

LeafNode::LeafNode(const Tensor& t) { output_ = {t.shape(), t.dtype(), t.device()}; }

}  // namespace autograd
}  // namespace gg
