#include "cpu/library_threads.h"

#include <omp.h>

#include <mutex>

namespace gg::cpu {

// The number is a property of the calling thread in OpenMP, so workers and caller set theirs independently.
OneLibraryThread::OneLibraryThread() : previous_(omp_get_max_threads()) {
  if (previous_ != 1) omp_set_num_threads(1);
}

OneLibraryThread::~OneLibraryThread() {
  if (previous_ != 1) omp_set_num_threads(previous_);
}

namespace {
std::mutex& blas_lock() {
  static std::mutex* lock = new std::mutex;  // never destroyed: threads may outlive static objects
  return *lock;
}
}  // namespace

OneBlasCaller::OneBlasCaller() { blas_lock().lock(); }
OneBlasCaller::~OneBlasCaller() { blas_lock().unlock(); }

}  // namespace gg::cpu
