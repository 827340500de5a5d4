// Metrics files: appended line by line, cut back exactly, tolerant of a torn end and of nothing else.
#include "apps/common/json_lines.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>

#include "tests/errors.h"
#include "tests/temp_dir.h"

namespace gg::apps {
namespace {

void write_steps(JsonLines& lines, std::int64_t first, std::int64_t last) {
  for (std::int64_t step = first; step <= last; ++step) {
    lines.append(step, {{"loss", 1.0 / static_cast<double>(step + 3)}, {"set", "train"}});
    if (step % 3 == 0) lines.append(step, {{"accuracy", 0.1 * static_cast<double>(step)}});
  }
}

TEST(JsonLines, AppendsAtOnce) {
  TempDir dir;
  JsonLines lines(dir / "m");
  lines.append(0, {{"loss", 0.1f}});
  EXPECT_EQ(slurp(dir / "m"), "{\"step\":0,\"loss\":0.10000000149011612}\n");
  lines.append(0, {{"bad", std::nan("")}, {"name", "σ"}});
  EXPECT_HAS(slurp(dir / "m"), "{\"step\":0,\"bad\":null,\"name\":\"σ\"}\n");
  EXPECT_HAS(message_of([&] { lines.append(-1, Json::object()); }), "come in order");
  EXPECT_HAS(message_of([&] { lines.append(1, {{"step", 7}}); }), "\"step\" itself");
  lines.sync();
}

TEST(JsonLines, ReopeningAppends) {
  TempDir dir;
  { JsonLines(dir / "m").append(1, Json::object()); }
  { JsonLines(dir / "m").append(2, Json::object()); }
  EXPECT_EQ(slurp(dir / "m"), "{\"step\":1}\n{\"step\":2}\n");
}

TEST(JsonLines, ResumedFileIsByteIdentical) {
  TempDir dir;
  JsonLines whole(dir / "whole");
  write_steps(whole, 0, 20);
  for (const std::int64_t checkpoint : {-1, 0, 5, 9, 20}) {
    {
      JsonLines lines(dir / "cut");
      lines.cut_back(-1);
      write_steps(lines, 0, std::min<std::int64_t>(checkpoint + 4, 20));
    }
    JsonLines lines(dir / "cut");
    lines.cut_back(checkpoint);
    write_steps(lines, checkpoint + 1, 20);
    EXPECT_EQ(slurp(dir / "cut"), slurp(dir / "whole")) << checkpoint;
  }
}

TEST(JsonLines, TornAtEveryByte) {
  TempDir dir;
  {
    JsonLines lines(dir / "whole");
    write_steps(lines, 0, 5);
  }
  const std::string whole = slurp(dir / "whole");
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    const std::string torn = whole.substr(0, length);
    spill(dir / "m", torn);
    JsonLines lines(dir / "m");
    lines.cut_back(100);
    // What is left: the whole lines, and the last where only its newline was missing.
    const std::size_t end = torn.rfind('\n') == std::string::npos ? 0 : torn.rfind('\n') + 1;
    const bool only_newline_missing = length < whole.size() && whole[length] == '\n' && length > end;
    EXPECT_EQ(slurp(dir / "m"), only_newline_missing ? torn + "\n" : torn.substr(0, end)) << length;
  }
}

TEST(JsonLines, ADamagedLastLineWithItsNewlineIsDropped) {
  TempDir dir;
  spill(dir / "m", std::string("{\"step\":1}\n") + std::string(7, '\0') + "\n");
  JsonLines lines(dir / "m");
  lines.cut_back(5);
  EXPECT_EQ(slurp(dir / "m"), "{\"step\":1}\n");
}

TEST(JsonLines, DamageInTheMiddleIsRefusedAndKept) {
  TempDir dir;
  const std::string text = "{\"step\":1}\n{\"ste\n{\"step\":3}\n";
  spill(dir / "m", text);
  JsonLines lines(dir / "m");
  EXPECT_HAS(message_of([&] { lines.cut_back(5); }), "line 2");
  EXPECT_EQ(slurp(dir / "m"), text);
  lines.cut_back(0);  // the damage lies behind the cut
  EXPECT_EQ(slurp(dir / "m"), "");
}

TEST(JsonLines, AFullDiskIsSaid) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  TempDir dir;
  std::filesystem::create_symlink("/dev/full", dir / "m");
  JsonLines lines(dir / "m");
  EXPECT_HAS(message_of([&] { lines.append(1, Json::object()); }), "No space left");
}

TEST(JsonLines, KilledWhileWritingItCanBeCutToAnyStep) {
  TempDir dir;
  JsonLines whole(dir / "whole");
  write_steps(whole, 0, 50);
  for (int round = 0; round < 10; ++round) {
    std::filesystem::remove(dir / "m");
    const pid_t child = ::fork();
    if (child == 0) {
      JsonLines lines(dir / "m");
      for (int i = 0;; ++i) {
        if (i > 0) lines.cut_back(20);
        write_steps(lines, i == 0 ? 0 : 21, 50);
      }
    }
    ::usleep(static_cast<useconds_t>(1500 + 900 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    JsonLines lines(dir / "m");
    const auto count = static_cast<std::int64_t>(slurp(dir / "m").empty() ? -1 : 0);
    lines.cut_back(count);
    write_steps(lines, count + 1, 50);
    ASSERT_EQ(slurp(dir / "m"), slurp(dir / "whole"));
  }
}

}  // namespace
}  // namespace gg::apps
