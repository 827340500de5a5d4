// Handles of NVIDIA's libraries: one for each thread and stream that uses the library, since a handle serves one call
// at a time and its workspace one stream. Threads that end leave theirs to later ones; nothing is destroyed, because at
// exit the driver may be gone before us.
#pragma once

#include <algorithm>
#include <mutex>
#include <vector>

#include "cuda/device_api.h"

namespace gg {

/// `Handle` is default-constructible and copyable. Handle references stay valid until the thread's next call.
template <class Handle>
class ThreadHandles {
 public:
  /// The calling thread's handle for a stream; `make()` is called where there is none left over.
  template <class Make>
  static Handle& get(DeviceStream stream, Make make) {
    thread_local Lease lease;
    if (Handle* own = find(lease.entries, stream)) return *own;
    {
      std::lock_guard lock(pool().mutex);
      auto& left = pool().entries;
      auto at = std::find_if(left.begin(), left.end(), [&](const Entry& e) { return e.stream == stream.handle; });
      if (at != left.end()) {
        lease.entries.push_back(*at);
        left.erase(at);
        return lease.entries.back().handle;
      }
    }
    lease.entries.push_back({stream.handle, make()});
    return lease.entries.back().handle;
  }

 private:
  struct Entry {
    void* stream;
    Handle handle;
  };
  struct Pool {
    std::mutex mutex;
    std::vector<Entry> entries;
  };
  struct Lease {
    std::vector<Entry> entries;
    ~Lease() {
      std::lock_guard lock(pool().mutex);
      pool().entries.insert(pool().entries.end(), entries.begin(), entries.end());
    }
  };
  static Pool& pool() {
    static Pool* instance = new Pool;
    return *instance;
  }
  static Handle* find(std::vector<Entry>& entries, DeviceStream stream) {
    for (Entry& e : entries) {
      if (e.stream == stream.handle) return &e.handle;
    }
    return nullptr;
  }
};

}  // namespace gg
