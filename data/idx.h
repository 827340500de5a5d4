// The idx format of MNIST and its relatives, plain or gzip: two zero bytes, a type byte, the rank, then one big-endian
// 32-bit size per axis, then the elements in row-major order, big-endian (yann.lecun.com/exdb/mnist).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "core/tensor.h"

namespace gg::data {

enum class IdxType : uint8_t { u8 = 0x08, i8 = 0x09, i16 = 0x0B, i32 = 0x0C, f32 = 0x0D, f64 = 0x0E };

struct IdxArray {
  IdxType type = IdxType::u8;
  Shape shape;
  std::vector<uint8_t> bytes;  ///< the elements as they are in the file
};

/// Reads a whole idx file. Throws gg::Error, naming the file and what was wrong, on a wrong magic number, type or rank,
/// a file that ends early or goes on after its last element, damaged gzip data, and on sizes that the file cannot hold;
/// memory is never asked for on the word of a header alone.
IdxArray read_idx(const std::filesystem::path& path);

/// The elements as a tensor: int64 for the whole-number types, else float32 or float64.
Tensor to_tensor(const IdxArray& array);

}  // namespace gg::data
