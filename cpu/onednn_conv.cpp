#include <cstring>
#include <list>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>
#include <unordered_map>

#include "cpu/image_conv.h"
#include "cpu/library_threads.h"
#include "cpu/scratch.h"

namespace gg::cpu {
namespace {

using dnnl::memory;

// The engine is never destroyed: threads may still hold streams of it while the process ends.
const dnnl::engine& engine() {
  static const auto* instance = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *instance;
}

dnnl::stream& stream() {
  thread_local dnnl::stream instance(engine());
  return instance;
}

memory::desc image(int64_t n, int64_t c, int64_t h, int64_t w) {
  return {{n, c, h, w}, memory::data_type::f32, memory::format_tag::nhwc};
}

dnnl::primitive_attr own_scratch() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

// A conversion between layouts, or nothing where they are equal.
struct Reorder {
  dnnl::reorder primitive;
  size_t scratch_bytes = 0;
  memory::desc from, to;
  bool needed = false;

  Reorder() = default;
  Reorder(const memory::desc& a, const memory::desc& b) : from(a), to(b), needed(a != b) {
    if (!needed) return;
    dnnl::reorder::primitive_desc pd(engine(), a, engine(), b, own_scratch());
    scratch_bytes = pd.scratchpad_desc().get_size();
    primitive = dnnl::reorder(pd);
  }
  void run(const void* source, void* target) const {
    Scratch scratch(scratch_bytes);
    primitive.execute(stream(),
                      {{DNNL_ARG_FROM, memory(from, engine(), const_cast<void*>(source))},
                       {DNNL_ARG_TO, memory(to, engine(), target)},
                       {DNNL_ARG_SCRATCHPAD,
                        memory({{static_cast<int64_t>(scratch_bytes)}, memory::data_type::u8, memory::format_tag::a},
                               engine(), scratch.as<void>())}});
  }
};

class OnednnConv final : public ImageConv {
 public:
  explicit OnednnConv(const ConvSpec& s) : kind_(s.kind) {
    memory::desc x = image(s.n, s.c, s.h, s.w), y = image(s.n, s.o, s.oh, s.ow);
    memory::dims w_dims = {s.o / s.groups, s.c / s.groups, s.kh, s.kw};
    if (s.groups > 1) w_dims.insert(w_dims.begin(), s.groups);
    auto f32 = memory::data_type::f32;
    memory::desc w(w_dims, f32, s.groups > 1 ? memory::format_tag::goihw : memory::format_tag::oihw);
    memory::desc x_any(x.dims(), f32, memory::format_tag::any), y_any(y.dims(), f32, memory::format_tag::any);
    memory::desc w_any(w_dims, f32, memory::format_tag::any);
    // With groups oneDNN has much better code for layouts of its own.
    const memory::desc &x_asked = s.groups > 1 ? x_any : x, &y_asked = s.groups > 1 ? y_any : y;
    memory::dims stride = {s.stride[0], s.stride[1]}, padding = {s.padding[0], s.padding[1]};
    memory::dims dilation = {s.dilation[0] - 1, s.dilation[1] - 1};
    auto direct = dnnl::algorithm::convolution_direct;

    dnnl::convolution_forward::primitive_desc forward(
        {dnnl::prop_kind::forward_training, direct, x_asked, w_any, y_asked, stride, dilation, padding, padding},
        own_scratch(), engine());
    auto take = [&](const auto& pd, const memory::desc& px, const memory::desc& pw, const memory::desc& py) {
      x_ = px;
      w_ = pw;
      y_ = py;
      scratch_ = pd.scratchpad_desc();
    };
    if (s.kind == ConvKind::forward) {
      take(forward, forward.src_desc(), forward.weights_desc(), forward.dst_desc());
      primitive_ = dnnl::convolution_forward(forward);
      x_in_ = Reorder(x, x_);
      w_in_ = Reorder(w, w_);
      y_out_ = Reorder(y_, y);
    } else if (s.kind == ConvKind::input_grad) {
      dnnl::convolution_backward_data::primitive_desc pd(
          {direct, x_asked, w_any, y_asked, stride, dilation, padding, padding}, own_scratch(), engine(), forward);
      take(pd, pd.diff_src_desc(), pd.weights_desc(), pd.diff_dst_desc());
      primitive_ = dnnl::convolution_backward_data(pd);
      y_in_ = Reorder(y, y_);
      w_in_ = Reorder(w, w_);
      x_out_ = Reorder(x_, x);
    } else {
      dnnl::convolution_backward_weights::primitive_desc pd(
          {direct, x_asked, w_any, y_asked, stride, dilation, padding, padding}, own_scratch(), engine(), forward);
      take(pd, pd.src_desc(), pd.diff_weights_desc(), pd.diff_dst_desc());
      primitive_ = dnnl::convolution_backward_weights(pd);
      x_in_ = Reorder(x, x_);
      y_in_ = Reorder(y, y_);
      w_out_ = Reorder(w_, w);
    }
  }

  size_t weight_floats() const override { return w_in_.needed || w_out_.needed ? w_.get_size() / sizeof(float) : 0; }

  void pack_weight(float* to, const float* w) const override {
    OneLibraryThread one;
    w_in_.run(w, to);
  }

  void unpack_weight(float* w, const float* from) const override {
    OneLibraryThread one;
    w_out_.run(from, w);
  }

  bool same_weight(const ImageConv& other) const override { return w_ == static_cast<const OnednnConv&>(other).w_; }

  void run(float* x, float* w, float* y) const override {
    OneLibraryThread one;
    Scratch x_buffer(x_in_.needed || x_out_.needed ? x_.get_size() : 0);
    Scratch y_buffer(y_in_.needed || y_out_.needed ? y_.get_size() : 0);
    Scratch scratch(scratch_.get_size());
    void* px = x_in_.needed || x_out_.needed ? x_buffer.as<void>() : x;
    void* py = y_in_.needed || y_out_.needed ? y_buffer.as<void>() : y;
    if (x_in_.needed) x_in_.run(x, px);
    if (y_in_.needed) y_in_.run(y, py);
    memory mx(x_, engine(), px), mw(w_, engine(), w), my(y_, engine(), py);
    memory ms(scratch_, engine(), scratch.as<void>());
    switch (kind_) {
      case ConvKind::forward:
        primitive_.execute(stream(),
                           {{DNNL_ARG_SRC, mx}, {DNNL_ARG_WEIGHTS, mw}, {DNNL_ARG_DST, my}, {DNNL_ARG_SCRATCHPAD, ms}});
        if (y_out_.needed) y_out_.run(py, y);
        break;
      case ConvKind::input_grad:
        primitive_.execute(
            stream(),
            {{DNNL_ARG_DIFF_SRC, mx}, {DNNL_ARG_WEIGHTS, mw}, {DNNL_ARG_DIFF_DST, my}, {DNNL_ARG_SCRATCHPAD, ms}});
        if (x_out_.needed) x_out_.run(px, x);
        break;
      case ConvKind::weight_grad:
        primitive_.execute(
            stream(),
            {{DNNL_ARG_SRC, mx}, {DNNL_ARG_DIFF_WEIGHTS, mw}, {DNNL_ARG_DIFF_DST, my}, {DNNL_ARG_SCRATCHPAD, ms}});
        break;
    }
  }

 private:
  ConvKind kind_;
  dnnl::primitive primitive_;
  memory::desc x_, w_, y_, scratch_;
  Reorder x_in_, x_out_, w_in_, w_out_, y_in_, y_out_;
};

struct SpecHash {
  size_t operator()(const ConvSpec& s) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(&s), sizeof s});
  }
};
static_assert(std::has_unique_object_representations_v<ConvSpec>);

// The most recently used convolutions, newest first.
class Store {
 public:
  std::shared_ptr<const ImageConv> get(const ConvSpec& spec) {
    {
      std::lock_guard lock(mutex_);
      if (auto found = places_.find(spec); found != places_.end()) {
        entries_.splice(entries_.begin(), entries_, found->second);
        return found->second->conv;
      }
    }
    std::shared_ptr<const ImageConv> made;  // made without the lock; two threads may make the same one
    try {
      OneLibraryThread one;
      made = std::make_shared<OnednnConv>(spec);
    } catch (const dnnl::error&) {
    }
    std::lock_guard lock(mutex_);
    if (auto found = places_.find(spec); found != places_.end()) return found->second->conv;
    entries_.push_front({spec, made});
    places_[spec] = entries_.begin();
    if (entries_.size() > kCapacity) {
      places_.erase(entries_.back().spec);
      entries_.pop_back();
    }
    return made;
  }

 private:
  static constexpr size_t kCapacity = 256;
  struct Entry {
    ConvSpec spec;
    std::shared_ptr<const ImageConv> conv;
  };
  std::mutex mutex_;
  std::list<Entry> entries_;
  std::unordered_map<ConvSpec, std::list<Entry>::iterator, SpecHash> places_;
};

}  // namespace

std::shared_ptr<const ImageConv> onednn_conv(const ConvSpec& spec) {
  static auto* store = new Store;
  return store->get(spec);
}

}  // namespace gg::cpu
