// Labelled images kept as bytes, a quarter of what floats take, and the datasets that come in four idx files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/idx.h"

namespace gg::data {

class ImageDataset final : public Dataset {
 public:
  /// `images`: u8 [n, height, width] or [n, channels, height, width]; `labels`: u8 [n] or none (a default IdxArray).
  /// Throws on other types or ranks, no images, unequal numbers, and labels without a class name (where there are
  /// names).
  ImageDataset(IdxArray images, IdxArray labels, std::vector<std::string> class_names = {});

  int64_t size() const override { return size_; }
  Batch get(std::span<const int64_t> indices) const override;

  /// Of one image: [channels, height, width].
  const Shape& image_shape() const { return image_shape_; }
  bool has_labels() const { return !labels_.empty(); }
  /// One more than the largest label, or the number of names if there are names.
  int64_t num_classes() const { return num_classes_; }
  const std::vector<std::string>& class_names() const { return class_names_; }  ///< may be empty

  /// Images first … last−1 as float32 in [0, 1]: [last − first, channels, height, width]. `last` may exceed size().
  Tensor images(int64_t first = 0, int64_t last = kAll) const;
  /// Their labels, int64 [last − first].
  Tensor labels(int64_t first = 0, int64_t last = kAll) const;

  static constexpr int64_t kAll = INT64_MAX;

 private:
  std::vector<uint8_t> pixels_, labels_;
  std::vector<std::string> class_names_;
  Shape image_shape_;
  int64_t size_ = 0;
  int64_t num_classes_ = 0;
};

struct TrainTest {
  std::shared_ptr<const ImageDataset> train, test;
};

/// Any dataset in MNIST's four files: {train,t10k}-{images-idx3,labels-idx1}-ubyte, with or without .gz, in `folder`.
/// Throws, naming the folder and the first file that is missing or wrong.
TrainTest load_mnist_folder(const std::filesystem::path& folder, const std::vector<std::string>& class_names = {});

/// Where Debian's package dataset-fashion-mnist puts its files.
inline constexpr const char* kFashionMnistFolder = "/usr/share/datasets/fashion-mnist";

/// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 60,000 + 10,000 grey 28 × 28 images of ten kinds of clothes. If the
/// default folder is missing, the error says which package to install.
TrainTest fashion_mnist(const std::filesystem::path& folder = kFashionMnistFolder);

}  // namespace gg::data
