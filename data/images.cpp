#include "data/images.h"

#include <algorithm>
#include <array>

namespace gg::data {
namespace {

const std::array<float, 256>& unit_interval() {
  static const auto table = [] {
    std::array<float, 256> t{};
    for (int i = 0; i < 256; ++i) t[static_cast<size_t>(i)] = static_cast<float>(i) / 255.0f;
    return t;
  }();
  return table;
}

void to_floats(const uint8_t* from, int64_t n, float* to) {
  const auto& table = unit_interval();
  for (int64_t i = 0; i < n; ++i) to[i] = table[from[i]];
}

std::filesystem::path find_file(const std::filesystem::path& folder, const std::string& stem, const std::string& kind) {
  for (const char* separator : {"-", "."}) {
    for (const char* suffix : {".gz", ""}) {
      auto path = folder / (stem + separator + kind + suffix);
      std::error_code ignored;
      if (std::filesystem::exists(path, ignored)) return path;
    }
  }
  fail("no ", stem, "-", kind, " or ", stem, "-", kind, ".gz in ", folder.string(),
       "; expected the four files of MNIST's format there");
}

std::shared_ptr<const ImageDataset> load_split(const std::filesystem::path& folder, const std::string& split,
                                               const std::vector<std::string>& class_names) {
  auto images = find_file(folder, split + "-images", "idx3-ubyte");
  auto labels = find_file(folder, split + "-labels", "idx1-ubyte");
  try {
    return std::make_shared<ImageDataset>(read_idx(images), read_idx(labels), class_names);
  } catch (const Error& e) {
    std::string message = e.what();
    if (message.find(folder.string()) == std::string::npos) {
      message = str(images.string(), " and ", labels.filename().string(), ": ", message);
    }
    throw Error(message);
  }
}

}  // namespace

ImageDataset::ImageDataset(IdxArray images, IdxArray labels, std::vector<std::string> class_names)
    : pixels_(std::move(images.bytes)), labels_(std::move(labels.bytes)), class_names_(std::move(class_names)) {
  const Shape& s = images.shape;
  GG_CHECK(images.type == IdxType::u8 && (s.rank() == 3 || s.rank() == 4),
           "images must be bytes [n, height, width] or [n, channels, height, width], got element type ",
           static_cast<int>(images.type), " and shape ", s);
  GG_CHECK(s.numel() > 0, "there are no images: shape ", s);
  GG_CHECK(static_cast<int64_t>(pixels_.size()) == s.numel(), "images: ", pixels_.size(), " bytes for shape ", s);
  size_ = s[0];
  image_shape_ = s.rank() == 3 ? Shape{1, s[1], s[2]} : Shape{s[1], s[2], s[3]};
  num_classes_ = static_cast<int64_t>(class_names_.size());
  if (labels.shape.rank() == 0) return;
  GG_CHECK(labels.type == IdxType::u8 && labels.shape == Shape{size_}, "expected one byte label for each of ", size_,
           " images, got element type ", static_cast<int>(labels.type), " and shape ", labels.shape);
  GG_CHECK(labels_.size() == static_cast<size_t>(size_), "labels: ", labels_.size(), " bytes for shape ", labels.shape);
  int64_t largest = *std::max_element(labels_.begin(), labels_.end());
  GG_CHECK(class_names_.empty() || largest < num_classes_, "label ", largest, " has no name: there are ", num_classes_,
           " classes");
  num_classes_ = std::max(num_classes_, largest + 1);
}

Batch ImageDataset::get(std::span<const int64_t> indices) const {
  auto n = static_cast<int64_t>(indices.size());
  int64_t pixels = image_shape_.numel();
  Batch b;
  b.x = empty(image_shape_.inserted(0, n));
  float* x = b.x.mutable_data<float>();
  int64_t* y = nullptr;
  if (has_labels()) {
    b.y = empty({n}, {.dtype = i64});
    y = b.y.mutable_data<int64_t>();
  }
  for (int64_t k = 0; k < n; ++k) {
    int64_t i = indices[static_cast<size_t>(k)];
    GG_CHECK(i >= 0 && i < size_, "there is no image ", i, " among ", size_);
    to_floats(pixels_.data() + i * pixels, pixels, x + k * pixels);
    if (y) y[k] = labels_[static_cast<size_t>(i)];
  }
  return b;
}

Tensor ImageDataset::images(int64_t first, int64_t last) const {
  last = std::min(last, size_);
  GG_CHECK(first >= 0 && first <= last, "images: expected 0 ≤ first ≤ last, got ", first, " and ", last);
  int64_t pixels = image_shape_.numel();
  Tensor x = empty(image_shape_.inserted(0, last - first));
  to_floats(pixels_.data() + first * pixels, (last - first) * pixels, x.mutable_data<float>());
  return x;
}

Tensor ImageDataset::labels(int64_t first, int64_t last) const {
  GG_CHECK(has_labels(), "labels: this dataset has none");
  last = std::min(last, size_);
  GG_CHECK(first >= 0 && first <= last, "labels: expected 0 ≤ first ≤ last, got ", first, " and ", last);
  Tensor y = empty({last - first}, {.dtype = i64});
  std::copy(labels_.begin() + first, labels_.begin() + last, y.mutable_data<int64_t>());
  return y;
}

TrainTest load_mnist_folder(const std::filesystem::path& folder, const std::vector<std::string>& class_names) {
  GG_CHECK(std::filesystem::is_directory(folder), "no such folder: ", folder.string());
  return {load_split(folder, "train", class_names), load_split(folder, "t10k", class_names)};
}

TrainTest fashion_mnist(const std::filesystem::path& folder) {
  std::error_code ignored;
  GG_CHECK(folder != kFashionMnistFolder || std::filesystem::is_directory(folder, ignored),
           "Fashion-MNIST is not installed (no ", kFashionMnistFolder,
           "). Install Debian's package dataset-fashion-mnist, or give the folder of its four files");
  return load_mnist_folder(folder, {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
                                    "Bag", "Ankle boot"});
}

}  // namespace gg::data
