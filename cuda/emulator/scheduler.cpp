#include "cuda/emulator/scheduler.h"

#include <bit>
#include <cstdio>
#include <exception>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "cuda/emulator/device.h"
#include "cuda/emulator/emulator.h"
#include "cuda/emulator/fault.h"
#include "cuda/emulator/fiber.h"
#include "cuda/emulator/sanitizers.h"
#include "cuda/emulator/shared_memory.h"
#include "cuda/emulator/work_count.h"

namespace gg::emulator {

namespace vocabulary {
constinit thread_local uint3 threadIdx{};
constinit thread_local uint3 blockIdx{};
constinit thread_local dim3 blockDim{};
constinit thread_local dim3 gridDim{};
}  // namespace vocabulary

namespace {

constexpr int kMaxWarps = kMaxBlockThreads / kWarpSize;

enum class State : unsigned char { runnable, at_barrier, at_warp_operation, exited };

struct Thread {
  Fiber* fiber = nullptr;  // null until it runs, and after it has exited
  State state = State::runnable;
  vocabulary::uint3 index{};
  // What it brought to a warp operation, and what it takes away.
  WarpOperation operation{};
  uint64_t value = 0, result = 0;
  int argument = 0, width = 0;
  Site site;
};

/// Lanes that gather for one warp operation. Free while nobody has arrived.
struct Rendezvous {
  unsigned mask = 0, arrived = 0;
  Site site;
  int phase = 0;
  char order[2] = {};  // addresses for ThreadSanitizer
};

struct Warp {
  unsigned existing = 0, runnable = 0, exited = 0;
  int turn = 0;  // position in the order of warps
  Rendezvous rendezvous[kWarpSize];
};

class Machine {
 public:
  std::string run(const Grid& grid);
  int barrier(bool predicate, int* participants, Site site);
  uint64_t warp_operation(WarpOperation operation, unsigned mask, uint64_t value, int argument, int width, Site site);
  void* shared(const void* key, size_t bytes, size_t alignment, const char* name);
  void* dynamic_shared() { return shared(&shared_, shared_.dynamic_bytes(), 256, "dynamic"); }

 private:
  static void fiber_entry(void* fiber);
  void work(Fiber& self);
  void run_block(uint64_t block);
  void start_block();
  [[gnu::noinline]] void set_current(int thread);  // not inlined: thread_locals may move while a fiber sleeps
  Fiber& fiber_for(int thread);
  void ready(int thread);
  int pick();
  int pick_lane(unsigned runnable);
  void wait(State state);
  void give_turn();
  void exit_current();
  void release_barrier();
  void complete(int warp, Rendezvous& meeting);
  uint64_t result_of(int thread, int warp, unsigned mask) const;
  unsigned missing_allowed(const Warp& warp) const { return strict_exit_ ? 0 : warp.exited; }
  [[noreturn]] void fail(Fault::Kind kind, Fault fault = {});
  void note_stuck(Fault& fault) const;
  void abandon_fibers();
  uint64_t random();

  Grid grid_{};
  int threads_in_block_ = 0, warps_in_block_ = 0;
  uint64_t block_ = 0;
  Schedule schedule_ = Schedule::forward;
  bool strict_exit_ = true;
  Fault fault_;
  Context host_;

  Thread threads_[kMaxBlockThreads];
  Warp warps_[kMaxWarps];
  int order_[kMaxWarps] = {};   // warps by turn
  unsigned waiting_turns_ = 0;  // bit i: warp order_[i] has runnable lanes
  int current_ = 0;
  int favoured_ = -1;  // the warp that goes on as long as it can, or -1
  int exited_ = 0;

  int arrived_ = 0, phase_ = 0;
  Site barrier_site_;
  int true_predicates_[2] = {}, participants_[2] = {};
  char barrier_order_[2][2] = {};  // [set of fibers][phase], addresses for ThreadSanitizer
  char start_order_ = 0, end_order_ = 0;

  SharedMemory shared_;
  std::vector<std::unique_ptr<Fiber>> fibers_;  // under ThreadSanitizer: [set * kMaxBlockThreads + thread]
  Fiber* idle_ = nullptr;
  uint64_t random_state_ = 0;
};

Machine& machine() {
  static Machine* instance = new Machine;  // never destroyed: its fibers' stacks are in no state to unwind
  return *instance;
}

uint64_t Machine::random() {  // splitmix64 (Steele, Lea, Flood 2014)
  uint64_t z = (random_state_ += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// ---- Grids and blocks (on the host's own stack) ----

std::string Machine::run(const Grid& grid) {
  grid_ = grid;
  fault_ = {};
  host_ = {};
  threads_in_block_ = static_cast<int>(grid.threads.x * grid.threads.y * grid.threads.z);
  warps_in_block_ = (threads_in_block_ + kWarpSize - 1) / kWarpSize;
  schedule_ = options().schedule;
  strict_exit_ = options().strict_exit;
  random_state_ = schedule_ == Schedule::random_a ? 1 : 2;
  vocabulary::blockDim = grid.threads;
  vocabulary::gridDim = grid.blocks;
  if (has_thread_sanitizer()) {
    fibers_.resize(2 * kMaxBlockThreads);
    for (int set = 0; set < 2; ++set) {
      for (int t = 0; t < threads_in_block_; ++t) {
        auto& fiber = fibers_[static_cast<size_t>(set * kMaxBlockThreads + t)];
        if (!fiber) fiber = std::make_unique<Fiber>(&Machine::fiber_entry);
      }
    }
  }
  release(&start_order_);
  const uint64_t blocks = uint64_t{grid.blocks.x} * grid.blocks.y * grid.blocks.z;
  // A random order of blocks: steps of a size without common divisor with their number.
  uint64_t step = 1, first = 0;
  if (schedule_ >= Schedule::random_a) {
    first = random() % blocks;
    do step = random() % blocks + 1;
    while (std::gcd(step, blocks) != 1);
  }
  for (uint64_t i = 0; i < blocks && fault_.kind == Fault::none; ++i) {
    run_block(schedule_ == Schedule::reverse ? blocks - 1 - i : (first + i * step) % blocks);
  }
  acquire(&end_order_);
  if (fault_.kind == Fault::none) return {};
  abandon_fibers();
  return describe(fault_, grid.name);
}

void Machine::run_block(uint64_t block) {
  block_ = block;
  const auto& grid = grid_.blocks;
  vocabulary::blockIdx = {static_cast<unsigned>(block % grid.x), static_cast<unsigned>(block / grid.x % grid.y),
                          static_cast<unsigned>(block / grid.x / grid.y)};
  start_block();
  const int first = pick();
  set_current(first);
  switch_context(host_, fiber_for(first).context());
  const char* damaged = shared_.end_block();
  if (damaged && fault_.kind == Fault::none) {
    fault_.kind = Fault::red_zone;
    std::snprintf(fault_.array, sizeof fault_.array, "%s", damaged);
    fault_.block = vocabulary::blockIdx;
  }
}

void Machine::start_block() {
  exited_ = arrived_ = phase_ = 0;
  waiting_turns_ = 0;
  favoured_ = -1;
  vocabulary::uint3 index{};
  for (int t = 0; t < threads_in_block_; ++t) {
    threads_[t].fiber = nullptr;
    threads_[t].state = State::runnable;
    threads_[t].index = index;
    if (++index.x < grid_.threads.x) continue;
    index.x = 0;
    if (++index.y < grid_.threads.y) continue;
    index.y = 0;
    ++index.z;
  }
  for (int i = 0; i < warps_in_block_; ++i) {
    order_[i] = schedule_ == Schedule::reverse ? warps_in_block_ - 1 - i : i;
    if (schedule_ >= Schedule::random_a) std::swap(order_[i], order_[random() % static_cast<uint64_t>(i + 1)]);
  }
  for (int i = 0; i < warps_in_block_; ++i) {
    Warp& warp = warps_[order_[i]];
    const int lanes = std::min(kWarpSize, threads_in_block_ - order_[i] * kWarpSize);
    warp.turn = i;
    warp.existing = warp.runnable = lanes == kWarpSize ? ~0u : (1u << lanes) - 1;
    warp.exited = 0;
    for (Rendezvous& meeting : warp.rendezvous) meeting.mask = meeting.arrived = 0;
    waiting_turns_ |= 1u << i;
  }
  shared_.begin_block(grid_.dynamic_shared_bytes, options().fill);
}

void Machine::abandon_fibers() {
  idle_ = nullptr;
  for (auto& fiber : fibers_) {
    if (!fiber) continue;
    fiber->restart();
    fiber->next_idle = idle_;
    idle_ = fiber.get();
  }
}

// ---- Turns (on the fibers) ----

void Machine::fiber_entry(void* fiber) { machine().work(*static_cast<Fiber*>(fiber)); }

void Machine::work(Fiber& self) {
  for (;;) {
    threads_[current_].fiber = &self;
    acquire(&start_order_);
    Fault thrown;
    try {
      grid_.run_thread(grid_.call);
    } catch (const std::exception& error) {
      thrown.kind = Fault::exception;
      std::snprintf(thrown.array, sizeof thrown.array, "%s", error.what());
    } catch (...) {
      thrown.kind = Fault::exception;
    }
    if (thrown.kind != Fault::none) fail(thrown.kind, thrown);  // outside the handler, which must end on this stack
    release(&end_order_);
    exit_current();
    const int next = pick();
    if (next < 0 && exited_ < threads_in_block_) {
      threads_[current_].fiber = &self;
      fail(Fault::stuck);
    }
    if (next >= 0) set_current(next);
    if (!has_thread_sanitizer() && next >= 0 && !threads_[next].fiber) continue;
    // Not idle before the successor is chosen: it must not be chosen itself.
    Context& target = next < 0 ? host_ : fiber_for(next).context();
    if (!has_thread_sanitizer()) {
      self.next_idle = idle_;
      idle_ = &self;
    }
    switch_context(self.context(), target);
  }
}

Fiber& Machine::fiber_for(int thread) {
  if (has_thread_sanitizer()) {
    return *fibers_[static_cast<size_t>(static_cast<int>(block_ & 1) * kMaxBlockThreads + thread)];
  }
  if (threads_[thread].fiber) return *threads_[thread].fiber;
  if (!idle_) {
    fibers_.push_back(std::make_unique<Fiber>(&Machine::fiber_entry));
    return *fibers_.back();
  }
  return *std::exchange(idle_, idle_->next_idle);
}

void Machine::set_current(int thread) {
  current_ = thread;
  favoured_ = thread / kWarpSize;
  vocabulary::threadIdx = threads_[thread].index;
}

void Machine::ready(int thread) {
  Warp& warp = warps_[thread / kWarpSize];
  threads_[thread].state = State::runnable;
  warp.runnable |= 1u << (thread % kWarpSize);
  waiting_turns_ |= 1u << warp.turn;
}

int Machine::pick_lane(unsigned runnable) {
  switch (schedule_) {
    case Schedule::forward:
      return std::countr_zero(runnable);
    case Schedule::reverse:
      return kWarpSize - 1 - std::countl_zero(runnable);
    default: {
      const int turn = static_cast<int>(random() % kWarpSize);
      return (std::countr_zero(std::rotr(runnable, turn)) + turn) % kWarpSize;
    }
  }
}

/// The thread whose turn it is: of the favoured warp as long as that can go on. -1 if nobody can run.
int Machine::pick() {
  int w = favoured_;
  if (w < 0 || warps_[w].runnable == 0) {
    if (waiting_turns_ == 0) return -1;
    w = order_[std::countr_zero(waiting_turns_)];
  }
  Warp& warp = warps_[w];
  const int lane = pick_lane(warp.runnable);
  warp.runnable &= ~(1u << lane);
  if (warp.runnable == 0) waiting_turns_ &= ~(1u << warp.turn);
  return w * kWarpSize + lane;
}

/// Lets others run until somebody has made the current thread ready and its turn comes.
void Machine::wait(State state) {
  threads_[current_].state = state;
  give_turn();
}

void Machine::give_turn() {
  const int self = current_;
  const int next = pick();
  if (next < 0) fail(Fault::stuck);
  set_current(next);
  if (next == self) return;
  switch_context(threads_[self].fiber->context(), fiber_for(next).context());
}

void Machine::exit_current() {
  Thread& thread = threads_[current_];
  Warp& warp = warps_[current_ / kWarpSize];
  thread.state = State::exited;
  thread.fiber = nullptr;
  warp.exited |= 1u << (current_ % kWarpSize);
  ++exited_;
  if (strict_exit_) return;
  if (arrived_ > 0 && arrived_ + exited_ == threads_in_block_) release_barrier();
  for (Rendezvous& meeting : warp.rendezvous) {
    if (meeting.arrived && (meeting.mask & ~warp.exited) == meeting.arrived) {
      complete(current_ / kWarpSize, meeting);
    }
  }
}

// ---- Barriers ----

int Machine::barrier(bool predicate, int* participants, Site site) {
  const int phase = phase_ & 1;
  char* order = &barrier_order_[block_ & 1][phase];
  if (arrived_ == 0) {
    barrier_site_ = site;
    true_predicates_[phase] = 0;
  } else if (!(site == barrier_site_)) {
    Fault fault;
    fault.other_site = barrier_site_;
    fault.site = site;
    fail(Fault::different_barriers, fault);
  }
  true_predicates_[phase] += predicate;
  ++arrived_;
  release(order);
  threads_[current_].state = State::at_barrier;
  if (arrived_ + (strict_exit_ ? 0 : exited_) == threads_in_block_) release_barrier();
  give_turn();
  acquire(order);
  if (participants) *participants = participants_[phase];
  return true_predicates_[phase];
}

void Machine::release_barrier() {
  participants_[phase_ & 1] = arrived_;
  arrived_ = 0;
  favoured_ = -1;  // the first warp in the order begins, not the one that came last
  ++phase_;
  for (int t = 0; t < threads_in_block_; ++t) {
    if (threads_[t].state == State::at_barrier) ready(t);
  }
}

// ---- Warp operations ----

uint64_t Machine::warp_operation(WarpOperation operation, unsigned mask, uint64_t value, int argument, int width,
                                 Site site) {
  const int self = current_, w = self / kWarpSize, lane = self % kWarpSize;
  Warp& warp = warps_[w];
  Fault fault;
  fault.site = site;
  fault.mask = mask;
  fault.lane = lane;
  fault.width = width;
  if (!(mask >> lane & 1)) fail(Fault::lane_not_in_mask, fault);
  if (width < 1 || width > kWarpSize || !std::has_single_bit(static_cast<unsigned>(width)))
    fail(Fault::bad_width, fault);
  mask &= warp.existing;  // lanes that the block does not have count as exited

  Rendezvous* meeting = nullptr;
  for (Rendezvous& candidate : warp.rendezvous) {
    if (candidate.arrived && candidate.mask == mask) {
      meeting = &candidate;
      break;
    }
    if (!candidate.arrived && !meeting) meeting = &candidate;
  }
  // 32 lanes, each in one place at a time: there is always a free one.
  if (!meeting->arrived) {
    meeting->mask = mask;
    meeting->site = site;
    ++meeting->phase;
  } else if (!(meeting->site == site) ||
             threads_[w * kWarpSize + std::countr_zero(meeting->arrived)].operation != operation) {
    fault.other_site = meeting->site;
    fail(Fault::different_warp_operations, fault);
  }
  meeting->arrived |= 1u << lane;
  Thread& thread = threads_[self];
  thread.operation = operation;
  thread.value = value;
  thread.argument = argument;
  thread.width = width;
  char* order = operation == WarpOperation::sync ? &meeting->order[meeting->phase & 1] : nullptr;
  if (order) release(order);
  if (meeting->arrived == (mask & ~missing_allowed(warp))) {
    complete(w, *meeting);
  } else {
    wait(State::at_warp_operation);
  }
  if (order) acquire(order);
  return thread.result;
}

/// All lanes have come: computes what each takes away and lets them go on.
void Machine::complete(int w, Rendezvous& meeting) {
  const unsigned came = std::exchange(meeting.arrived, 0);
  unsigned ballot = 0;
  for (unsigned rest = came; rest; rest &= rest - 1) {
    const int lane = std::countr_zero(rest);
    ballot |= static_cast<unsigned>(threads_[w * kWarpSize + lane].value != 0) << lane;
  }
  for (unsigned rest = came; rest; rest &= rest - 1) {
    const int t = w * kWarpSize + std::countr_zero(rest);
    threads_[t].result = threads_[t].operation == WarpOperation::ballot ? ballot : result_of(t, w, came);
    if (t != current_) ready(t);
  }
}

/// Of a shuffle. A lane outside the mask holds no value that may be read: NaN bits.
uint64_t Machine::result_of(int t, int w, unsigned mask) const {
  const Thread& thread = threads_[t];
  const int lane = t % kWarpSize, first = lane & ~(thread.width - 1), end = first + thread.width;
  int source = lane;
  switch (thread.operation) {
    case WarpOperation::shuffle:
      source = first + (thread.argument & (thread.width - 1));
      break;
    case WarpOperation::shuffle_up:
      source = lane - thread.argument < first ? lane : lane - thread.argument;
      break;
    case WarpOperation::shuffle_down:
      source = lane + thread.argument >= end ? lane : lane + thread.argument;
      break;
    case WarpOperation::shuffle_xor:
      source = (lane ^ thread.argument) >= end ? lane : lane ^ thread.argument;
      break;
    case WarpOperation::sync:
    case WarpOperation::ballot:
      break;
  }
  return mask >> source & 1 ? threads_[w * kWarpSize + source].value : ~uint64_t{0};
}

// ---- Faults and shared memory ----

void Machine::note_stuck(Fault& fault) const {
  fault.threads = threads_in_block_;
  fault.exited = exited_;
  fault.site = barrier_site_;
  for (int t = 0; t < threads_in_block_; ++t) fault.at_barrier += threads_[t].state == State::at_barrier;
  fault.mask = 0;
  for (int w = 0; w < warps_in_block_; ++w) {
    for (const Rendezvous& meeting : warps_[w].rendezvous) {
      if (!meeting.arrived || fault.mask) continue;
      fault.mask = meeting.mask;
      fault.arrived = meeting.arrived;
      fault.warp = w;
      fault.other_site = meeting.site;
    }
  }
}

void Machine::fail(Fault::Kind kind, Fault fault) {
  fault.kind = kind;
  fault.block = vocabulary::blockIdx;
  fault.thread = threads_[current_].index;
  if (kind == Fault::stuck) note_stuck(fault);
  fault_ = fault;
  switch_context(threads_[current_].fiber->context(), host_);
  std::terminate();  // nobody switches back to an aborted thread
}

void* Machine::shared(const void* key, size_t bytes, size_t alignment, const char* name) {
  void* array = shared_.find_or_add(key, bytes, alignment, name);
  if (array) return array;
  Fault fault;
  std::snprintf(fault.array, sizeof fault.array, "%s", name);
  fault.bytes = bytes;
  fail(Fault::too_much_shared, fault);
}

}  // namespace

std::string run_grid(const Grid& grid) {
  count_kernel(grid.name);
  return machine().run(grid);
}

int block_barrier(bool predicate, int* participants, Site site) {
  return machine().barrier(predicate, participants, site);
}

uint64_t warp_operation(WarpOperation operation, unsigned mask, uint64_t value, int argument, int width, Site site) {
  return machine().warp_operation(operation, mask, value, argument, width, site);
}

void* shared_array(const void* key, size_t bytes, size_t alignment, const char* name) {
  return machine().shared(key, bytes, alignment, name);
}

void* dynamic_shared_array() { return machine().dynamic_shared(); }

}  // namespace gg::emulator
