// Libraries of NVIDIA's that are opened when they are first needed: the program starts, and runs on the CPU, without
// them.
#pragma once

#include <initializer_list>
#include <string>

namespace gg {

class SharedLibrary {
 public:
  /// Opens the first of these files that the loader finds: on LD_LIBRARY_PATH, in the system's folders, or where the
  /// CUDA toolkit puts them. Stays open for good.
  explicit SharedLibrary(std::initializer_list<const char*> names);

  explicit operator bool() const { return handle_ != nullptr; }
  /// The file that was opened.
  const std::string& name() const { return name_; }
  /// Why none could be: the loader's words about the first.
  const std::string& reason() const { return reason_; }

  /// Throws gg::Error, naming the library and the function, where it is not there.
  void* symbol(const char* function) const;

 private:
  void* handle_ = nullptr;
  std::string name_, reason_;
};

}  // namespace gg
