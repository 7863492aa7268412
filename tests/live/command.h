// A program run as a child, with its output in files, so that no reader can block it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "wait_until.h"

namespace live {

struct CommandResult {
    int exit_status = -1; ///< 128 + signal if a signal ended it
    std::string out;
    std::string err;
};

class TempDir {
  public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    std::string file(const std::string& name) const { return path_ + "/" + name; }
    const std::string& path() const { return path_; }

  private:
    std::string path_;
};

class Command {
  public:
    /// With a path in `netns` the program starts in that namespace.
    explicit Command(const std::vector<std::string>& argv, const std::string& netns = {});
    ~Command();
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    pid_t pid() const { return pid_; }
    bool running();
    /// The complete lines written so far; wait() returns every byte.
    std::string out() const;
    std::string err() const;
    void signal(int number) const;
    /// Fails the test if it has not ended within bound.
    CommandResult wait(Milliseconds bound = program_bound);

  private:
    TempDir dir_;
    pid_t pid_ = -1;
    std::optional<int> wait_status_;
};

CommandResult run_command(const std::vector<std::string>& argv, const std::string& netns = {},
                          Milliseconds bound = program_bound);
std::string read_file(const std::string& path);
/// A figure of /proc/PID/status (proc_pid_status(5)): VmRSS is resident now, VmHWM at most so far.
long memory_kib(pid_t pid, const std::string& field);
/// The complete lines of a file that is being written. A write() of several pages becomes visible
/// page by page, so the last line may be incomplete even if the writer writes whole lines.
std::string read_whole_lines(const std::string& path);
void write_file(const std::string& path, const std::string& text);
std::vector<std::string> lines_of(const std::string& text);

} // namespace live
