#include "apps/common/stop_signal.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>

namespace gg::apps {
namespace {

std::atomic<bool> stop_flag{false};
std::atomic<int> received{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "only lock-free atomics may be used in a signal handler");

extern "C" void on_stop_signal(int signal) {
  // Only async-signal-safe calls here: no printf, no allocation.
  if (received.exchange(signal) != 0) ::_exit(128 + signal);
  stop_flag = true;
  const int saved_errno = errno;
  constexpr char kNote[] = "\nStopping after this step; once more to quit at once.\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, kNote, sizeof kNote - 1);
  errno = saved_errno;
}

}  // namespace

void install_stop_signals() {
  stop_flag = false;
  received = 0;
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool stop_requested() { return stop_flag.load(std::memory_order_relaxed); }

void request_stop() { stop_flag = true; }

void stop_if_requested() {
  if (stop_requested()) throw Stopped();
}

int stop_signal() { return received; }

}  // namespace gg::apps
