#include "core/device_info.h"

#include "core/device_memory.h"
#include "core/error.h"
#include "core/isa.h"
#include "core/parallel.h"
#include "cuda/context.h"
#include "cuda/versions.h"

namespace gg {

std::string describe(Device device) {
  if (device.is_cpu())
    return str(cpu::name_of(cpu::isa()), " kernels, ", num_threads(), num_threads() == 1 ? " thread" : " threads");
  try {
    if (device.type == Device::cuda) {
      if (cuda::device_count() == 0) return "none; " + cuda::why_unavailable();
#if GG_WITH_CUDA
      return cuda::device_description() + ", " + cuda::versions();
#endif
    } else {
      if (emulated::device_count() == 0) return "none; " + emulated::why_unavailable();
#if GG_WITH_EMULATED
      return emulated::device_description() + ", " + emulated::versions();
#endif
    }
  } catch (const Error& error) {  // a driver that fails must not keep the answer from whoever asks
    return error.what();
  }
  return "none";
}

Device choose_device(const std::string& name) {
  if (name != "auto") return parse_device(name);
  return is_available(Device::cuda) ? Device(Device::cuda) : Device();
}

void check_available(Device device) {
  if (!device.is_cpu()) device_memory(device);
}

}  // namespace gg
