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

}  // namespace gg::cpu
