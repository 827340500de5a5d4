#include "cuda/emulator/device_state.h"

#include <cstdio>

#include "cuda/emulator/diagnostics.h"

namespace gg::emulator {
namespace {
thread_local cudaError_t last_error = cudaSuccess;
}  // namespace

DeviceState& device() {
  static DeviceState* instance = new DeviceState;
  return *instance;
}

cudaError_t done(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

cudaError_t refuse(cudaError_t error, std::string why) {
  report(std::move(why));
  return done(error);
}

std::string address(const void* p) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%p", p);
  return digits;
}

void clear_failure() {
  Call call;
  if (call.d.fault != cudaSuccess) call.drop();
  call.d.fault = cudaSuccess;
  last_error = cudaSuccess;
}

namespace vocabulary {

cudaError_t cudaGetLastError() {
  Call call;
  const cudaError_t error = call.d.fault != cudaSuccess ? call.d.fault : last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError() {
  Call call;
  return call.d.fault != cudaSuccess ? call.d.fault : last_error;
}

}  // namespace vocabulary
}  // namespace gg::emulator
