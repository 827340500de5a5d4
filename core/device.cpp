#include "core/device.h"

#include "core/device_memory.h"
#include "core/error.h"

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

void synchronize(Device device) {
  if (!device.is_cpu()) device_memory(device).synchronize();
}

}  // namespace gg
