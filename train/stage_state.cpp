#include "train/stage_state.h"

namespace gg::train {

using apps::Json;

Json to_json(const StageState& s) {
  Json means = Json::object();
  for (const RunningMean& m : s.means) means[m.name] = {m.sum, m.count};
  return {{"step", s.step},
          {"global_step", s.global_step},
          {"epoch", s.position.epoch},
          {"batch", s.position.batch},
          {"generator_seed", s.generator.seed},
          {"generator_offset", s.generator.offset},
          {"means", means},
          {"best", s.best},
          {"best_epoch", s.best_epoch}};
}

StageState state_from(const data::Safetensors& file) {
  const auto found = file.metadata.find("state");
  GG_CHECK(found != file.metadata.end(), "there is no \"state\" in its metadata");
  const Json json = apps::parse_json(found->second, "its state");
  StageState s;
  try {
    s.step = json.at("step");
    s.global_step = json.at("global_step");
    s.position = {json.at("epoch"), json.at("batch")};
    s.generator.seed = json.at("generator_seed");
    s.generator.offset = json.at("generator_offset");
    for (const auto& [name, mean] : json.at("means").items()) s.means.push_back({name, mean.at(0), mean.at(1)});
    s.best = json.at("best");
    s.best_epoch = json.at("best_epoch");
  } catch (const nlohmann::json::exception&) {
    fail("its state lacks a number");
  }
  GG_CHECK(s.step >= 0 && s.global_step >= s.step, "its step is out of range");
  return s;
}

}  // namespace gg::train
