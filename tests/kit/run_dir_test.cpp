// Run folders: made, refused, replaced, reopened.
#include "apps/common/run_dir.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/errors.h"
#include "tests/temp_dir.h"

namespace gg::apps {
namespace {

namespace fs = std::filesystem;

/// Works in a folder of its own, since runs/ is made where the program stands.
class RunDirTest : public testing::Test {
 protected:
  RunDirTest() : before_(fs::current_path()) { fs::current_path(dir_.path()); }
  ~RunDirTest() override { fs::current_path(before_); }
  TempDir dir_;
  fs::path before_;
};

const Json kConfig = {{"seed", 7}, {"lr", 0.5}};

TEST_F(RunDirTest, MakesANewFolderEachTime) {
  const RunDir a = RunDir::create("ae", "vae", "", false, kConfig);
  const RunDir b = RunDir::create("ae", "vae", "", false, kConfig);
  EXPECT_NE(a.path(), b.path());
  EXPECT_TRUE(a.path().string().starts_with("runs/ae-vae-20")) << a.path();
  EXPECT_EQ(slurp(a.path() / "config.json"),
            "{\n  \"app\": \"ae\",\n  \"command\": \"vae\",\n  \"seed\": 7,\n  \"lr\": 0.5\n}\n");
  EXPECT_TRUE(fs::is_directory(a.checkpoints()));
  EXPECT_FALSE(a.has_checkpoint());
  EXPECT_FALSE(a.finished());
  EXPECT_FALSE(a.resumed());
}

TEST_F(RunDirTest, WritesFiguresReportAndSummary) {
  RunDir run = RunDir::create("ae", "vae", "out/here", false, kConfig);
  EXPECT_EQ(run.write_figure("a.svg", "<svg/>"), fs::path("out/here/figures/a.svg"));
  run.write_report("<html>");
  run.metrics().append(1, {{"loss", 1}});
  EXPECT_FALSE(run.finished());
  run.write_summary({{"seconds", 2.5}});
  EXPECT_TRUE(run.finished());
  EXPECT_EQ(slurp("out/here/summary.json"), "{\n  \"seconds\": 2.5\n}\n");
}

TEST_F(RunDirTest, DoesNotOverwrite) {
  const auto refusal = [](bool force) {
    return message_of([&] { RunDir::create("ae", "vae", "out", force, kConfig); });
  };
  { RunDir::create("ae", "vae", "out", false, kConfig); }
  EXPECT_HAS(refusal(false), "holds an unfinished run; --resume out goes on with it, --force replaces it");
  {
    RunDir run = RunDir::open("out");
    EXPECT_HAS(refusal(true), "in use by another process");
    run.metrics().append(1, Json::object());
    spill(run.checkpoints() / "c", "x");
    spill("out/mine.txt", "mine");
    run.write_summary(Json::object());
  }
  EXPECT_HAS(refusal(false), "holds a finished run; choose another --out, or --force to replace it");
  const RunDir again = RunDir::create("ae", "vae", "out", true, kConfig);
  EXPECT_FALSE(again.finished());
  EXPECT_FALSE(again.has_checkpoint());
  EXPECT_EQ(slurp("out/metrics.jsonl"), "");
  EXPECT_EQ(slurp("out/mine.txt"), "mine");  // what is not ours stays
}

TEST_F(RunDirTest, ForeignFoldersAreNeverTouched) {
  fs::create_directories("photos/figures");
  spill("photos/figures/me.png", "x");
  for (const bool force : {false, true}) {
    EXPECT_HAS(message_of([&] { RunDir::create("ae", "vae", "photos", force, kConfig); }), "holds no run");
  }
  spill("photos/config.json", "{}");
  EXPECT_HAS(message_of([&] { RunDir::create("ae", "vae", "photos", true, kConfig); }), "holds no run");
  EXPECT_EQ(slurp("photos/figures/me.png"), "x");
}

TEST_F(RunDirTest, OpensWhatWasLeftByAKill) {
  {
    RunDir run = RunDir::create("ae", "vae", "out", false, kConfig);
    run.metrics().append(1, Json::object());
    run.metrics().append(2, Json::object());
    run.timing().append(2, {{"seconds", 1.5}});
  }
  spill("out/.summary.json.gg-tmp-1-0", "half");
  spill("out/checkpoints/.c.gg-tmp-1-0", "half");
  RunDir run = RunDir::open("out");
  EXPECT_TRUE(run.resumed());
  EXPECT_FALSE(run.has_checkpoint());
  EXPECT_FALSE(fs::exists("out/.summary.json.gg-tmp-1-0"));
  run.cut_back(1);
  EXPECT_EQ(slurp("out/metrics.jsonl"), "{\"step\":1}\n");
  EXPECT_EQ(slurp("out/timing.jsonl"), "");
}

TEST_F(RunDirTest, KilledBeforeTheConfigurationItCanStartAgain) {
  fs::create_directories("out");
  spill("out/.config.json.gg-tmp-1-0", "half");
  EXPECT_EQ(RunDir::create("ae", "vae", "out", false, kConfig).path(), "out");
}

TEST_F(RunDirTest, BadPlacesAreSaid) {
  spill("file", "x");
  EXPECT_HAS(message_of([] { RunDir::create("ae", "vae", "file", false, kConfig); }), "cannot make the directory file");
  EXPECT_HAS(message_of([] { RunDir::create("ae", "vae", "/proc/none/x", false, kConfig); }), "/proc/none");
  EXPECT_HAS(message_of([] { RunDir::open("none"); }), "No such file");
  fs::create_directories("empty");
  EXPECT_HAS(message_of([] { RunDir::open("empty"); }), "holds no run");
  fs::create_directories("broken");
  spill("broken/config.json", "{\"app\": ");
  EXPECT_HAS(message_of([] { RunDir::open("broken"); }), "holds no run");
}

TEST_F(RunDirTest, PlacesCanBeCheckedBeforeThereIsAnythingToWrite) {
  const auto refusal = [](const fs::path& out, bool force = false) {
    return message_of([&] { RunDir::check(out, force); });
  };
  spill("file", "x");
  EXPECT_EQ(refusal("file"), "cannot make the directory file: Not a directory");
  EXPECT_EQ(refusal("/proc/none/x"), "cannot make the directory /proc/none/x: No such file or directory");
  EXPECT_HAS(refusal("/proc"), "/proc");
  EXPECT_HAS(refusal("file/x"), "cannot make the directory file/x: Not a directory");
  fs::create_directories("photos");
  spill("photos/me.png", "x");
  EXPECT_HAS(refusal("photos"), "holds no run");
  { RunDir::create("ae", "vae", "run", false, kConfig); }
  EXPECT_HAS(refusal("run"), "holds an unfinished run");
  // What is fine, in every way; and nothing has changed but that half a file is gone.
  fs::create_directories("empty");
  spill("empty/.a.gg-tmp-1-0", "half");
  for (const fs::path& out : {fs::path("new"), fs::path("new/er/est"), fs::path("empty"), fs::absolute("newest")}) {
    RunDir::check(out, false);
  }
  const std::string config = slurp("run/config.json");
  RunDir::check("run", true);
  EXPECT_EQ(slurp("run/config.json"), config);
  EXPECT_FALSE(fs::exists("new") || fs::exists("newest"));
  EXPECT_TRUE(fs::is_empty("empty"));
  RunDir open = RunDir::create("ae", "vae", "new", false, kConfig);
  EXPECT_HAS(refusal("new", true), "in use by another process");
}

TEST_F(RunDirTest, AFullDiskLosesNoLine) {
  fs::create_directories("disk");
  if (::mount("tmpfs", "disk", "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "may not mount";
  std::string message, text, after;
  std::int64_t written = 0;
  {
    RunDir run = RunDir::create("ae", "vae", "disk/run", false, kConfig);
    message = message_of([&] {
      for (;; ++written) run.metrics().append(written, {{"note", std::string(300, 'x')}});
    });
    text = slurp("disk/run/metrics.jsonl");
    after = message_of([&] { run.write_figure("a.png", std::string(200000, 'x')); });
  }
  ::umount2("disk", MNT_DETACH);
  EXPECT_HAS(message, "metrics.jsonl: No space left on device; free some space");
  EXPECT_HAS(after, "a.png: No space left on device");
  EXPECT_GT(written, 10);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), written);
  EXPECT_TRUE(text.ends_with("\"}\n"));
}

}  // namespace
}  // namespace gg::apps
