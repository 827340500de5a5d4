// SmallVector<T, N>: a sequence whose first N elements need no allocation. For the short lists of graph nodes.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <utility>

namespace gg {

template <class T, int N>
class SmallVector {
 public:
  SmallVector() = default;
  explicit SmallVector(size_t n) { resize(n); }
  SmallVector(std::initializer_list<T> items) {
    for (const T& item : items) push_back(item);
  }
  SmallVector(SmallVector&& o) noexcept { take(o); }
  SmallVector(const SmallVector& o) {
    reserve(o.size_);
    for (const T& item : o) push_back(item);
  }
  SmallVector& operator=(SmallVector o) noexcept {
    clear();
    take(o);
    return *this;
  }
  ~SmallVector() { clear(); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return heap_ ? heap_ : inline_data(); }
  const T* data() const { return heap_ ? heap_ : const_cast<SmallVector*>(this)->inline_data(); }
  T& operator[](size_t i) { return data()[i]; }
  const T& operator[](size_t i) const { return data()[i]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }

  void push_back(T item) {
    if (size_ == capacity_) reserve(capacity_ * 2);
    new (data() + size_) T(std::move(item));
    ++size_;
  }
  template <class... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == capacity_) reserve(capacity_ * 2);
    T* item = new (data() + size_) T{std::forward<Args>(args)...};
    ++size_;
    return *item;
  }
  void resize(size_t n) {
    reserve(n);
    while (size_ < n) new (data() + size_++) T();
    while (size_ > n) data()[--size_].~T();
  }
  void reserve(size_t n) {
    if (n <= capacity_) return;
    T* fresh = std::allocator<T>().allocate(n);
    T* old = data();
    for (size_t i = 0; i < size_; ++i) {
      new (fresh + i) T(std::move(old[i]));
      old[i].~T();
    }
    if (heap_) std::allocator<T>().deallocate(heap_, capacity_);
    heap_ = fresh;
    capacity_ = n;
  }
  void clear() {
    T* items = data();
    for (size_t i = 0; i < size_; ++i) items[i].~T();
    size_ = 0;
    if (heap_) std::allocator<T>().deallocate(heap_, capacity_);
    heap_ = nullptr;
    capacity_ = N;
  }

 private:
  T* inline_data() { return reinterpret_cast<T*>(bytes_); }
  void take(SmallVector& o) {
    if (o.heap_) {
      heap_ = std::exchange(o.heap_, nullptr);
      size_ = std::exchange(o.size_, 0);
      capacity_ = std::exchange(o.capacity_, N);
    } else {
      for (T& item : o) push_back(std::move(item));
      o.clear();
    }
  }

  T* heap_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = N;
  alignas(T) unsigned char bytes_[N * sizeof(T)];
};

}  // namespace gg
