#include "core/profiler.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>

#include "core/allocator.h"
#include "core/dispatch.h"

namespace gg {
namespace {

using Clock = std::chrono::steady_clock;

// What the profiler has seen. Observers are plain functions, so there is one.
struct Recording {
  std::mutex mutex;
  Clock::time_point begin;
  std::map<std::pair<std::string, std::string>, KernelTotal> totals;
  std::vector<KernelEvent> events;
  std::map<std::thread::id, int> threads;
};
Recording* recording = nullptr;

// Kernels that began and have not ended, innermost last.
thread_local std::vector<Clock::time_point> running;

double seconds_between(Clock::time_point a, Clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

int64_t bytes_of(const Array& x) {
  int64_t n = static_cast<int64_t>(size_of(x.dtype));
  for (int i = 0; i < x.rank(); ++i) n *= x.shape[i] > 1 && x.strides[static_cast<size_t>(i)] == 0 ? 1 : x.shape[i];
  return n;
}

void observe(const KernelCall& call, bool begin) {
  if (begin) {
    running.push_back(Clock::now());
    return;
  }
  if (!call.device.is_cpu()) synchronize(call.device);
  const Clock::time_point end = Clock::now();
  if (running.empty()) return;  // it began before the profiler did
  const double seconds = seconds_between(running.back(), end);
  const Clock::time_point start = running.back();
  running.pop_back();
  int64_t bytes = 0;
  std::string shapes;
  for (const Array& x : call.operands) {
    if (x.data) bytes += bytes_of(x);
    if (!shapes.empty()) shapes += ' ';
    shapes += str(x.shape);
  }
  const std::lock_guard lock(recording->mutex);
  const std::string device = to_string(call.device);
  KernelTotal& total = recording->totals[{call.kernel, device}];
  total.kernel = call.kernel;
  total.device = device;
  ++total.calls;
  total.seconds += seconds;
  total.bytes += bytes;
  if (recording->events.size() < Profile::kMostEvents) {
    const int thread =
        recording->threads.try_emplace(std::this_thread::get_id(), static_cast<int>(recording->threads.size()))
            .first->second;
    recording->events.push_back(
        {call.kernel, std::move(shapes), seconds_between(recording->begin, start), seconds, bytes, thread});
  }
}

// printf into a string.
template <class... Arguments>
std::string format(const char* pattern, Arguments... arguments) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, arguments...);
  return text;
}

}  // namespace

Profiler::Profiler() {
  GG_CHECK(!kernel_observer, "Profiler: kernels are observed already; end the other profiler first");
  recording = new Recording;
  recording->begin = Clock::now();
  reset_peak_memory(Device::cpu);
  kernel_observer = observe;
}

Profiler::~Profiler() {
  kernel_observer = nullptr;
  running.clear();
  delete recording;
  recording = nullptr;
}

Profile Profiler::profile() const {
  const std::lock_guard lock(recording->mutex);
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
  out += format("%.3f ms in all, %.3f outside of kernels; tensors had %.1f MiB at most\n", 1e3 * profile.seconds,
                1e3 * std::max(0.0, profile.seconds - seconds), static_cast<double>(profile.peak_bytes) / (1 << 20));
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
