// The safetensors format, for checkpoints that other tools can read: eight bytes with the little-endian length of a
// JSON header {"name": {"dtype", "shape", "data_offsets": [begin, end]}, ..., "__metadata__": {text: text}}, then the
// numbers, little-endian, row-major, without gaps (the format's own README is its specification).
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/tensor_map.h"

namespace gg::data {

struct Safetensors {
  TensorMap tensors;                            ///< on the CPU, contiguous
  std::map<std::string, std::string> metadata;  ///< free text by key
};

/// Writes all of it or leaves what was there (data/atomic_file.h). Tensors may be on any device and of any layout. The
/// bytes depend on names, numbers and metadata alone. Throws on an undefined tensor or the name "__metadata__".
void save_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                      const std::map<std::string, std::string>& metadata = {});

/// Reads a file with F32, F64, I64 and BOOL tensors. Throws gg::Error, naming the file and what was wrong: cut off at
/// any byte, a header that is not what the format asks for, duplicate names, types we do not have, offsets that are out
/// of range, overlap, leave gaps or do not fit the shape. Nothing is allocated on the word of the header alone.
Safetensors load_safetensors(const std::filesystem::path& path);

}  // namespace gg::data
