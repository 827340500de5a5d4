// Reading idx files, plain and gzip, and refusing what is not one.
#include "data/idx.h"

#include "data/images.h"
#include "tests/data/gzip.h"
#include "tests/errors.h"
#include "tests/temp_dir.h"

namespace gg::data_test {
namespace {

using namespace gg::data;

std::string big_endian32(uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8), static_cast<char>(v)};
}

std::string idx(int type, const std::vector<uint32_t>& sizes, const std::string& elements) {
  std::string s{'\0', '\0', static_cast<char>(type), static_cast<char>(sizes.size())};
  for (uint32_t d : sizes) s += big_endian32(d);
  return s + elements;
}

std::string bytes(size_t n) {
  std::string s(n, '\0');
  for (size_t i = 0; i < n; ++i) s[i] = static_cast<char>(i * 7 + i / 256);
  return s;
}

TEST(Idx, ReadsPlainAndGzipWhateverTheName) {
  TempDir folder;
  std::string elements = bytes(2 * 3 * 5), file = idx(8, {2, 3, 5}, elements);
  for (const std::string& content : {file, gzip(file), gzip(file.substr(0, 9)) + gzip(file.substr(9))}) {
    IdxArray a = read_idx(spill(folder / "images", content));
    EXPECT_EQ(a.type, IdxType::u8);
    EXPECT_EQ(a.shape, (Shape{2, 3, 5}));
    EXPECT_EQ(std::string(a.bytes.begin(), a.bytes.end()), elements);
  }
}

TEST(Idx, ReadsEveryElementType) {
  TempDir folder;
  auto read = [&](int type, const std::string& elements, uint32_t n) {
    return to_tensor(read_idx(spill(folder / "x", idx(type, {n}, elements))));
  };
  using Ints = std::vector<int64_t>;
  EXPECT_EQ(read(0x08, "\x01\xff", 2).to_vector<int64_t>(), (Ints{1, 255}));
  EXPECT_EQ(read(0x09, "\x01\xff", 2).to_vector<int64_t>(), (Ints{1, -1}));
  EXPECT_EQ(read(0x0B, std::string("\x01\x02\xff\xfe", 4), 2).to_vector<int64_t>(), (Ints{258, -2}));
  EXPECT_EQ(read(0x0C, big_endian32(70000) + big_endian32(0xfffffffe), 2).to_vector<int64_t>(), (Ints{70000, -2}));
  EXPECT_EQ(read(0x0D, big_endian32(0x3fc00000), 1).to_vector<float>(), (std::vector<float>{1.5f}));
  EXPECT_EQ(read(0x0E, big_endian32(0xc0040000) + big_endian32(0), 1).to_vector<double>(), (std::vector<double>{-2.5}));
}

TEST(Idx, RefusesWhatIsNotOne) {
  TempDir folder;
  auto refuses = [&](const std::string& content, const std::string& part) {
    auto path = spill(folder / "bad", content);
    EXPECT_TRUE(throws([&] { read_idx(path); }, part));
    EXPECT_TRUE(throws([&] { read_idx(path); }, path.string())) << "the message must name the file";
  };
  refuses("", "cut off");
  refuses("\x89PNG, surely", "expected it to start with bytes 0 0");
  refuses(idx(7, {1}, "x"), "element type 7");
  refuses(idx(8, {}, ""), "expected 1 to 8 axes, got 0");
  refuses(idx(8, std::vector<uint32_t>(9, 1), "x"), "expected 1 to 8 axes, got 9");
  refuses(idx(8, {4}, "abc"), "cut off");
  refuses(idx(8, {4}, "abcde"), "longer than its header says");
  refuses(gzip(idx(8, {4}, "abcde")), "longer than its header says");
  refuses(gzip(idx(8, {4}, "abcd")) + "tail", "after the end of its gzip data");
  refuses(idx(8, {0xffffffff, 0xffffffff, 0xffffffff}, ""), "more than any file holds");
  refuses(idx(8, {0, 0xffffffff, 0xffffffff, 0xffffffff}, ""), "more than any file holds");
  // Allocating these would take 16 TiB and 4 GiB.
  refuses(idx(8, {0xffffffff, 4096}, "abc"), "at most 3 can follow");
  refuses(gzip(idx(8, {0xffffffff}, std::string(100, 'a'))), "cut off or damaged");
  std::string damaged = gzip(idx(8, {1000}, bytes(1000)));
  damaged[damaged.size() / 2] ^= 0x55;
  refuses(damaged, "");
  std::string wrong_checksum = gzip(idx(8, {1000}, bytes(1000)));
  wrong_checksum[wrong_checksum.size() - 6] ^= 1;
  refuses(wrong_checksum, "damaged");
  EXPECT_TRUE(throws([&] { read_idx(folder / "missing"); }, "No such file"));
  EXPECT_TRUE(throws([&] { read_idx(folder.path()); }, "not a regular file"));
}

TEST(Idx, RefusesEveryCut) {
  TempDir folder;
  std::string plain = idx(8, {3, 20, 31}, bytes(3 * 20 * 31));
  for (const std::string& whole : {plain, gzip(plain)}) {
    for (size_t n = 0; n < whole.size(); n += n < 40 ? 1 : 97) {
      auto path = spill(folder / "cut", whole.substr(0, n));
      EXPECT_TRUE(throws([&] { read_idx(path); }, "cut")) << "after " << n << " bytes";
    }
    EXPECT_NO_THROW(read_idx(spill(folder / "whole", whole)));
  }
}

TEST(Images, LoadsFourFiles) {
  TempDir folder;
  spill(folder / "train-images-idx3-ubyte.gz",
        gzip(idx(8, {3, 2, 2}, std::string("\0\0\0\0\xff\xff\xff\xff\0\x33\x66\xff", 12))));
  spill(folder / "train-labels-idx1-ubyte", idx(8, {3}, std::string("\0\1\2", 3)));
  spill(folder / "t10k-images.idx3-ubyte", idx(8, {1, 2, 2}, "abcd"));
  spill(folder / "t10k-labels.idx1-ubyte", idx(8, {1}, "\1"));
  TrainTest d = load_mnist_folder(folder.path(), {"a", "b", "c"});
  EXPECT_EQ(d.train->size(), 3);
  EXPECT_EQ(d.train->image_shape(), (Shape{1, 2, 2}));
  EXPECT_EQ(d.train->num_classes(), 3);
  EXPECT_EQ(d.test->labels().to_vector<int64_t>(), (std::vector<int64_t>{1}));
  std::vector<int64_t> indices{2, 0};
  Batch b = d.train->get(indices);
  EXPECT_EQ(b.x.shape(), (Shape{2, 1, 2, 2}));
  EXPECT_EQ(b.x.to_vector<float>(), (std::vector<float>{0, 0.2f, 0.4f, 1, 0, 0, 0, 0}));
  EXPECT_EQ(b.y.to_vector<int64_t>(), (std::vector<int64_t>{2, 0}));
  EXPECT_EQ(d.train->images(1, 2).to_vector<float>(), (std::vector<float>{1, 1, 1, 1}));
  EXPECT_EQ(d.train->labels(2).to_vector<int64_t>(), (std::vector<int64_t>{2}));
  std::vector<int64_t> outside{3};
  EXPECT_TRUE(throws([&] { d.train->get(outside); }, "no image 3 among 3"));
}

TEST(Images, RefusesWhatDoesNotFit) {
  TempDir folder;
  auto load = [&](const std::string& images, const std::string& labels) {
    for (const char* split : {"train", "t10k"}) {
      spill(folder / (std::string(split) + "-images-idx3-ubyte"), images);
      spill(folder / (std::string(split) + "-labels-idx1-ubyte"), labels);
    }
    load_mnist_folder(folder.path(), {"a", "b"});
  };
  std::string images = idx(8, {2, 2, 2}, "abcdefgh"), labels = idx(8, {2}, std::string("\0\1", 2));
  EXPECT_NO_THROW(load(images, labels));
  EXPECT_TRUE(throws([&] { load(labels, labels); }, "images must be bytes"));
  EXPECT_TRUE(throws([&] { load(idx(13, {1, 1, 1}, "abcd"), labels); }, "images must be bytes"));
  EXPECT_TRUE(throws([&] { load(idx(8, {0, 2, 2}, ""), labels); }, "there are no images"));
  EXPECT_TRUE(throws([&] { load(images, idx(8, {3}, std::string("\0\1\1", 3))); }, "one byte label for each of 2"));
  EXPECT_TRUE(throws([&] { load(images, idx(8, {2}, std::string("\0\2", 2))); }, "label 2 has no name"));
  EXPECT_TRUE(throws([&] { load(images, idx(8, {2}, std::string("\0\2", 2))); }, "train-images"));
  std::filesystem::remove(folder / "t10k-labels-idx1-ubyte");
  EXPECT_TRUE(throws([&] { load_mnist_folder(folder.path()); }, "t10k-labels-idx1-ubyte"));
  EXPECT_TRUE(throws([&] { fashion_mnist(folder / "none"); }, "no such folder"));
}

TEST(FashionMnist, HasTheKnownNumbers) {
  if (!std::filesystem::exists(kFashionMnistFolder)) {
    EXPECT_TRUE(throws([] { fashion_mnist(); }, "dataset-fashion-mnist"));
    GTEST_SKIP() << "the dataset is not installed";
  }
  TrainTest d = fashion_mnist();
  EXPECT_EQ(d.train->size(), 60000);
  EXPECT_EQ(d.test->size(), 10000);
  EXPECT_EQ(d.test->num_classes(), 10);
  std::vector<int64_t> counts(10, 0);
  for (int64_t label : d.test->labels().to_vector<int64_t>()) ++counts[static_cast<size_t>(label)];
  EXPECT_EQ(counts, std::vector<int64_t>(10, 1000));
  EXPECT_EQ(d.test->class_names()[static_cast<size_t>(d.test->labels(0, 1).item())], "Ankle boot");
}

}  // namespace
}  // namespace gg::data_test
