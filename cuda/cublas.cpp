#include "cuda/cublas.h"

#include "core/error.h"
#include "cuda/library.h"

namespace gg::cuda {

const cublas::Library& cublas_library() {
  static const SharedLibrary file{"libcublas.so.13", "libcublas.so.12"};
  GG_CHECK(file, "cuda: matrix products need cuBLAS 12 or 13 (", file.reason(),
           "); install the package libcublas of the CUDA toolkit, or pip's nvidia-cublas with its folder on "
           "LD_LIBRARY_PATH");
  static const cublas::Library functions = [] {
    cublas::Library table{};
#define GG_LOAD(member, name) table.member = reinterpret_cast<decltype(table.member)>(file.symbol(#name));
    GG_CUBLAS_FUNCTIONS(GG_LOAD)
#undef GG_LOAD
    return table;
  }();
  return functions;
}

}  // namespace gg::cuda
