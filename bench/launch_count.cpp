#include "bench/launch_count.h"

#include "core/device.h"
#include "cuda/emulator/work_count.h"
#include "ops/ops.h"

namespace gg::bench {

Launches count_launches(const TrainingStep& step, optim::Optimizer& optimizer) {
  run(step, optimizer);
  synchronize(Device::emulated);
  emulator::reset_work_count();
  run(step, optimizer);
  synchronize(Device::emulated);
  const emulator::WorkCount count = emulator::work_count();
  Launches launches{count.total_kernels(), count.total_library_calls(), count.kernels};
  launches.names.insert(count.library_calls.begin(), count.library_calls.end());
  return launches;
}

int64_t count_adamw_launches(int parameters) {
  std::vector<Tensor> all;
  for (int i = 0; i < parameters; ++i) {
    all.push_back(full({3}, 1, {f32, Device::emulated}).requires_grad_());
    all.back().set_grad(full({3}, 1, {f32, Device::emulated}));
  }
  optim::AdamW optimizer(all, {.lr = 1e-3});
  optimizer.step();
  synchronize(Device::emulated);
  emulator::reset_work_count();
  optimizer.step();
  synchronize(Device::emulated);
  return emulator::work_count().total_kernels();
}

}  // namespace gg::bench
