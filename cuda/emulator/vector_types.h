// dim3 and CUDA's short vectors, with CUDA's sizes and alignments.
#pragma once

namespace gg::emulator::vocabulary {

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

#define GG_EMULATOR_VECTOR_TYPES(T, name, alignment2, alignment4)    \
  struct alignas(alignment2) name##2 {                               \
    T x, y;                                                          \
  };                                                                 \
  struct name##3 {                                                   \
    T x, y, z;                                                       \
  };                                                                 \
  struct alignas(alignment4) name##4 {                               \
    T x, y, z, w;                                                    \
  };                                                                 \
  inline name##2 make_##name##2(T x, T y) { return {x, y}; }         \
  inline name##3 make_##name##3(T x, T y, T z) { return {x, y, z}; } \
  inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }

GG_EMULATOR_VECTOR_TYPES(char, char, 2, 4)
GG_EMULATOR_VECTOR_TYPES(unsigned char, uchar, 2, 4)
GG_EMULATOR_VECTOR_TYPES(short, short, 4, 8)
GG_EMULATOR_VECTOR_TYPES(unsigned short, ushort, 4, 8)
GG_EMULATOR_VECTOR_TYPES(int, int, 8, 16)
GG_EMULATOR_VECTOR_TYPES(unsigned, uint, 8, 16)
GG_EMULATOR_VECTOR_TYPES(long long, longlong, 16, 16)
GG_EMULATOR_VECTOR_TYPES(unsigned long long, ulonglong, 16, 16)
GG_EMULATOR_VECTOR_TYPES(float, float, 8, 16)
GG_EMULATOR_VECTOR_TYPES(double, double, 16, 16)
#undef GG_EMULATOR_VECTOR_TYPES

}  // namespace gg::emulator::vocabulary
