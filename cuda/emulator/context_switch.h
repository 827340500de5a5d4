// Flows of control that take turns on one OS thread: the bare mechanism below fiber.h.
//
// A switch saves the callee-saved registers, exchanges the stack pointer and goes on: a few nanoseconds, in assembly
// for x86-64 and AArch64, by ucontext elsewhere (or with GG_EMULATOR_UCONTEXT=1). The sanitizers are told of every
// switch.
#pragma once

#include <cstddef>

#if !defined(GG_EMULATOR_UCONTEXT)
#if defined(__x86_64__) || defined(__aarch64__)
#define GG_EMULATOR_UCONTEXT 0
#else
#define GG_EMULATOR_UCONTEXT 1
#endif
#endif

#if GG_EMULATOR_UCONTEXT
#include <ucontext.h>
#endif

namespace gg::emulator {

/// A flow of control while it does not run. A default-made one stands for the caller of its first switch_context.
struct Context {
#if GG_EMULATOR_UCONTEXT
  ucontext_t registers{};
#else
  void* stack_pointer = nullptr;
#endif
  void (*entry)(void*) = nullptr;
  void* argument = nullptr;
  const void* stack = nullptr;  // lowest address
  size_t stack_bytes = 0;
  void* asan_fake_stack = nullptr;
  void* tsan_fiber = nullptr;
};

/// Lets `context` begin with entry(argument) on the given stack at the next switch to it. `entry` must never return.
/// May be called again to abandon what the context was doing; nothing on its old stack is destroyed.
void prepare(Context& context, void* stack, size_t stack_bytes, void (*entry)(void*), void* argument);

/// Releases what the sanitizers hold for a prepared context.
void dismiss(Context& context);

/// Suspends the caller in `from` and goes on with `to`; returns when somebody switches back to `from`.
void switch_context(Context& from, Context& to);

}  // namespace gg::emulator
