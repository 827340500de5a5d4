// Progress on a pretended terminal and in a pretended log, with a pretended clock.
#include "apps/common/progress.h"

#include <gtest/gtest.h>

#include "apps/common/text.h"
#include "tests/errors.h"

namespace gg::apps {
namespace {

struct Screen {
  std::string text;
  double now = 100;
  Progress::Stream stream(bool interactive, bool colour = false, int width = 80, bool utf8 = true) {
    return {{interactive, colour, utf8, width}, [this](std::string_view t) { text += t; }, [this] { return now; }};
  }
};

TEST(Progress, ALogGetsAPlainLineEveryFewSeconds) {
  Screen screen;
  Progress progress("ae", 1000, "step", 0, screen.stream(false));
  for (int step = 1; step <= 1000; ++step) {
    screen.now += 0.02;
    progress.update(step, "loss 0.5");
  }
  progress.finish("loss 0.4");
  const auto lines = std::count(screen.text.begin(), screen.text.end(), '\n');
  EXPECT_GE(lines, 4);
  EXPECT_LE(lines, 6);
  EXPECT_HAS_NOT(screen.text, "\r");
  EXPECT_HAS_NOT(screen.text, "\x1b");
  EXPECT_HAS(screen.text, "50.0 step/s");
  EXPECT_HAS(screen.text, "ae 100%  1000/1000");
  EXPECT_HAS(screen.text, "in 20 s  loss 0.4\n");
}

TEST(Progress, ATerminalGetsOneLineThatFits) {
  for (const int width : {20, 40, 80, 200}) {
    Screen screen;
    {
      Progress progress("denoising", 100, "step", 0, screen.stream(true, false, width));
      for (int step = 1; step <= 50; ++step) {
        screen.now += 0.5;
        progress.update(step, "loss 0.123 with a rather long note behind it, to see what happens to it");
      }
    }
    EXPECT_TRUE(screen.text.ends_with("\n"));
    EXPECT_EQ(std::count(screen.text.begin(), screen.text.end(), '\n'), 1);
    const std::string last = screen.text.substr(screen.text.rfind("\r\x1b[K") + 4);
    EXPECT_LE(count_code_points(last), static_cast<std::size_t>(width)) << last;
  }
}

TEST(Progress, ShowsRateAndTimeLeft) {
  Screen screen;
  Progress progress("ae", 100, "step", 0, screen.stream(true, false, 100));
  for (int step = 1; step <= 20; ++step) {
    screen.now += 0.5;
    progress.update(step);
  }
  EXPECT_HAS(screen.text, "20/100  2.00 step/s  40 s left");
  EXPECT_HAS(screen.text, "░");
}

TEST(Progress, AResumedRunIsNotFaster) {
  Screen screen;
  Progress progress("ae", 1000, "step", 900, screen.stream(false));
  screen.now += 10;
  progress.update(910);
  EXPECT_HAS(screen.text, "1.00 step/s  1:30 min left");
}

TEST(Progress, ColourAndUnicodeOnlyWhereWanted) {
  Screen coloured;
  Progress a("ae", 10, "step", 0, coloured.stream(true, true));
  a.update(1);
  EXPECT_HAS(coloured.text, "\x1b[36m");
  Screen plain;
  Progress b("ae", 10, "step", 0, plain.stream(true, false, 80, false));
  b.update(5);
  EXPECT_HAS_NOT(plain.text, "\x1b[3");
  EXPECT_HAS(plain.text, "###");
  for (const char c : plain.text) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(Progress, SaysLinesAboveTheBar) {
  Screen screen;
  Progress progress("ae", 10, "step", 0, screen.stream(true));
  progress.update(1);
  progress.say("checkpoint written");
  EXPECT_HAS(screen.text, "\r\x1b[Kcheckpoint written\n\r\x1b[K");
}

TEST(Progress, UnknownTotalsAndOverrunsAreFine) {
  Screen screen;
  Progress none("ae", 0, "step", 0, screen.stream(true));
  screen.now += 1;
  none.update(5);
  none.finish();
  Progress over("ae", 10, "step", 0, screen.stream(true));
  screen.now += 1;
  over.update(25);
  EXPECT_HAS(screen.text, "100%");
}

}  // namespace
}  // namespace gg::apps
