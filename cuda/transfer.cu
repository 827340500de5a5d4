// Copies between host and device. The GPU's copy engine reads and writes page-locked memory only; tensors on the CPU
// have ordinary memory, so data goes through a few page-locked pieces. The host fills one while the engine copies the
// last: it does not wait for the device unless all pieces are under way.
#include <algorithm>
#include <array>
#include <cstring>

#include "cuda/faults.h"
#include "cuda/handles.h"
#include "cuda/memory.h"
#include "cuda/platform.h"
#include "cuda/stream.h"

namespace gg::GG_CUDA_NS {
namespace {

constexpr size_t kPieceBytes = size_t{2} << 20;
constexpr int kPieces = 4;
// The driver takes copies of this size from the host along with its commands.
constexpr size_t kDirectBytes = size_t{64} << 10;

struct Piece {
  char* memory = nullptr;
  cudaEvent_t done = nullptr;  // the copy that used it last
};

struct Staging {
  std::array<Piece, kPieces> pieces;
  int next = 0;

  Piece& take() {
    Piece& piece = pieces[static_cast<size_t>(next)];
    next = (next + 1) % kPieces;
    check(cudaEventSynchronize(piece.done), "waiting for a copy");
    return piece;
  }
};

// One for each thread that copies. Kept: at exit the driver may be gone before us.
Staging& staging(DeviceStream stream) {
  return *ThreadHandles<Staging*>::get(stream, [] {
    auto* made = new Staging;
    for (Piece& piece : made->pieces) {
      void* memory = nullptr;
      check(cudaMallocHost(&memory, kPieceBytes), "allocating page-locked memory");
      piece.memory = static_cast<char*>(memory);
      check(cudaEventCreateWithFlags(&piece.done, cudaEventDisableTiming), "creating an event");
    }
    return made;
  });
}

}  // namespace

void copy_from_host(void* device, const void* host, size_t bytes) {
  if (bytes == 0) return;
  const DeviceStream stream = current_stream();
  if (bytes <= kDirectBytes) {
    return check(cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, native(stream)), "copying to the device");
  }
  Staging& s = staging(stream);
  for (size_t at = 0; at < bytes; at += kPieceBytes) {
    const size_t size = std::min(kPieceBytes, bytes - at);
    Piece& piece = s.take();
    std::memcpy(piece.memory, static_cast<const char*>(host) + at, size);
    check(cudaMemcpyAsync(static_cast<char*>(device) + at, piece.memory, size, cudaMemcpyHostToDevice, native(stream)),
          "copying to the device");
    check(cudaEventRecord(piece.done, native(stream)), "copying to the device");
  }
}

void copy_to_host(void* host, const void* device, size_t bytes) {
  const DeviceStream stream = current_stream();
  if (bytes > kDirectBytes) {
    Staging& s = staging(stream);
    struct Part {
      Piece* piece;
      size_t at, size;
    };
    std::array<Part, kPieces> under_way{};
    size_t issued = 0, written = 0;
    const size_t parts = (bytes + kPieceBytes - 1) / kPieceBytes;
    while (written < parts) {
      for (; issued < parts && issued < written + kPieces; ++issued) {
        const size_t at = issued * kPieceBytes, size = std::min(kPieceBytes, bytes - at);
        Piece& piece = s.take();
        check(cudaMemcpyAsync(piece.memory, static_cast<const char*>(device) + at, size, cudaMemcpyDeviceToHost,
                              native(stream)),
              "copying from the device");
        check(cudaEventRecord(piece.done, native(stream)), "copying from the device");
        under_way[issued % kPieces] = {&piece, at, size};
      }
      const Part& part = under_way[written++ % kPieces];
      check(cudaEventSynchronize(part.piece->done), "copying from the device");
      std::memcpy(static_cast<char*>(host) + part.at, part.piece->memory, part.size);
    }
  } else if (bytes > 0) {
    check(cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, native(stream)), "copying from the device");
  }
  check(cudaStreamSynchronize(native(stream)), "copying from the device");
  throw_faults();
}

void copy_within(void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, native(current_stream())), "copying on the device");
}

void fill_zero(void* device, size_t bytes) {
  if (bytes == 0) return;
  check(cudaMemsetAsync(device, 0, bytes, native(current_stream())), "clearing device memory");
}

}  // namespace gg::GG_CUDA_NS
