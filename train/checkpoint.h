// Checkpoints made of named parts: modules, optimisers, and whatever else has a state. One safetensors file holds them
// all, each tensor under "part.name", so that other tools can read the weights.
#pragma once

#include <concepts>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/safetensors.h"
#include "nn/module.h"

namespace gg::train {

/// Whatever can be saved and go on from what was saved.
template <class T>
concept Stateful = requires(T& object, const TensorMap& state) {
  { object.state_dict() } -> std::convertible_to<TensorMap>;
  object.load_state_dict(state);
};

/// One of the things that a checkpoint holds: {"model", model}, {"optimizer", optimizer}.
struct Part {
  /// A module is a handle, and kept.
  Part(std::string part_name, const nn::Module& m)
      : name(std::move(part_name)),
        module(std::make_shared<nn::Module>(m)),
        state_dict([m] { return m.state_dict(); }),
        load_state_dict([m](const TensorMap& state) { m.load_state_dict(state); }) {}
  /// Anything else is referred to, and must outlive the part.
  template <Stateful T>
  requires(!std::derived_from<T, nn::Module>) Part(std::string part_name, T& object)
      : name(std::move(part_name)),
        state_dict([&object] { return object.state_dict(); }),
        load_state_dict([&object](const TensorMap& state) { object.load_state_dict(state); }) {}

  std::string name;                          ///< some text without dots
  std::shared_ptr<const nn::Module> module;  ///< where it is one, else null
  std::function<TensorMap()> state_dict;
  std::function<void(const TensorMap&)> load_state_dict;
};

/// Writes the states of all parts, and `metadata`, or leaves the file as it was. Throws on names that are empty, have
/// dots or come twice.
void save_checkpoint(const std::filesystem::path& path, const std::vector<Part>& parts,
                     const std::map<std::string, std::string>& metadata = {});

/// Gives each part its tensors. Throws, naming the part, where one does not fit, and where the file holds tensors of no
/// part.
void load_checkpoint(const data::Safetensors& file, const std::vector<Part>& parts);

}  // namespace gg::train
