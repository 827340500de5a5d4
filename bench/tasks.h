// The tasks, in the order of the table. A task runs in a process of its own (process.h) and tells rows (measure.h); the
// peer knows the same tasks and rows by the same names. What each row costs at least, and its goal: report.cpp.
#pragma once

#include <string>
#include <vector>

#include "bench/measure.h"

namespace gg::bench {

/// Names of all tasks.
const std::vector<std::string>& task_names();

/// Runs a task of that list in this process.
void run_task(const std::string& name, const Settings& settings);

// ops.cpp: nanoseconds for one operation on 16 elements, in a chain of 1,000.
void run_ops(const Settings& settings);
// families.cpp: seconds for one large operation of each family.
void run_families(const Settings& settings);
// steps.cpp: seconds for one training step, or one optimiser step.
void run_mlp(const Settings& settings);
void run_conv(const Settings& settings);
void run_vae(const Settings& settings);
void run_adamw(const Settings& settings, int tensors);
/// steps.cpp: a first, tiny backward pass, then the resident memory. Its own duration is measured from outside.
void run_start();

}  // namespace gg::bench
