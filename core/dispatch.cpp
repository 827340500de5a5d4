#include "core/dispatch.h"

namespace gg {

void no_kernel(const char* kernel, Device device) {
  fail(kernel, ": there is no kernel for device ", device, " in this build. Move the tensors with to(x, Device::cpu)");
}

}  // namespace gg
