// What tests of the app `autoencoders` share: tiny images, and the program run on them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>

#include "tests/apps/program.h"
#include "tests/errors.h"

namespace gg::apps {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

inline std::string big_endian(std::uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n)};
}

/// Bright bars on dark ground, in four classes: where the bar is. 8×8 pixels.
inline void write_images(const fs::path& folder, const std::string& stem, int count) {
  std::string images =
      std::string("\0\0\x08\x03", 4) + big_endian(static_cast<std::uint32_t>(count)) + big_endian(8) + big_endian(8);
  std::string labels = std::string("\0\0\x08\x01", 4) + big_endian(static_cast<std::uint32_t>(count));
  std::uint32_t noise = 12345;
  for (int i = 0; i < count; ++i) {
    const int label = i % 4;
    for (int pixel = 0; pixel < 64; ++pixel) {
      noise = noise * 1664525U + 1013904223U;
      const bool bright = label < 2 ? pixel / 8 / 4 == label : pixel % 8 / 4 == label - 2;
      images += static_cast<char>((bright ? 150 : 20) + (noise >> 24) % 80);
    }
    labels += static_cast<char>(label);
  }
  spill(folder / (stem + "-images-idx3-ubyte"), images);
  spill(folder / (stem + "-labels-idx1-ubyte"), labels);
}

/// The app with a folder of such images.
class Autoencoders : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directory(dir_ / "data");
    write_images(dir_ / "data", "train", 180);
    write_images(dir_ / "data", "t10k", 40);
  }

  std::string at(const std::string& name) const { return (dir_ / name).string(); }

  /// All five models in a few steps each.
  Words demo(const std::string& out, const Words& more = {}, const std::string& epochs = "2") const {
    Words words = {
        "demo", "--out",         at(out), "--data", at("data"), "--vae-plane-epochs", "1", "--vae-classifier-epochs",
        "1",    "--vae-samples", "64"};
    for (const std::string part : {"ae", "denoising", "vae"}) {
      for (const auto& [name, value] : std::map<std::string, std::string>{
               {"epochs", epochs}, {"batch-size", "32"}, {"hidden", "12"}, {"code", "3"}, {"log-every", "1"}}) {
        words.insert(words.end(), {"--" + part + "-" + name, value});
      }
    }
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  static Words often() {
    return {"--ae-checkpoint-every", "1", "--denoising-checkpoint-every", "1", "--vae-checkpoint-every", "1"};
  }
  static Outcome run(const Words& words, const std::function<void(pid_t)>& meanwhile = {}) {
    return run_program(GG_AUTOENCODERS, words, meanwhile);
  }

  void expect_same(const std::string& a, const std::string& b) const {
    EXPECT_EQ(slurp(at(a + "/metrics.jsonl")), slurp(at(b + "/metrics.jsonl")));
    for (const char* model : {"ae", "denoising", "vae", "vae_plane", "classifier"}) {
      const std::string file = std::string("/checkpoints/") + model + ".safetensors";
      ASSERT_GT(slurp(at(a + file)).size(), 1000U) << model;
      // Not EXPECT_EQ, which would print the files.
      EXPECT_TRUE(slurp(at(a + file)) == slurp(at(b + file))) << model;
    }
  }

  void expect_error(const Words& words, int code, const std::string& part) const {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, code);
    EXPECT_HAS(outcome.err, part);
    EXPECT_TRUE(outcome.err.starts_with("error: ")) << outcome.err;
    const std::string first_line = outcome.err.substr(0, outcome.err.find('\n'));
    EXPECT_LT(first_line.size(), 600U);
  }

  TempDir dir_;
};

}  // namespace gg::apps
