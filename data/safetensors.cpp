#include "data/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "autograd/raw.h"
#include "data/atomic_file.h"
#include "data/byte_reader.h"

namespace gg::data {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using nlohmann::json;

constexpr uint64_t kLargestHeader = 100'000'000;  // the format's own limit
constexpr const char* kMetadata = "__metadata__";
constexpr int kDeepestNesting = 3;  // {name: {shape: [...]}}

constexpr std::pair<DType, const char*> kTypes[] = {{f32, "F32"}, {f64, "F64"}, {i64, "I64"}, {boolean, "BOOL"}};

const char* tag_of(DType dtype) {
  for (auto [t, tag] : kTypes) {
    if (t == dtype) return tag;
  }
  fail("safetensors: there is no name for ", dtype);
}

// JSON that refuses what the library would let pass: a key that comes twice, and deep nesting.
json parse_header(const std::string& text, const std::string& file) {
  std::vector<std::set<std::string>> keys;
  auto watch = [&](int depth, json::parse_event_t event, json& value) {
    GG_CHECK(depth <= kDeepestNesting, file, ": its header is nested too deeply");
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key) {
      const auto& key = value.get_ref<const std::string&>();
      GG_CHECK(keys.back().insert(key).second, file, ": its header has '", key, "' twice");
    }
    return true;
  };
  try {
    return json::parse(text, watch);
  } catch (const json::exception& e) {
    fail(file, ": its header is not valid JSON: ", e.what());
  }
}

struct Entry {
  std::string name;
  DType dtype;
  Shape shape;
  uint64_t begin, end;
};

uint64_t whole_number(const json& value, const std::string& where, const char* what) {
  GG_CHECK(value.is_number_unsigned(), where, ": ", what, " must be whole numbers from 0 up, got ", value.dump());
  return value.get<uint64_t>();
}

Entry parse_entry(const std::string& name, const json& value, const std::string& file) {
  std::string where = str(file, ": tensor '", name, "'");
  GG_CHECK(value.is_object(), where, " is not described by an object");
  for (const auto& [key, ignored] : value.items()) {
    GG_CHECK(key == "dtype" || key == "shape" || key == "data_offsets", where, ": unknown key '", key, "'");
  }
  for (const char* key : {"dtype", "shape", "data_offsets"}) GG_CHECK(value.contains(key), where, " has no ", key);

  Entry e{name, f32, {}, 0, 0};
  const json& dtype = value["dtype"];
  const auto* known = std::find_if(std::begin(kTypes), std::end(kTypes), [&](auto& t) { return dtype == t.second; });
  GG_CHECK(known != std::end(kTypes), where, ": type ", dtype.dump(), " is not supported; F32, F64, I64 and BOOL are");
  e.dtype = known->first;

  const json& shape = value["shape"];
  GG_CHECK(shape.is_array() && shape.size() <= kMaxRank, where, ": shape must be a list of at most ", kMaxRank,
           " sizes");
  uint64_t bytes = size_of(e.dtype), extent = bytes;
  for (const json& d : shape) {
    uint64_t size = whole_number(d, where, "sizes");
    // A size of 0 must not hide that the others are absurd: strides are products of them.
    bool fits = !__builtin_mul_overflow(extent, std::max<uint64_t>(size, 1), &extent) && extent <= INT64_MAX;
    GG_CHECK(fits, where, ": shape ", shape.dump(), " is larger than any file");
    bytes *= size;
    e.shape.push_back(static_cast<int64_t>(size));
  }

  const json& offsets = value["data_offsets"];
  GG_CHECK(offsets.is_array() && offsets.size() == 2, where, ": data_offsets must be two numbers");
  e.begin = whole_number(offsets[0], where, "data_offsets");
  e.end = whole_number(offsets[1], where, "data_offsets");
  GG_CHECK(e.begin <= e.end && e.end - e.begin == bytes, where, ": data_offsets ", offsets.dump(), " do not fit ",
           known->second, " ", e.shape, ", which has ", bytes, " bytes");
  return e;
}

// The tensors in the order of their numbers, which must fill `data_bytes` from end to end.
std::vector<Entry> parse_entries(const json& header, uint64_t data_bytes, const std::string& file) {
  std::vector<Entry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name != kMetadata) entries.push_back(parse_entry(name, value, file));
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  uint64_t at = 0;
  for (const Entry& e : entries) {
    GG_CHECK(e.begin >= at, file, ": the numbers of tensor '", e.name, "' overlap those of another");
    GG_CHECK(e.begin <= at, file, ": ", e.begin - at, " bytes before tensor '", e.name, "' belong to no tensor");
    GG_CHECK(e.end <= data_bytes, file, " is cut off: tensor '", e.name, "' ends at byte ", e.end,
             " of the data, which has ", data_bytes);
    at = e.end;
  }
  GG_CHECK(at == data_bytes, file, ": ", data_bytes - at, " bytes at its end belong to no tensor");
  return entries;
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                      const std::map<std::string, std::string>& metadata) {
  // The widest types first, so that every tensor is aligned to its type when the file is mapped into memory.
  std::vector<std::pair<const std::string*, const Tensor*>> order;
  for (const auto& [name, tensor] : tensors) {
    GG_CHECK(name != kMetadata, "save_safetensors: no tensor can be named ", kMetadata);
    GG_CHECK(tensor.defined(), "save_safetensors: tensor '", name, "' is undefined");
    order.emplace_back(&name, &tensor);
  }
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return size_of(a.second->dtype()) > size_of(b.second->dtype());
  });

  json header = json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  uint64_t at = 0;
  for (auto [name, t] : order) {
    uint64_t bytes = static_cast<uint64_t>(t->numel()) * size_of(t->dtype());
    header[*name] = {{"dtype", tag_of(t->dtype())},
                     {"shape", std::vector<int64_t>(t->shape().begin(), t->shape().end())},
                     {"data_offsets", {at, at + bytes}}};
    at += bytes;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception& e) {
    fail("save_safetensors: a name or metadata text is not valid UTF-8: ", e.what());
  }
  text.append((8 - text.size() % 8) % 8, ' ');
  GG_CHECK(text.size() <= kLargestHeader, "save_safetensors: names, shapes and metadata take ", text.size(),
           " bytes; the format allows ", kLargestHeader);

  AtomicFile file(path);
  uint64_t length = text.size();
  file.write(&length, sizeof length);
  file.write(text.data(), text.size());
  for (auto [name, t] : order) {
    Tensor host = raw::contiguous(raw::to_device(t->detach(), Device::cpu));
    if (host.numel() > 0) file.write(host.array().data, static_cast<size_t>(host.numel()) * size_of(host.dtype()));
  }
  file.commit();
}

Safetensors load_safetensors(const std::filesystem::path& path) {
  ByteReader reader(path, ByteReader::plain);
  std::string file = path.string();
  uint64_t length = 0;
  reader.read(&length, sizeof length, "header length");
  GG_CHECK(length <= kLargestHeader && length <= reader.at_most(), file,
           " is cut off or not a safetensors file: its first eight bytes ask for a header of ", length, " bytes, and ",
           reader.at_most(), " follow");
  std::string text(length, '\0');
  reader.read(text.data(), text.size(), "header");
  GG_CHECK(text.starts_with('{'), file, " is not a safetensors file: its header does not start with {");
  json header = parse_header(text, file);
  GG_CHECK(header.is_object(), file, ": its header is not an object");

  Safetensors result;
  if (auto it = header.find(kMetadata); it != header.end()) {
    GG_CHECK(it->is_object(), file, ": ", kMetadata, " is not an object");
    for (const auto& [key, value] : it->items()) {
      GG_CHECK(value.is_string(), file, ": metadata '", key, "' is not text");
      result.metadata[key] = value.get<std::string>();
    }
  }
  for (const Entry& e : parse_entries(header, reader.at_most(), file)) {
    Tensor t = empty(e.shape, {.dtype = e.dtype});
    if (size_t bytes = e.end - e.begin) {
      void* to = t.array().data;
      reader.read(to, bytes, "numbers");
      if (e.dtype == boolean) {
        const auto* p = static_cast<const unsigned char*>(to);
        GG_CHECK(std::all_of(p, p + bytes, [](unsigned char b) { return b <= 1; }), file, ": tensor '", e.name,
                 "' is BOOL but has a byte that is neither 0 nor 1");
      }
    }
    result.tensors.emplace(e.name, std::move(t));
  }
  return result;
}

}  // namespace gg::data
