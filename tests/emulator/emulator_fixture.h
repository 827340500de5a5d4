// The fixture of tests that look into the emulator: every test starts with default options and ends without a
// diagnostic that it has not taken.
#pragma once

#include <gtest/gtest.h>

#include "cuda/emulator/emulator.h"

namespace gg::testing {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif
#if defined(__SANITIZE_THREAD__)
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class EmulatorTest : public ::testing::Test {
 protected:
  void SetUp() override { reset(); }
  void TearDown() override {
    for (const std::string& text : emulator::take_diagnostics()) ADD_FAILURE() << "left over: " << text;
    reset();
  }

  static void reset() {
    emulator::clear_failure();
    emulator::options() = emulator::Options{};
  }

  /// The single diagnostic so far, taken; the device works again.
  static std::string take_only_diagnostic() {
    emulator::clear_failure();
    auto texts = emulator::take_diagnostics();
    EXPECT_EQ(texts.size(), 1u);
    return texts.empty() ? std::string() : texts.front();
  }

  /// Calls body() under every schedule, with both fill bytes taking turns.
  template <class F>
  static void on_every_schedule(F body) {
    unsigned char fill = 0xff;
    for (emulator::Schedule schedule : emulator::kSchedules) {
      SCOPED_TRACE(emulator::to_string(schedule));
      emulator::options().schedule = schedule;
      emulator::options().fill = fill;
      body();
      fill ^= 0x80;  // 0xff: NaN, 0x7f: 3.4e38
    }
    emulator::options() = emulator::Options{};
  }
};

}  // namespace gg::testing

/// Whether `text`, evaluated once, holds `part`.
#define EXPECT_CONTAINS(text, part) EXPECT_PRED2(::gg::testing::contains, text, part)
