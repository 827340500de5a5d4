#include "data/data_loader.h"

#include <algorithm>
#include <mutex>
#include <numeric>

#include "autograd/raw.h"
#include "core/device_info.h"
#include "data/order.h"
#include "data/prefetch.h"

namespace gg::data {

// Shared with the background thread, and all that it touches.
struct DataLoader::Source {
  std::shared_ptr<const Dataset> dataset;
  DataLoaderOptions options;
  int64_t size = 0, batches = 0;

  Position after(Position p) const {
    return p.batch + 1 < batches ? Position{p.epoch, p.batch + 1} : Position{p.epoch + 1, 0};
  }

  std::shared_ptr<const std::vector<int64_t>> order(int64_t epoch) const {
    if (!options.shuffle) epoch = 0;
    std::lock_guard guard(lock_);
    if (!order_ || order_epoch_ != epoch) {
      std::vector<int64_t> fresh;
      if (options.shuffle) {
        fresh = shuffled_order(options.seed, static_cast<uint64_t>(epoch), size);
      } else {
        fresh.resize(static_cast<size_t>(size));
        std::iota(fresh.begin(), fresh.end(), int64_t{0});
      }
      order_ = std::make_shared<const std::vector<int64_t>>(std::move(fresh));
      order_epoch_ = epoch;
    }
    return order_;
  }

  Batch make(Position p) const {
    auto all = order(p.epoch);
    int64_t first = p.batch * options.batch_size, last = std::min(first + options.batch_size, size);
    std::vector<int64_t> index(all->begin() + first, all->begin() + last);
    Batch b = dataset->get(index);
    b.index = std::move(index);
    b.epoch = p.epoch;
    b.number = p.batch;
    if (options.transform) options.transform(b);
    b.x = raw::to_device(b.x, options.device);
    if (b.y.defined()) b.y = raw::to_device(b.y, options.device);
    return b;
  }

  void check(Position p, const char* what) const {
    GG_CHECK(p.epoch >= 0 && p.batch >= 0 && p.batch < batches, what, ": there is no batch ", p.batch, " of epoch ",
             p.epoch, "; an epoch has ", batches, " batches");
  }

 private:
  mutable std::mutex lock_;
  mutable std::shared_ptr<const std::vector<int64_t>> order_;
  mutable int64_t order_epoch_ = 0;
};

struct DataLoader::Ahead {
  Ahead(std::shared_ptr<const Source> source, Position start)
      : batches(static_cast<size_t>(source->options.prefetch), [source, p = start]() mutable {
          Batch b = source->make(p);
          p = source->after(p);
          return b;
        }) {}
  Prefetch<Batch> batches;
};

DataLoader::DataLoader(std::shared_ptr<const Dataset> dataset, DataLoaderOptions options) {
  GG_CHECK(dataset, "DataLoader: the dataset is null");
  GG_CHECK(options.batch_size >= 1, "DataLoader: batch_size must be at least 1, got ", options.batch_size);
  check_available(options.device);
  GG_CHECK(options.prefetch >= 0, "DataLoader: prefetch must not be negative, got ", options.prefetch);
  auto source = std::make_shared<Source>();
  source->size = dataset->size();
  source->batches = options.drop_last ? source->size / options.batch_size
                                      : (source->size + options.batch_size - 1) / options.batch_size;
  GG_CHECK(source->batches > 0, "DataLoader: ", source->size, " samples make no batch of ", options.batch_size,
           options.drop_last ? " (drop_last leaves out smaller ones)" : "");
  source->dataset = std::move(dataset);
  source->options = std::move(options);
  source_ = std::move(source);
}

DataLoader::~DataLoader() = default;
DataLoader::DataLoader(DataLoader&&) noexcept = default;
DataLoader& DataLoader::operator=(DataLoader&&) noexcept = default;

int64_t DataLoader::batches_per_epoch() const { return source_->batches; }

Batch DataLoader::next() {
  Batch b;
  if (source_->options.prefetch == 0) {
    b = source_->make(position_);
  } else {
    if (!ahead_) ahead_ = std::make_unique<Ahead>(source_, position_);
    b = ahead_->batches.next();
  }
  position_ = source_->after(position_);
  return b;
}

void DataLoader::seek(Position position) {
  source_->check(position, "seek");
  ahead_.reset();
  position_ = position;
}

Batch DataLoader::batch(int64_t epoch, int64_t number) const {
  Position p{epoch, number};
  source_->check(p, "batch");
  return source_->make(p);
}

}  // namespace gg::data
