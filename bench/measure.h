// How everything here is timed, ours and the peer's: the median of many repetitions after a warm-up. One thread is
// timed by the CPU time of the calling thread, so that time which other processes take does not count; several threads
// by wall time. Needs nothing but the standard library: the peer (C++17) includes it too.
#pragma once

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

namespace gg::bench {

inline double now(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

inline clockid_t clock_for(int threads) { return threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC; }

inline double median(std::vector<double> v) {
  if (v.empty()) return 0;
  std::sort(v.begin(), v.end());
  size_t n = v.size();
  return n % 2 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

struct Settings {
  int threads = 1;
  double seconds = 0.5;        ///< of repetitions for each row
  std::string device = "cpu";  ///< others are timed by wall time
  std::string row = "";        ///< of the task "families": only rows with this in their name
};

/// Seconds for one call of fn: the median of at least 5 calls.
template <class Fn>
double measure(const Settings& s, Fn&& fn) {
  clockid_t clock = s.device == "cpu" ? clock_for(s.threads) : CLOCK_MONOTONIC;
  constexpr int kWarmUp = 3, kFewest = 5, kMost = 5000;
  for (int i = 0; i < kWarmUp; ++i) fn();
  std::vector<double> times;
  double wall = now(CLOCK_MONOTONIC), spent = 0;
  while (times.size() < kFewest || (spent < s.seconds && now(CLOCK_MONOTONIC) - wall < 4 * s.seconds)) {
    if (times.size() == kMost) break;
    double start = now(clock);
    fn();
    times.push_back(now(clock) - start);
    spent += times.back();
  }
  return median(std::move(times));
}

/// Resident memory of this process, MiB.
inline double resident_mib() {
  long total = 0, resident = 0;
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld %ld", &total, &resident) != 2) resident = 0;
    std::fclose(f);
  }
  return static_cast<double>(resident) * 4096 / (1 << 20);
}

/// The most resident memory that this process ever had, MiB. What its parent had before counts in getrusage, not here.
inline double peak_mib() {
  double kib = 0;
  if (FILE* f = std::fopen("/proc/self/status", "r")) {
    for (char line[256]; std::fgets(line, sizeof line, f) && std::sscanf(line, "VmHWM: %lf", &kib) != 1;) {
    }
    std::fclose(f);
  }
  return kib / 1024;
}

/// The least that one call has to do, whoever does it. 0: not counted.
struct Work {
  double bytes = 0, flops = 0;
};

/// What a measuring process tells its parent: one row, tab-separated, for each quantity.
inline void tell(const std::string& row, double value, const Work& work = {}) {
  std::printf("%s\t%.9g\t%.9g\t%.9g\n", row.c_str(), value, work.bytes, work.flops);
  std::fflush(stdout);
}
inline void tell(const std::string& key, const std::string& text) {
  std::printf("#%s\t%s\n", key.c_str(), text.c_str());
  std::fflush(stdout);
}

/// To be told at the end.
inline void tell_peak() {
  std::printf("#peak\t%.9g\n", peak_mib());
  std::fflush(stdout);
}

}  // namespace gg::bench
