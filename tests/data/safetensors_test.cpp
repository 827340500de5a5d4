// Writing and reading safetensors, refusing damaged and hostile files, and exchanging files with Python's library.
#include "data/safetensors.h"

#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <nlohmann/json.hpp>

#include "data/atomic_file.h"
#include "tests/errors.h"
#include "tests/temp_dir.h"

namespace gg::data_test {
namespace {

using namespace gg::data;

std::string length_of(uint64_t n) { return {reinterpret_cast<const char*>(&n), sizeof n}; }
std::string file_of(const std::string& header, const std::string& numbers) {
  return length_of(header.size()) + header + numbers;
}

TensorMap examples() {
  TensorMap t;
  t["w"] = tensor({{1, -2.5, 3}, {0, -0.0, 1e-40}});
  t["deep.name.weight"] = tensor({1e300, -5e-324}, {.dtype = f64});
  t["step"] = scalar(1234567890123, {.dtype = i64});
  t["mask"] = from_vector(std::vector<bool>{true, false, true}, {3});
  t["empty"] = empty({0, 4});
  t["special"] = tensor({INFINITY, -INFINITY, NAN});
  return t;
}

template <class T>
std::string bits(const Tensor& t) {
  std::vector<T> v = t.to_vector<T>();
  if constexpr (std::is_same_v<T, bool>) {
    return std::string(v.begin(), v.end());
  } else {
    return {reinterpret_cast<const char*>(v.data()), v.size() * sizeof(T)};
  }
}

void expect_same(const TensorMap& a, const TensorMap& b) {
  ASSERT_EQ(a.size(), b.size());
  for (const auto& [name, t] : a) {
    ASSERT_TRUE(b.contains(name)) << name;
    const Tensor& u = b.at(name);
    EXPECT_EQ(t.shape(), u.shape()) << name;
    ASSERT_EQ(t.dtype(), u.dtype()) << name;
    visit_any(t.dtype(), [&]<class T>() { EXPECT_EQ(bits<T>(t), bits<T>(u)) << name; });
  }
}

TEST(Safetensors, ReadsWhatItWrote) {
  TempDir folder;
  std::map<std::string, std::string> metadata{{"epoch", "3"}, {"text", "line\nbreak \"quoted\" größer"}};
  save_safetensors(folder / "a", examples(), metadata);
  Safetensors back = load_safetensors(folder / "a");
  expect_same(examples(), back.tensors);
  EXPECT_EQ(back.metadata, metadata);
  save_safetensors(folder / "b", back.tensors, back.metadata);
  EXPECT_EQ(slurp(folder / "a"), slurp(folder / "b"));
  save_safetensors(folder / "none", {});
  EXPECT_TRUE(load_safetensors(folder / "none").tensors.empty());
}

TEST(Safetensors, IsWhatTheFormatSays) {
  TempDir folder;
  save_safetensors(
      folder / "a",
      {{"b", tensor({1})}, {"a", scalar(2, {.dtype = i64})}, {"c", from_vector(std::vector<bool>{true}, {1})}});
  std::string file = slurp(folder / "a");
  uint64_t n = 0;
  std::memcpy(&n, file.data(), 8);
  EXPECT_EQ((8 + n) % 8, 0u) << "the numbers start aligned";
  auto header = nlohmann::json::parse(file.substr(8, n));
  EXPECT_EQ(header["a"],
            nlohmann::json({{"dtype", "I64"}, {"shape", nlohmann::json::array()}, {"data_offsets", {0, 8}}}));
  EXPECT_EQ(header["b"], nlohmann::json({{"dtype", "F32"}, {"shape", {1}}, {"data_offsets", {8, 12}}}));
  EXPECT_EQ(header["c"], nlohmann::json({{"dtype", "BOOL"}, {"shape", {1}}, {"data_offsets", {12, 13}}}));
  EXPECT_EQ(file.size(), 8 + n + 13);
}

TEST(Safetensors, WritesStridedViewsInRowMajorOrder) {
  TempDir folder;
  Tensor t = tensor({{1, 2, 3}, {4, 5, 6}});
  std::vector<int> axes{1, 0};
  save_safetensors(folder / "a", {{"t", t.with_layout(t.layout().permuted(axes))}});
  EXPECT_EQ(load_safetensors(folder / "a").tensors.at("t").to_vector<float>(), (std::vector<float>{1, 4, 2, 5, 3, 6}));
}

TEST(Safetensors, RefusesEveryCut) {
  TempDir folder;
  TensorMap t = examples();
  t["large"] = from_vector(std::vector<float>(3000, 1.5f), {30, 100});
  save_safetensors(folder / "whole", t, {{"a", "b"}});
  std::string whole = slurp(folder / "whole");
  for (size_t n = 0; n < whole.size(); n += n < 16 ? 1 : n < 700 ? 13 : 97) {
    auto path = spill(folder / "cut", whole.substr(0, n));
    EXPECT_TRUE(throws([&] { load_safetensors(path); }, path.string())) << "after " << n << " bytes";
  }
  EXPECT_TRUE(throws([&] { load_safetensors(spill(folder / "long", whole + "x")); }, "belong to no tensor"));
}

TEST(Safetensors, SurvivesEveryFlippedHeaderByte) {
  TempDir folder;
  save_safetensors(folder / "whole", examples(), {{"a", "b"}});
  std::string whole = slurp(folder / "whole");
  for (size_t i = 0; i < 700 && i < whole.size(); ++i) {
    std::string bad = whole;
    bad[i] = static_cast<char>(bad[i] ^ 1 << (i % 8));
    auto path = spill(folder / "bad", bad);
    try {
      load_safetensors(path);  // a changed name or text is still a file
    } catch (const Error&) {
    }
  }
}

TEST(Safetensors, RefusesHostileHeaders) {
  TempDir folder;
  auto refuses = [&](const std::string& content, const std::string& part) {
    auto path = spill(folder / "bad", content);
    EXPECT_TRUE(throws([&] { load_safetensors(path); }, part)) << content.substr(0, 200);
  };
  auto entry = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return R"({"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
  };
  std::string good = entry(R"("F32")", "[1]", "[0,4]");
  EXPECT_NO_THROW(load_safetensors(spill(folder / "good", file_of("{\"a\":" + good + "}", "1234"))));

  refuses("", "cut off");
  refuses(length_of(0), "does not start with {");
  refuses(length_of(~0ull) + "{}", "ask for a header of 18446744073709551615");
  refuses(length_of(1ull << 40) + "{}", "ask for a header");
  refuses(length_of(3) + "{}", "ask for a header of 3");
  refuses(file_of(" {}", ""), "does not start with {");
  refuses(file_of("[]", ""), "does not start with {");
  refuses(file_of("{", ""), "not valid JSON");
  refuses(file_of("{} x", ""), "not valid JSON");
  refuses(file_of("{\"\xff\xfe\":1}", ""), "not valid JSON");
  refuses(file_of("{\"a\":" + std::string(50000, '[') + std::string(50000, ']') + "}", ""), "nested too deeply");
  refuses(file_of("{\"a\":" + good + ",\"a\":" + good + "}", "1234"), "'a' twice");
  refuses(file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "1234"), "'dtype' twice");
  refuses(file_of(R"({"a":3})", ""), "not described by an object");
  refuses(file_of(R"({"a":{"dtype":"F32","shape":[1]}})", "1234"), "has no data_offsets");
  refuses(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}})", "1234"), "unknown key 'more'");
  refuses(file_of(R"({"__metadata__":{"a":1}})", ""), "'a' is not text");
  refuses(file_of(R"({"__metadata__":[]})", ""), "not an object");

  auto one = [&](const std::string& e, const std::string& part, const std::string& numbers = "1234") {
    refuses(file_of("{\"a\":" + e + "}", numbers), part);
  };
  one(entry(R"("F16")", "[2]", "[0,4]"), "type \"F16\" is not supported");
  one(entry("7", "[2]", "[0,4]"), "type 7 is not supported");
  one(entry(R"("F32")", "1", "[0,4]"), "shape must be a list");
  one(entry(R"("F32")", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), "at most 8 sizes");
  one(entry(R"("F32")", "[-1]", "[0,4]"), "whole numbers from 0 up");
  one(entry(R"("F32")", "[1.0]", "[0,4]"), "whole numbers from 0 up");
  one(entry(R"("F32")", "[\"1\"]", "[0,4]"), "whole numbers from 0 up");
  one(entry(R"("F32")", "[99999999999999999999]", "[0,4]"), "whole numbers from 0 up");
  one(entry(R"("F32")", "[18446744073709551615]", "[0,4]"), "larger than any file");
  one(entry(R"("F32")", "[4294967296,4294967296,4294967296]", "[0,4]"), "larger than any file");
  one(entry(R"("F32")", "[0,4294967296,4294967296,4294967296]", "[0,0]"), "larger than any file", "");
  one(entry(R"("F32")", "[4611686018427387905]", "[0,4]"), "larger than any file");  // · 4 wraps around to 4
  one(entry(R"("F32")", "[1099511627776]", "[0,4398046511104]"), "is cut off");      // 4 TiB are not allocated
  one(entry(R"("F32")", "[1]", "[0,3]"), "do not fit");
  one(entry(R"("F32")", "[2]", "[0,4]"), "do not fit");
  one(entry(R"("F32")", "[1]", "[4,0]"), "do not fit");
  one(entry(R"("F32")", "[1]", "[-4,0]"), "whole numbers");
  one(entry(R"("F32")", "[1]", "[0]"), "must be two numbers");
  one(entry(R"("F32")", "[1]", "[0,4]"), "is cut off", "123");
  one(entry(R"("F32")", "[1]", "[18446744073709551612,18446744073709551615]"), "do not fit");
  one(entry(R"("F32")", "[1]", "[4,8]"), "belong to no tensor", "12345678");  // a gap before
  one(entry(R"("F32")", "[1]", "[0,4]"), "belong to no tensor", "12345");     // a rest behind
  one(entry(R"("BOOL")", "[4]", "[0,4]"), "neither 0 nor 1");

  auto two = [&](const std::string& a, const std::string& b, const std::string& part) {
    refuses(file_of("{\"a\":" + a + ",\"b\":" + b + "}", "123456789012"), part);
  };
  two(good, good, "overlap");
  two(entry(R"("F32")", "[2]", "[0,8]"), entry(R"("F32")", "[2]", "[4,12]"), "overlap");
  two(good, entry(R"("F32")", "[1]", "[8,12]"), "4 bytes before tensor 'b' belong to no tensor");
  EXPECT_TRUE(throws([&] { load_safetensors(folder / "missing"); }, "No such file"));
  EXPECT_TRUE(throws([&] { load_safetensors(folder.path()); }, "not a regular file"));
}

TEST(Safetensors, AcceptsHeadersThatOthersPad) {
  TempDir folder;
  std::string header = R"({ "a" : {"shape":[1],"data_offsets":[0,4],"dtype":"F32"} }   )";  // 8 + length is odd
  EXPECT_EQ(load_safetensors(spill(folder / "a", file_of(header + " ", std::string("\0\0\x80?", 4)))).tensors.size(),
            1u);
}

TEST(Safetensors, RefusesToWriteWhatCannotBeRead) {
  TempDir folder;
  EXPECT_TRUE(throws([&] { save_safetensors(folder / "a", {{"__metadata__", tensor({1})}}); }, "__metadata__"));
  EXPECT_TRUE(throws([&] { save_safetensors(folder / "a", {{"x", Tensor()}}); }, "'x' is undefined"));
  EXPECT_TRUE(throws([&] { save_safetensors(folder / "a", {{"\xff", tensor({1})}}); }, "UTF-8"));
  EXPECT_FALSE(std::filesystem::exists(folder / "a"));
  EXPECT_TRUE(throws([&] { save_safetensors(folder / "no" / "a", {}); }, "does its folder exist"));
}

size_t files_in(const TempDir& folder) {
  return static_cast<size_t>(
      std::distance(std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()));
}

TEST(AtomicFile, KeepsTheOldFileWhenWritingFails) {
  TempDir folder;
  save_safetensors(folder / "a", examples());
  std::string before = slurp(folder / "a");
  // A file size limit stands for a full disk.
  rlimit old{}, small{};
  getrlimit(RLIMIT_FSIZE, &old);
  small = {4096, old.rlim_max};
  auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  auto result = throws([&] { save_safetensors(folder / "a", {{"x", empty({100000})}}); }, "cannot write");
  setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(result);
  EXPECT_EQ(slurp(folder / "a"), before);
  EXPECT_EQ(files_in(folder), 1u) << "no temporary file stays behind";
  { AtomicFile abandoned(folder / "a"); }
  EXPECT_EQ(slurp(folder / "a"), before);
  EXPECT_EQ(files_in(folder), 1u);
}

// Runs a Python script with the folder as its argument; false where Python lacks the libraries.
bool python(const TempDir& folder, const std::string& script, int& status) {
  if (std::system("python3 -c 'import numpy, safetensors.numpy' >/dev/null 2>&1") != 0) return false;
  auto path = spill(folder / "script.py",
                    "import sys, numpy as np\nfrom safetensors.numpy import load_file, save_file\n"
                    "from safetensors import safe_open\nfolder = sys.argv[1]\n" +
                        script);
  status = std::system(("python3 " + path.string() + " " + folder.path().string()).c_str());
  return true;
}

TEST(Safetensors, ExchangesFilesWithPython) {
  TempDir folder;
  save_safetensors(folder / "ours", examples(), {{"epoch", "3"}});
  int status = 0;
  bool ran = python(folder, R"(
t = load_file(folder + "/ours")
assert t["w"].dtype == np.float32 and t["w"].shape == (2, 3) and t["w"][0, 1] == -2.5
assert t["deep.name.weight"].dtype == np.float64 and t["deep.name.weight"][1] == -5e-324
assert t["step"].shape == () and t["step"] == 1234567890123
assert t["mask"].dtype == np.bool_ and t["mask"].tolist() == [True, False, True]
assert t["empty"].shape == (0, 4)
with safe_open(folder + "/ours", "numpy") as f:
    assert f.metadata() == {"epoch": "3"}
save_file(t, folder + "/theirs", metadata={"from": "python"})
save_file({"half": np.zeros(3, np.float16)}, folder + "/half")
)",
                    status);
  if (!ran) GTEST_SKIP() << "Python's safetensors and numpy are not installed";
  ASSERT_EQ(status, 0);
  Safetensors theirs = load_safetensors(folder / "theirs");
  expect_same(examples(), theirs.tensors);
  EXPECT_EQ(theirs.metadata.at("from"), "python");
  EXPECT_TRUE(throws([&] { load_safetensors(folder / "half"); }, "\"F16\" is not supported"));
}

TEST(TensorMap, MergesAndParts) {
  TensorMap all;
  merge(all, "model.", {{"w", tensor({1})}, {"b", tensor({2})}});
  merge(all, "model2.", {{"w", tensor({3})}});
  EXPECT_EQ(all.size(), 3u);
  EXPECT_EQ(part(all, "model.").size(), 2u);
  EXPECT_EQ(part(all, "model2.").at("w").item(), 3);
  EXPECT_TRUE(part(all, "x").empty());
  EXPECT_TRUE(throws([&] { merge(all, "model.", {{"w", tensor({1})}}); }, "model.w"));
}

}  // namespace
}  // namespace gg::data_test
