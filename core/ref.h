// Ref<T>: a pointer that shares ownership through a count inside the object (half the size of shared_ptr, one
// allocation).
#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define GG_SINGLE_THREADED __libc_single_threaded
#else
#define GG_SINGLE_THREADED false
#endif

namespace gg {

/// Adds to a counter that threads share; returns the value before. Costs no locked instruction as long as the process
/// has a single thread, which is most of what counting costs.
template <class T>
T add_to_shared(std::atomic<T>& counter, T by, std::memory_order order) {
  if (GG_SINGLE_THREADED) {
    T before = counter.load(std::memory_order_relaxed);
    counter.store(before + by, std::memory_order_relaxed);
    return before;
  }
  return counter.fetch_add(by, order);
}

/// Base of objects that Ref shares. `T::release()` is called when the last Ref goes.
class RefCounted {
 public:
  RefCounted() = default;
  RefCounted(const RefCounted&) = delete;
  RefCounted& operator=(const RefCounted&) = delete;

  void retain() const { add_to_shared(count_, 1u, std::memory_order_relaxed); }
  /// True when this was the last reference.
  bool drop() const {
    // A sole owner needs no atomic read-modify-write: nobody else can raise the count.
    return count_.load(std::memory_order_acquire) == 1 || add_to_shared(count_, ~0u, std::memory_order_acq_rel) == 1;
  }
  bool is_unique() const { return count_.load(std::memory_order_acquire) == 1; }

 protected:
  ~RefCounted() = default;

 private:
  mutable std::atomic<unsigned> count_{1};
};

template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(std::nullptr_t) {}
  /// Takes over the count of one that a new object starts with.
  static Ref adopt(T* p) {
    Ref r;
    r.p_ = p;
    return r;
  }
  static Ref share(T* p) {
    if (p) p->retain();
    return adopt(p);
  }
  Ref(const Ref& o) : p_(o.p_) {
    if (p_) p_->retain();
  }
  Ref(Ref&& o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  template <class U>
  requires std::convertible_to<U*, T*> Ref(Ref<U> o) : p_(o.detach()) {}
  Ref& operator=(const Ref& o) {
    Ref(o).swap(*this);
    return *this;
  }
  Ref& operator=(Ref&& o) noexcept {
    Ref(std::move(o)).swap(*this);
    return *this;
  }
  ~Ref() {
    if (p_ && p_->drop()) T::release(p_);
  }

  void swap(Ref& o) noexcept { std::swap(p_, o.p_); }
  T* get() const { return p_; }
  T* operator->() const { return p_; }
  T& operator*() const { return *p_; }
  explicit operator bool() const { return p_ != nullptr; }
  bool operator==(const Ref&) const = default;
  /// Gives the pointer and its count away.
  T* detach() { return std::exchange(p_, nullptr); }

 private:
  T* p_ = nullptr;
};

}  // namespace gg
