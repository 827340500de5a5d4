#include "core/device.h"

#include "core/device_memory.h"
#include "core/error.h"

#ifdef GG_HAS_EMULATED
namespace gg::emulated {
const DeviceMemory& device_memory();
}
#endif
#ifdef GG_HAS_CUDA
namespace gg::cuda {
const DeviceMemory& device_memory();
int device_count() noexcept;
std::string why_unavailable();
}  // namespace gg::cuda
#endif

namespace gg {

std::string to_string(Device device) {
  switch (device.type) {
    case Device::cpu:
      return "cpu";
    case Device::cuda:
      return "cuda:" + std::to_string(device.index);
    default:
      return "emulated";
  }
}

Device parse_device(std::string_view text) {
  if (text == "cpu") return Device::cpu;
  if (text == "emulated") return Device::emulated;
  if (text == "cuda") return Device::cuda;
  if (text.starts_with("cuda:") && text.size() == 6 && text[5] >= '0' && text[5] <= '9') {
    return {Device::cuda, text[5] - '0'};
  }
  fail("device: expected cpu, cuda, cuda:0 … cuda:9 or emulated, got \"", text, "\"");
}

bool is_available(Device device) {
  switch (device.type) {
    case Device::cpu:
      return true;
    case Device::cuda:
#ifdef GG_HAS_CUDA
      return device.index < cuda::device_count();
#else
      return false;
#endif
    default:
#ifdef GG_HAS_EMULATED
      return true;
#else
      return false;
#endif
  }
}

const DeviceMemory& device_memory(Device device) {
  if (device.type == Device::emulated) {
#ifdef GG_HAS_EMULATED
    return emulated::device_memory();
#else
    fail("device emulated: this build has no emulator; configure with -DGG_EMULATED=ON");
#endif
  }
#ifdef GG_HAS_CUDA
  GG_CHECK(is_available(device), "device ", device, ": ", cuda::why_unavailable(), ". Use --device cpu");
  return cuda::device_memory();
#else
  fail("device ", device, ": this build has no CUDA; configure with -DGG_CUDA=ON (needs nvcc), or use cpu");
#endif
}

}  // namespace gg
