#include "data/idx.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "data/byte_reader.h"

namespace gg::data {
namespace {

constexpr size_t kGrowth = size_t{16} << 20;  // elements are read, and memory is taken, in pieces of this many bytes

size_t element_size(IdxType type) {
  switch (type) {
    case IdxType::u8:
    case IdxType::i8:
      return 1;
    case IdxType::i16:
      return 2;
    case IdxType::i32:
    case IdxType::f32:
      return 4;
    case IdxType::f64:
      return 8;
  }
  return 0;
}

template <class U>
U big_endian(const uint8_t* p) {
  U v = 0;
  for (size_t i = 0; i < sizeof(U); ++i) v = static_cast<U>(v << 8 | p[i]);
  return v;
}

template <class To, class Read>
Tensor converted(const IdxArray& a, size_t size, Read read) {
  Tensor t = empty(a.shape, {.dtype = dtype_of<To>});
  To* out = t.mutable_data<To>();
  for (int64_t i = 0; i < t.numel(); ++i)
    out[i] = static_cast<To>(read(a.bytes.data() + static_cast<size_t>(i) * size));
  return t;
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& path) {
  ByteReader reader(path);
  uint8_t magic[4];
  reader.read(magic, sizeof magic, "header");
  GG_CHECK(magic[0] == 0 && magic[1] == 0, path.string(),
           " is not an idx file: expected it to start with bytes 0 0, got ", int{magic[0]}, " ", int{magic[1]});
  IdxArray a{static_cast<IdxType>(magic[2]), {}, {}};
  size_t size = element_size(a.type);
  GG_CHECK(size > 0, path.string(), " is not an idx file: element type ", int{magic[2]},
           " is none of 8, 9, 11, 12, 13, 14");
  int rank = magic[3];
  GG_CHECK(rank >= 1 && rank <= kMaxRank, path.string(), ": expected 1 to ", kMaxRank, " axes, got ", rank);
  uint64_t total = size, extent = size;
  for (int i = 0; i < rank; ++i) {
    uint8_t raw[4];
    reader.read(raw, sizeof raw, "header");
    auto d = big_endian<uint32_t>(raw);
    a.shape.push_back(d);
    // A size of 0 must not hide that the others are absurd: strides are products of them.
    bool fits = !__builtin_mul_overflow(extent, std::max<uint64_t>(d, 1), &extent) && extent <= INT64_MAX;
    GG_CHECK(fits, path.string(), ": its sizes ", a.shape, " are more than any file holds");
    total *= d;
  }
  GG_CHECK(total <= reader.at_most(), path.string(), " is cut off or damaged: its header says ", a.shape, ", that is ",
           total, " bytes, but at most ", reader.at_most(), " can follow");
  while (a.bytes.size() < total) {
    size_t have = a.bytes.size(), piece = std::min<size_t>(kGrowth, total - have);
    a.bytes.resize(have + piece);
    reader.read(a.bytes.data() + have, piece, "elements");
  }
  reader.expect_end();
  return a;
}

Tensor to_tensor(const IdxArray& a) {
  switch (a.type) {
    case IdxType::u8:
      return converted<int64_t>(a, 1, [](const uint8_t* p) { return *p; });
    case IdxType::i8:
      return converted<int64_t>(a, 1, [](const uint8_t* p) { return static_cast<int8_t>(*p); });
    case IdxType::i16:
      return converted<int64_t>(a, 2, [](const uint8_t* p) { return static_cast<int16_t>(big_endian<uint16_t>(p)); });
    case IdxType::i32:
      return converted<int64_t>(a, 4, [](const uint8_t* p) { return static_cast<int32_t>(big_endian<uint32_t>(p)); });
    case IdxType::f32:
      return converted<float>(a, 4, [](const uint8_t* p) { return std::bit_cast<float>(big_endian<uint32_t>(p)); });
    case IdxType::f64:
      return converted<double>(a, 8, [](const uint8_t* p) { return std::bit_cast<double>(big_endian<uint64_t>(p)); });
  }
  fail("to_tensor: unknown idx element type ", static_cast<int>(a.type));
}

}  // namespace gg::data
