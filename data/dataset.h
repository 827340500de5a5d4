// Dataset: samples by number. Batches are made of them by data/data_loader.h.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/tensor.h"

namespace gg::data {

/// Some samples side by side, and where they come from.
struct Batch {
  Tensor x;                    ///< inputs [n, ...]
  Tensor y;                    ///< targets [n, ...]; undefined where the dataset has none
  std::vector<int64_t> index;  ///< the samples' numbers in the dataset
  int64_t epoch = 0;
  int64_t number = 0;  ///< of this batch within its epoch, from 0

  int64_t size() const { return static_cast<int64_t>(index.size()); }
};

/// Samples and their classes.
struct Labelled {
  Tensor x;  ///< float32 [n, ...]
  Tensor y;  ///< int64 [n]
};

class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual int64_t size() const = 0;
  /// The samples with the given numbers as CPU tensors x and y; the other members of Batch are the loader's. Called
  /// from the loader's thread: must be thread-safe, and a pure function of its argument.
  virtual Batch get(std::span<const int64_t> indices) const = 0;
};

/// Samples that are the rows (along axis 0) of tensors.
class TensorDataset final : public Dataset {
 public:
  /// x [n, ...] and y [n, ...] or undefined, on the CPU. Throws if their numbers of rows differ.
  explicit TensorDataset(Tensor x, Tensor y = {});
  int64_t size() const override { return x_.size(0); }
  Batch get(std::span<const int64_t> indices) const override;

 private:
  Tensor x_, y_;
};

}  // namespace gg::data
