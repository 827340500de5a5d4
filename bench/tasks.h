// The tasks, in the order of the table. A task runs in a process of its own (process.h) and tells rows (measure.h); the
// peers know the same tasks and rows by the same names. What each row costs at least, and its goal: goals.h.
#pragma once

#include <string>
#include <vector>

#include "bench/measure.h"

namespace gg::bench {

struct TaskTraits {
  bool libtorch = true;    ///< its program has it, too
  bool pytorch = true;     ///< and so has its script
  bool host_only = false;  ///< it measures the host, whatever the device
};

struct Task {
  const char* name;
  void (*run)(const Settings& settings);
  TaskTraits traits = {};
};

const std::vector<Task>& tasks();

// ops.cpp: nanoseconds for one operation on 16 elements, in a chain of 1,000.
void run_ops(const Settings& settings);
// higher_order.cpp: ratios of training steps with derivatives of higher order to those without, and of their memory.
void run_higher_order(const Settings& settings);
// in_cache.cpp: seconds for functions of 131,072 numbers, which stay in a cache.
void run_in_cache(const Settings& settings);
// families.cpp: seconds for one large operation of each family.
void run_families(const Settings& settings);

}  // namespace gg::bench
