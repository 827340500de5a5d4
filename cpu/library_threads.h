// One thread inside library calls: oneDNN (and some flavours of OpenBLAS) run OpenMP regions of their own, whose
// barriers collapse when the machine is busy and whose number of threads decides the bits of the result. Our pool
// (core/parallel.h) does the splitting instead, and every library call runs under this guard.
#pragma once

namespace gg::cpu {

/// While it lives, OpenMP regions of the calling thread have one thread. Restores the caller's own setting at the end.
class OneLibraryThread {
 public:
  OneLibraryThread();
  ~OneLibraryThread();
  OneLibraryThread(const OneLibraryThread&) = delete;
  OneLibraryThread& operator=(const OneLibraryThread&) = delete;

 private:
  int previous_;
};

/// While it lives, no other thread is inside OpenBLAS. Debian's serial flavour is built without locks of its own: two
/// callers at once are handed the same work buffer now and then, and get wrong products
/// (tests/cpu/blas_concurrency_test). oneDNN, which serves the large float32 products, needs no such guard.
class OneBlasCaller {
 public:
  OneBlasCaller();
  ~OneBlasCaller();
  OneBlasCaller(const OneBlasCaller&) = delete;
  OneBlasCaller& operator=(const OneBlasCaller&) = delete;
};

}  // namespace gg::cpu
