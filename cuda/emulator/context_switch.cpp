#include "cuda/emulator/context_switch.h"

#include <cstdint>
#include <cstdlib>

#include "cuda/emulator/sanitizers.h"

namespace gg::emulator {
namespace {

Context* previous = nullptr;  // who switched last; one kernel runs at a time, so one is enough

void arrived(Context& here) {
  if (!has_address_sanitizer()) return;
  // The bounds that come back are those of the stack just left: so the host thread's own are learned too.
  __sanitizer_finish_switch_fiber(here.asan_fake_stack, &previous->stack, &previous->stack_bytes);
}

void begin(Context& context) {
  arrived(context);
  context.entry(context.argument);
  std::abort();
}

}  // namespace
}  // namespace gg::emulator

#if GG_EMULATOR_UCONTEXT

extern "C" void gg_emulator_begin(unsigned low, unsigned high) {  // makecontext passes ints only
  const uint64_t address = (static_cast<uint64_t>(high) << 32) | low;
  gg::emulator::begin(*reinterpret_cast<gg::emulator::Context*>(static_cast<uintptr_t>(address)));
}

#else

extern "C" void gg_emulator_begin(void* context) { gg::emulator::begin(*static_cast<gg::emulator::Context*>(context)); }
extern "C" void gg_emulator_switch(void** save_stack_pointer, void* load_stack_pointer);
extern "C" void gg_emulator_start();

#if defined(__x86_64__)
// The return is a pop and a jump, since a `ret` to another place than the last call spoils the return predictor.
asm(R"(
    .text
    .p2align 4
    .globl gg_emulator_switch
    .hidden gg_emulator_switch
    .type gg_emulator_switch, @function
gg_emulator_switch:
    .cfi_startproc
    pushq %rbp
    .cfi_adjust_cfa_offset 8
    pushq %rbx
    .cfi_adjust_cfa_offset 8
    pushq %r12
    .cfi_adjust_cfa_offset 8
    pushq %r13
    .cfi_adjust_cfa_offset 8
    pushq %r14
    .cfi_adjust_cfa_offset 8
    pushq %r15
    .cfi_adjust_cfa_offset 8
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    .cfi_adjust_cfa_offset -8
    popq %r14
    .cfi_adjust_cfa_offset -8
    popq %r13
    .cfi_adjust_cfa_offset -8
    popq %r12
    .cfi_adjust_cfa_offset -8
    popq %rbx
    .cfi_adjust_cfa_offset -8
    popq %rbp
    .cfi_adjust_cfa_offset -8
    popq %rcx
    .cfi_adjust_cfa_offset -8
    .cfi_register rip, rcx
    jmp *%rcx
    .cfi_endproc
    .size gg_emulator_switch, . - gg_emulator_switch

    .p2align 4
    .globl gg_emulator_start
    .hidden gg_emulator_start
    .type gg_emulator_start, @function
gg_emulator_start:
    .cfi_startproc
    .cfi_undefined rip
    movq %r12, %rdi
    xorl %ebp, %ebp
    call gg_emulator_begin
    ud2
    .cfi_endproc
    .size gg_emulator_start, . - gg_emulator_start
)");

namespace {
struct Frame {  // what gg_emulator_switch pops, lowest address first
  void *r15, *r14, *r13, *r12, *rbx, *rbp;
  void (*resume)();
};
void fill(Frame& frame, void* context) {
  frame.r12 = context;
  frame.resume = gg_emulator_start;
}
}  // namespace

#elif defined(__aarch64__)
asm(R"(
    .text
    .p2align 4
    .globl gg_emulator_switch
    .hidden gg_emulator_switch
    .type gg_emulator_switch, %function
gg_emulator_switch:
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x30, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    ret
    .size gg_emulator_switch, . - gg_emulator_switch

    .p2align 4
    .globl gg_emulator_start
    .hidden gg_emulator_start
    .type gg_emulator_start, %function
gg_emulator_start:
    .cfi_startproc
    .cfi_undefined x30
    mov x0, x19
    mov x29, xzr
    mov x30, xzr
    bl gg_emulator_begin
    brk #0
    .cfi_endproc
    .size gg_emulator_start, . - gg_emulator_start
)");

namespace {
struct Frame {
  void *x19, *x20, *x21, *x22, *x23, *x24, *x25, *x26, *x27, *x28, *x29;
  void (*resume)();  // x30
  double d8_to_d15[8];
};
void fill(Frame& frame, void* context) {
  frame.x19 = context;
  frame.resume = gg_emulator_start;
}
}  // namespace
#endif
#endif

namespace gg::emulator {

void dismiss(Context& context) {
  if (!context.tsan_fiber) return;
  // For the tool only, go there and come back (0: ordered): what the fiber did lies before what the caller does next.
  void* here = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(context.tsan_fiber, 1);
  __tsan_switch_to_fiber(here, 0);
  __tsan_destroy_fiber(context.tsan_fiber);
  context.tsan_fiber = nullptr;
}

void prepare(Context& context, void* stack, size_t stack_bytes, void (*entry)(void*), void* argument) {
  dismiss(context);
  // Frames abandoned on this stack left poisoned bytes behind.
  unpoison(stack, stack_bytes);
  context = Context{};
  context.entry = entry;
  context.argument = argument;
  context.stack = stack;
  context.stack_bytes = stack_bytes;
#if GG_EMULATOR_UCONTEXT
  getcontext(&context.registers);
  context.registers.uc_stack.ss_sp = stack;
  context.registers.uc_stack.ss_size = stack_bytes;
  context.registers.uc_link = nullptr;
  const auto address = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(&context));
  makecontext(&context.registers, reinterpret_cast<void (*)()>(gg_emulator_begin), 2, static_cast<unsigned>(address),
              static_cast<unsigned>(address >> 32));
#else
  // The frame ends 16 bytes below the 16-byte aligned top, so gg_emulator_start finds an aligned stack.
  auto* top = static_cast<char*>(stack) + stack_bytes - 16;
  auto* frame = reinterpret_cast<Frame*>(top - sizeof(Frame));
  *frame = Frame{};
  fill(*frame, &context);
  context.stack_pointer = frame;
#endif
  if (has_thread_sanitizer()) context.tsan_fiber = __tsan_create_fiber(0);
}

void switch_context(Context& from, Context& to) {
  previous = &from;
  if (has_address_sanitizer()) __sanitizer_start_switch_fiber(&from.asan_fake_stack, to.stack, to.stack_bytes);
  if (has_thread_sanitizer()) {
    if (!from.tsan_fiber) from.tsan_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to.tsan_fiber, 1);  // 1: the switch itself orders nothing
  }
#if GG_EMULATOR_UCONTEXT
  swapcontext(&from.registers, &to.registers);
#else
  gg_emulator_switch(&from.stack_pointer, to.stack_pointer);
#endif
  arrived(from);
}

}  // namespace gg::emulator
