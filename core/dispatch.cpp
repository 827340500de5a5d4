#include "core/dispatch.h"

#include "core/optimizer_table.h"

namespace gg {

struct KernelScope::Observed {
  const char* kernel;
  Device device;
  std::vector<Array> operands;
  KernelObserver observer;  // who saw the beginning sees the end

  void tell(bool begin) const { observer({kernel, device, operands}, begin); }
};

void KernelScope::begin(const char* kernel, Device device, std::vector<Array> operands, KernelObserver observer) {
  auto call = std::make_unique<Observed>(Observed{kernel, device, std::move(operands), observer});
  call->tell(true);
  call_ = call.release();
}

void KernelScope::end() noexcept {
  std::unique_ptr<Observed> call(call_);
  call->tell(false);
}

void add_arrays(std::vector<Array>& found, const OptimizerTable& table) {
  for (int64_t i = 0; i < table.count; ++i) {
    const OptimizerEntry& e = table.entries[i];
    auto add = [&](void* data) {
      if (data) found.push_back({data, table.dtype, {e.n}, {1}});
    };
    add(e.parameter);
    add(const_cast<void*>(e.grad));
    for (void* state : e.state) add(state);
  }
}

NoKernelError::NoKernelError(const char* kernel, Device device)
    : Error(str(kernel, ": there is no kernel for device ", device,
                " in this build. Move the tensors with to(x, Device::cpu)")),
      kernel_(kernel) {}

void no_kernel(const char* kernel, Device device) { throw NoKernelError(kernel, device); }

}  // namespace gg
