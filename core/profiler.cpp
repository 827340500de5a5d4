#include "core/profiler.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "core/allocator.h"
#include "core/dispatch.h"

namespace gg {
namespace {

using Clock = std::chrono::steady_clock;

// What the profiler has seen. Observers are plain functions, so there is one. Other threads may be within a kernel when
// it begins or ends: what they see belongs to it only if the number is the one that the kernel began with.
struct Recording {
  uint64_t number = 0;
  Clock::time_point begin;
  std::map<std::pair<std::string, std::string>, KernelTotal> totals;
  std::vector<KernelEvent> events;
  std::map<std::thread::id, int> threads;
  std::exception_ptr fault = {};  // of a device
};
std::mutex mutex;  // of all below
std::unique_ptr<Recording> recording;
uint64_t recordings = 0;

// Kernels that began and have not ended, innermost last.
struct Start {
  uint64_t recording;
  Clock::time_point time;
};
thread_local std::vector<Start> running;

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

int64_t bytes_of(const Array& x) {
  int64_t n = static_cast<int64_t>(size_of(x.dtype));
  for (int i = 0; i < x.rank(); ++i) n *= x.shape[i] > 1 && x.strides[static_cast<size_t>(i)] == 0 ? 1 : x.shape[i];
  return n;
}

std::string shapes_of(const KernelCall& call) {
  std::string shapes;
  for (const Array& x : call.operands) {
    if (!shapes.empty()) shapes += ' ';
    shapes += str(x.shape);
  }
  return shapes;
}

// The result of waiting for the device, whose faults are the caller's to throw: this runs where nothing may.
std::exception_ptr wait(Device device) noexcept {
  try {
    if (!device.is_cpu()) synchronize(device);
  } catch (...) {
    return std::current_exception();
  }
  return {};
}

void begin_kernel() {
  const std::lock_guard lock(mutex);
  if (recording) running.push_back({recording->number, Clock::now()});
}

void end_kernel(const KernelCall& call) {
  if (running.empty()) return;  // it began before the profiler did
  const Start start = running.back();
  running.pop_back();
  std::exception_ptr fault = wait(call.device);
  const Clock::time_point end = Clock::now();
  const std::lock_guard lock(mutex);
  if (!recording || recording->number != start.recording) return;
  if (fault && !recording->fault) recording->fault = fault;
  const double seconds = seconds_between(start.time, end);
  int64_t bytes = 0;
  for (const Array& x : call.operands) {
    if (x.data) bytes += bytes_of(x);
  }
  const std::string device = to_string(call.device);
  KernelTotal& total = recording->totals[{call.kernel, device}];
  total.kernel = call.kernel;
  total.device = device;
  ++total.calls;
  total.seconds += seconds;
  total.bytes += bytes;
  if (recording->events.size() >= Profile::kMostEvents) return;
  const int next = static_cast<int>(recording->threads.size());
  const int thread = recording->threads.try_emplace(std::this_thread::get_id(), next).first->second;
  recording->events.push_back(
      {call.kernel, shapes_of(call), seconds_between(recording->begin, start.time), seconds, bytes, thread});
}

void observe(const KernelCall& call, bool begin) { begin ? begin_kernel() : end_kernel(call); }

// printf into a string.
template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

}  // namespace

Profiler::Profiler() {
  const std::lock_guard lock(mutex);
  GG_CHECK(!kernel_observer, "Profiler: kernels are observed already; end the other profiler first");
  recording = std::make_unique<Recording>();
  recording->number = ++recordings;
  recording->begin = Clock::now();
  reset_peak_memory(Device::cpu);
  kernel_observer = observe;
}

Profiler::~Profiler() {
  const std::lock_guard lock(mutex);
  kernel_observer = nullptr;
  recording.reset();
}

Profile Profiler::profile() const {
  const std::lock_guard lock(mutex);
  if (recording->fault) std::rethrow_exception(std::exchange(recording->fault, {}));
  Profile out;
  out.seconds = seconds_between(recording->begin, Clock::now());
  for (const auto& [key, total] : recording->totals) out.totals.push_back(total);
  std::sort(out.totals.begin(), out.totals.end(), [](auto& a, auto& b) { return a.seconds > b.seconds; });
  out.events = recording->events;
  out.peak_bytes = memory_stats(Device::cpu).peak_bytes;
  return out;
}

std::string to_table(const Profile& profile) {
  double seconds = 0;
  int64_t calls = 0, bytes = 0;
  for (const KernelTotal& t : profile.totals) {
    seconds += t.seconds;
    calls += t.calls;
    bytes += t.bytes;
  }
  auto line = [&](const char* kernel, const char* device, int64_t n, double time, int64_t moved) {
    return format("%-32s %-10s %10lld %12.3f %7.1f %% %12.1f %9.1f\n", kernel, device, static_cast<long long>(n),
                  1e3 * time, seconds > 0 ? 100 * time / seconds : 0.0, static_cast<double>(moved) / (1 << 20),
                  time > 0 ? 1e-9 * static_cast<double>(moved) / time : 0.0);
  };
  std::string out =
      format("%-32s %-10s %10s %12s %9s %12s %9s\n", "kernel", "device", "calls", "ms", "share", "MiB", "GB/s");
  for (const KernelTotal& t : profile.totals) {
    out += line(t.kernel.c_str(), t.device.c_str(), t.calls, t.seconds, t.bytes);
  }
  out += line("all kernels", "", calls, seconds, bytes);
  out += format("%.3f ms in all, %.3f outside of kernels; tensors on the CPU had %.1f MiB at most\n",
                1e3 * profile.seconds, 1e3 * std::max(0.0, profile.seconds - seconds),
                static_cast<double>(profile.peak_bytes) / (1 << 20));
  if (calls > static_cast<int64_t>(profile.events.size())) {
    out += str("the trace holds the first ", profile.events.size(), " of ", calls, " calls\n");
  }
  return out;
}

std::string to_chrome_trace(const Profile& profile) {
  // Names of kernels and shapes need no escapes.
  std::string out = "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [";
  const char* separator = "\n";
  for (const KernelEvent& e : profile.events) {
    out += separator;
    out += str("{\"name\": \"", e.kernel, "\", \"ph\": \"X\", \"pid\": 1, \"tid\": ", e.thread,
               format(", \"ts\": %.3f, \"dur\": %.3f", 1e6 * e.start, 1e6 * e.seconds),
               ", \"args\": {\"bytes\": ", e.bytes, ", \"shapes\": \"", e.shapes, "\"}}");
    separator = ",\n";
  }
  out += "\n]}\n";
  return out;
}

}  // namespace gg
