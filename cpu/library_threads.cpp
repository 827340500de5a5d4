#include "cpu/library_threads.h"

#include <omp.h>

namespace gg::cpu {

// The number is a property of the calling thread in OpenMP, so workers and caller set theirs independently.
OneLibraryThread::OneLibraryThread() : previous_(omp_get_max_threads()) {
  if (previous_ != 1) omp_set_num_threads(1);
}

OneLibraryThread::~OneLibraryThread() {
  if (previous_ != 1) omp_set_num_threads(previous_);
}

}  // namespace gg::cpu
