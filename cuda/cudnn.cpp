#include "cuda/cudnn.h"

#include "core/error.h"
#include "cuda/library.h"

namespace gg::cuda {

const cudnn::Library& cudnn_library() {
  static const SharedLibrary file{"libcudnn.so.9"};
  GG_CHECK(file, "cuda: GG_CONV=cudnn needs cuDNN 9 (", file.reason(),
           "); install NVIDIA's package cudnn9, or pip's nvidia-cudnn-cu13 with its folder on LD_LIBRARY_PATH, or use "
           "GG_CONV=own");
  static const cudnn::Library functions = [] {
    cudnn::Library table{};
#define GG_LOAD(member, name) table.member = reinterpret_cast<decltype(table.member)>(file.symbol(#name));
    GG_CUDNN_FUNCTIONS(GG_LOAD)
#undef GG_LOAD
    return table;
  }();
  return functions;
}

}  // namespace gg::cuda
