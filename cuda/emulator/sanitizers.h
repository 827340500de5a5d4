// The sanitizer calls of the emulator under one name each. Whether there is a sanitizer is found out when the program
// runs, from its symbols: so an emulator that was compiled without one serves kernels that were compiled with it, and a
// project with kernels of its own needs no second gradgrad to check them (docs/emulator.md).
//
// AddressSanitizer: memory that a kernel must not touch is *poisoned*. ThreadSanitizer: every CUDA thread is a flow of
// control of its own, and only what CUDA orders (launches, barriers) is told to the tool, so that it reports the races
// a GPU could have. For that these files are never instrumented themselves.
#pragma once

#include <cstddef>

#define GG_IF_LINKED __attribute__((weak))
extern "C" {
GG_IF_LINKED void __asan_poison_memory_region(const volatile void* address, size_t bytes);
GG_IF_LINKED void __asan_unpoison_memory_region(const volatile void* address, size_t bytes);
GG_IF_LINKED void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, size_t bytes);
GG_IF_LINKED void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom, size_t* bytes);
GG_IF_LINKED void* __tsan_get_current_fiber();
GG_IF_LINKED void* __tsan_create_fiber(unsigned flags);
GG_IF_LINKED void __tsan_destroy_fiber(void* fiber);
GG_IF_LINKED void __tsan_switch_to_fiber(void* fiber, unsigned flags);
GG_IF_LINKED void __tsan_acquire(void* address);
GG_IF_LINKED void __tsan_release(void* address);
GG_IF_LINKED void AnnotateIgnoreReadsBegin(const char* file, int line);
GG_IF_LINKED void AnnotateIgnoreReadsEnd(const char* file, int line);
GG_IF_LINKED void AnnotateIgnoreWritesBegin(const char* file, int line);
GG_IF_LINKED void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#undef GG_IF_LINKED

namespace gg::emulator {

inline bool has_address_sanitizer() { return __asan_poison_memory_region != nullptr; }
inline bool has_thread_sanitizer() { return __tsan_create_fiber != nullptr; }

inline void poison(const void* p, size_t bytes) {
  if (has_address_sanitizer()) __asan_poison_memory_region(p, bytes);
}
inline void unpoison(const void* p, size_t bytes) {
  if (has_address_sanitizer()) __asan_unpoison_memory_region(p, bytes);
}

inline void acquire(void* where) {
  if (has_thread_sanitizer()) __tsan_acquire(where);
}
inline void release(void* where) {
  if (has_thread_sanitizer()) __tsan_release(where);
}

/// Within its lifetime memory operations leave no trace, and memory taken from the heap starts with a clean history.
struct IgnoreAccesses {
  IgnoreAccesses() {
    if (!has_thread_sanitizer()) return;
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~IgnoreAccesses() {
    if (!has_thread_sanitizer()) return;
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
};

}  // namespace gg::emulator
