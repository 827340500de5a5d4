// Runs a program in a process of its own and keeps what it said.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "tests/temp_dir.h"

namespace gg::apps {

struct Outcome {
  int code = -1;  ///< exit code, or 1000 + signal
  std::string out, err;
};

/// `meanwhile` is called with the process's id while it runs.
inline Outcome run_program(const std::string& program, const std::vector<std::string>& arguments,
                           const std::function<void(pid_t)>& meanwhile = {}) {
  TempDir logs;
  const std::string out = (logs / "out").string(), err = (logs / "err").string();
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  if (meanwhile) meanwhile(child);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status), slurp(out), slurp(err)};
}

/// Waits until the process has a handler for the signal; false where it does not come to have one in ten seconds.
inline bool wait_until_it_handles(pid_t child, int signal) {
  for (int i = 0; i < 10'000; ++i) {
    const std::string status = slurp("/proc/" + std::to_string(child) + "/status"), key = "SigCgt:";
    const size_t at = status.find(key);
    if (at != std::string::npos && std::stoull(status.substr(at + key.size()), nullptr, 16) >> (signal - 1) & 1)
      return true;
    ::usleep(1000);
  }
  return false;
}

}  // namespace gg::apps
