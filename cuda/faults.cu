#include <atomic>
#include <new>

#include "cuda/faults.cuh"

namespace gg::GG_CUDA_NS {
namespace {

std::atomic<Fault*> known{
    nullptr};  // null until a kernel may need it; never freed, as the driver may be gone before it could be

}  // namespace

Fault* fault_record() {
  static Fault* const made = [] {
    void* p = nullptr;
    check(cudaMallocHost(&p, sizeof(Fault)), "allocating page-locked memory");
    known = new (p) Fault{};
    return known.load();
  }();
  return made;
}

void throw_faults() {
  Fault* const record = known;
  if (!record || !record->taken) return;
  const Fault f = *record;
  record->taken = 0;
  if (f.kind == Fault::cross_entropy) {
    fail("cross_entropy: target ", f.value, " of row ", f.place, " is not a class: expected 0 to ", f.size - 1,
         ", or ignore_index, which is ", f.detail);
  }
  constexpr const char* kNames[] = {"index_select", "index_add", "gather", "scatter_add"};
  fail(kNames[f.kind], ": index ", f.value, " at position ", f.place, " is out of range for axis ", f.detail,
       " of size ", f.size);
}

}  // namespace gg::GG_CUDA_NS
