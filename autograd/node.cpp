#include "autograd/node.h"

#include <atomic>

namespace gg {

// Here, where its members are complete types.
TensorImpl::TensorImpl() = default;
TensorImpl::~TensorImpl() = default;

Ref<TensorImpl> TensorImpl::create() {
  return Ref<TensorImpl>::adopt(new (allocate_object(sizeof(TensorImpl))) TensorImpl);
}

void TensorImpl::release(TensorImpl* impl) noexcept {
  impl->~TensorImpl();
  deallocate_object(impl, sizeof(TensorImpl));
}

namespace autograd {

namespace {
std::atomic<uint64_t> next_sequence{1};
}

Node::Node() : sequence_(add_to_shared<uint64_t>(next_sequence, 1, std::memory_order_relaxed)) {}

// A long chain must not be destroyed by recursion: nodes that lose their last owner while another is being destroyed
// wait in a list, and the outermost call empties it.
void Node::release(Node* node) noexcept {
  thread_local bool releasing = false;
  thread_local Node* waiting = nullptr;  // linked by next_released_
  if (releasing) {
    node->next_released_ = waiting;
    waiting = node;
    return;
  }
  releasing = true;
  delete node;
  while (Node* next = waiting) {
    waiting = next->next_released_;
    delete next;
  }
  releasing = false;
}

LeafNode::LeafNode(const Tensor& t) { output_ = {t.shape(), t.dtype(), t.device()}; }

}  // namespace autograd
}  // namespace gg
