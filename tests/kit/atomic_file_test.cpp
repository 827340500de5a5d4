// Files are wholly written or not at all; failures say what and why.
#include "apps/common/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/errors.h"
#include "tests/temp_dir.h"

namespace gg::apps {
namespace {

namespace fs = std::filesystem;

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

TEST(AtomicFile, WritesAndReplaces) {
  TempDir dir;
  write_file_atomically(dir / "a", "one");
  EXPECT_EQ(slurp(dir / "a"), "one");
  write_file_atomically(dir / "a", "");
  EXPECT_EQ(slurp(dir / "a"), "");
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(AtomicFile, WithoutCommitNothingChanges) {
  TempDir dir;
  spill(dir / "a", "old");
  {
    AtomicFile file(dir / "a");
    file.write("new");
  }
  EXPECT_EQ(slurp(dir / "a"), "old");
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(AtomicFile, FailuresNamePathAndReason) {
  TempDir dir;
  EXPECT_HAS(message_of([&] { write_file_atomically(dir / "no/such/a", "x"); }), "No such file");
  spill(dir / "file", "x");
  EXPECT_HAS(message_of([&] { write_file_atomically(dir / "file/a", "x"); }), "Not a directory");
  fs::create_directories(dir / "taken");
  EXPECT_HAS(message_of([&] { write_file_atomically(dir / "taken", "x"); }), "taken: Is a directory");
  EXPECT_EQ(entries(dir.path()), 2u);
  EXPECT_HAS(message_of([&] { make_directories(dir / "file/sub"); }), "cannot make the directory");
  EXPECT_HAS(message_of([&] { make_directories(dir / "file"); }), "cannot make the directory");
}

TEST(AtomicFile, AFileBeyondTheLimitLeavesTheOldOne) {
  TempDir dir;
  spill(dir / "a", "old");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message = message_of([&] { write_file_atomically(dir / "a", std::string(100000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_HAS(message, "File too large");
  EXPECT_EQ(slurp(dir / "a"), "old");
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(AtomicFile, AFullDiskLeavesTheOldFile) {
  TempDir dir;
  if (::mount("tmpfs", dir.path().c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "may not mount";
  spill(dir / "a", "old");
  const std::string message = message_of([&] { write_file_atomically(dir / "a", std::string(1 << 20, 'x')); });
  const std::string kept = slurp(dir / "a");
  const std::size_t left = entries(dir.path());
  ::umount2(dir.path().c_str(), MNT_DETACH);
  EXPECT_HAS(message, "No space left on device; free some space");
  EXPECT_EQ(kept, "old");
  EXPECT_EQ(left, 1u);
}

TEST(AtomicFile, AnUnwritableFolderIsSaid) {
  TempDir dir;
  fs::permissions(dir.path(),
                  fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read | fs::perms::others_exec);
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    // The superuser may write anywhere, so become someone else.
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(2);
    std::string message = "no error";
    try {
      write_file_atomically(dir / "a", "x");
    } catch (const Error& error) {
      message = error.what();
    }
    ::_exit(::write(pipe_ends[1], message.data(), message.size()) < 0 ? 3 : 0);
  }
  ::close(pipe_ends[1]);
  char buffer[1000];
  const ssize_t got = ::read(pipe_ends[0], buffer, sizeof buffer);
  ::close(pipe_ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  const std::string message(buffer, static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  EXPECT_HAS(message, "Permission denied; choose a place that you may write to");
}

TEST(AtomicFile, SurvivesBeingKilledAtAnyMoment) {
  TempDir dir;
  const fs::path target = dir / "a";
  write_file_atomically(target, std::string(50000, 'A'));
  for (int round = 0; round < 20; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (char c = 'B';; c = c == 'Z' ? 'B' : static_cast<char>(c + 1))
        write_file_atomically(target, std::string(50000, c));
    }
    ::usleep(static_cast<useconds_t>(500 + 700 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string text = slurp(target);
    ASSERT_EQ(text.size(), 50000u);
    ASSERT_EQ(text.find_first_not_of(text[0]), std::string::npos);
  }
  remove_stale_temporaries(dir.path());
  EXPECT_EQ(entries(dir.path()), 1u);
}

TEST(ReadFile, ReadsWithALimit) {
  TempDir dir;
  spill(dir / "a", std::string(1000, 'x'));
  EXPECT_EQ(read_file(dir / "a", 1000).size(), 1000u);
  EXPECT_HAS(message_of([&] { read_file(dir / "a", 999); }), "larger than 999 bytes");
  EXPECT_HAS(message_of([&] { read_file(dir / "b", 10); }), "No such file");
  EXPECT_HAS(message_of([&] { read_file(dir.path(), 10); }), "Is a directory");
  EXPECT_HAS(message_of([&] { read_file("/dev/zero", 1 << 20); }), "larger than");
}

}  // namespace
}  // namespace gg::apps
