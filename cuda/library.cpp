#include "cuda/library.h"

#include <dlfcn.h>

#include "core/error.h"

namespace gg {

SharedLibrary::SharedLibrary(std::initializer_list<const char*> names) {
  for (const char* folder : {"", "/usr/local/cuda/lib64/"}) {
    for (const char* name : names) {
      name_ = std::string(folder) + name;
      handle_ = dlopen(name_.c_str(), RTLD_NOW | RTLD_LOCAL);
      if (handle_) return;
      const char* why = dlerror();
      if (reason_.empty() && why) reason_ = why;
    }
  }
}

void* SharedLibrary::symbol(const char* function) const {
  void* address = handle_ ? dlsym(handle_, function) : nullptr;
  GG_CHECK(address, name_, " has no function ", function, "; install a release that this version of gradgrad knows");
  return address;
}

}  // namespace gg
