// DataLoader: a dataset in batches, shuffled, made ahead of time by one background thread.
//
// Which samples are in batch (epoch, number) is a pure function of the seed (data/order.h). So a loader's position is
// two integers, and a run resumed from them sees the very batches it would have seen.
#pragma once

#include <functional>
#include <memory>

#include "data/dataset.h"

namespace gg::data {

struct DataLoaderOptions {
  int64_t batch_size = 1;
  bool shuffle = false;
  bool drop_last = false;  ///< leave out an epoch's last batch if it is smaller than the others
  uint64_t seed = 0;       ///< of the shuffling
  int prefetch = 2;        ///< batches made ahead by next(); 0: none, and no thread
  /// Applied to each batch, in the background thread where there is one: augmentation, noise, normalisation. Must be
  /// thread-safe and a pure function of the batch (its epoch, number and index are set), hence must not use the default
  /// generator; see sample_key.
  std::function<void(Batch&)> transform = nullptr;
  /// Where batches are wanted. The background thread copies them there, beside the device's other work.
  Device device = Device::cpu;
};

class DataLoader {
 public:
  /// The next batch that next() returns.
  struct Position {
    int64_t epoch = 0;
    int64_t batch = 0;
    bool operator==(const Position&) const = default;
  };

  /// Throws if the dataset is empty, or if drop_last leaves no batch.
  explicit DataLoader(std::shared_ptr<const Dataset> dataset, DataLoaderOptions options = {});
  ~DataLoader();
  DataLoader(DataLoader&&) noexcept;
  DataLoader& operator=(DataLoader&&) noexcept;

  int64_t batches_per_epoch() const;

  /// The batch at position(), which moves on by one; epoch follows epoch without end. What the dataset or the transform
  /// throws in the background comes out here, at the batch that it was thrown for.
  Batch next();

  Position position() const { return position_; }
  /// Makes next() continue from `position`, as it was saved. Throws if there is no such batch.
  void seek(Position position);

  /// Any batch, made here and now. Independent of position().
  Batch batch(int64_t epoch, int64_t number) const;

 private:
  struct Source;
  struct Ahead;
  std::shared_ptr<const Source> source_;
  std::unique_ptr<Ahead> ahead_;  // null until next() is called
  Position position_;
};

}  // namespace gg::data
