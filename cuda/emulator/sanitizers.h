// The sanitizer calls of the emulator under one name each; they vanish in builds without that sanitizer.
//
// AddressSanitizer: memory that a kernel must not touch is *poisoned*. ThreadSanitizer: every CUDA thread is a flow of
// control of its own, and only what CUDA orders (launches, barriers) is told to the tool, so that it reports the races
// a GPU could have. For that the kernels are instrumented and these files are not: the build then defines
// GG_EMULATOR_TSAN, because the compiler does not define __SANITIZE_THREAD__ here.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(GG_EMULATOR_TSAN)
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void* fiber);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
}
#endif

namespace gg::emulator {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
inline void poison(const void* p, size_t bytes) { __asan_poison_memory_region(p, bytes); }
inline void unpoison(const void* p, size_t bytes) { __asan_unpoison_memory_region(p, bytes); }
#else
inline constexpr bool kAddressSanitizer = false;
inline void poison(const void*, size_t) {}
inline void unpoison(const void*, size_t) {}
#endif

#if defined(GG_EMULATOR_TSAN)
inline constexpr bool kThreadSanitizer = true;
inline void acquire(void* where) { __tsan_acquire(where); }
inline void release(void* where) { __tsan_release(where); }
/// Within its lifetime memory operations leave no trace, and memory taken from the heap starts with a clean history.
struct IgnoreAccesses {
  IgnoreAccesses() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~IgnoreAccesses() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
};
#else
inline constexpr bool kThreadSanitizer = false;
inline void acquire(void*) {}
inline void release(void*) {}
struct IgnoreAccesses {
  IgnoreAccesses() {}
  ~IgnoreAccesses() {}
};
#endif

}  // namespace gg::emulator
