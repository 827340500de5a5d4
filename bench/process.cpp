#include "bench/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "core/error.h"

extern char** environ;

namespace gg::bench {
namespace {

std::vector<std::string> merged(const Environment& extra) {
  std::vector<std::string> all;
  for (char** e = environ; *e; ++e) {
    bool replaced = false;
    for (const auto& [key, value] : extra) replaced |= std::strncmp(*e, (key + "=").c_str(), key.size() + 1) == 0;
    if (!replaced) all.push_back(*e);
  }
  for (const auto& [key, value] : extra) all.push_back(key + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& s : strings) out.push_back(s.data());
  out.push_back(nullptr);
  return out;
}

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  for (;;) {
    ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer, static_cast<size_t>(n));
  }
}

struct Finished {
  std::string output;
  int status = 0;  ///< as waitpid tells it
  double wall_seconds = 0;
};

Finished run_to_end(const std::vector<std::string>& command, const Environment& environment, bool quiet) {
  int ends[2];
  GG_CHECK(pipe2(ends, O_CLOEXEC) == 0, "bench: cannot make a pipe: ", std::strerror(errno));
  std::vector<std::string> arguments = command, variables = merged(environment);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  if (quiet) posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  Finished finished;
  double start = now(CLOCK_MONOTONIC);
  pid_t pid = 0;
  int error =
      posix_spawnp(&pid, command[0].c_str(), &actions, nullptr, pointers(arguments).data(), pointers(variables).data());
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error) {
    close(ends[0]);
    fail("bench: cannot start ", command[0], ": ", std::strerror(error));
  }
  finished.output = read_all(ends[0]);
  close(ends[0]);
  while (waitpid(pid, &finished.status, 0) < 0 && errno == EINTR) {
  }
  finished.wall_seconds = now(CLOCK_MONOTONIC) - start;
  return finished;
}

}  // namespace

std::string own_path() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::string output_of(const std::vector<std::string>& command, const Environment& environment) {
  try {
    Finished finished = run_to_end(command, environment, true);
    if (finished.status != 0) return "";
    while (finished.output.ends_with('\n')) finished.output.pop_back();
    return finished.output;
  } catch (const Error&) {
    return "";
  }
}

ProcessResult run_process(const std::vector<std::string>& command, const Environment& environment) {
  const Finished finished = run_to_end(command, environment, false);
  ProcessResult result;
  result.wall_seconds = finished.wall_seconds;
  std::istringstream lines(finished.output);
  for (std::string line; std::getline(lines, line);) {
    const size_t tab = line.find('\t');
    if (tab == std::string::npos) continue;
    const std::string name = line.substr(0, tab), rest = line.substr(tab + 1);
    if (name == "#peak") {
      std::istringstream(rest) >> result.peak_mib;
    } else if (name[0] == '#') {
      result.facts[name.substr(1)] = rest;
    } else {
      ProcessRow row{.name = name};
      std::istringstream(rest) >> row.value >> row.work.bytes >> row.work.flops;
      result.rows.push_back(row);
    }
  }
  if (WIFSIGNALED(finished.status)) fail("bench: ", command[0], " was ended by signal ", WTERMSIG(finished.status));
  const int code = WEXITSTATUS(finished.status);
  GG_CHECK(code == 0, "bench: ", command[0], " failed with exit code ", code);
  return result;
}

}  // namespace gg::bench
