#include "core/determinism.h"

#include <atomic>
#include <cstdlib>
#include <string_view>

namespace gg {
namespace {

std::atomic<bool>& flag() {
  static std::atomic<bool> value = [] {
    const char* wanted = std::getenv("GG_DETERMINISTIC");
    return !wanted || std::string_view(wanted) != "0";
  }();
  return value;
}

}  // namespace

bool deterministic() { return flag(); }
void set_deterministic(bool on) { flag() = on; }

}  // namespace gg
