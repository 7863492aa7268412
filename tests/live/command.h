// A program run as a child, with its output in files: no reader that could hold it up.
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
    /// With a path in `netns` the program starts as a member of that namespace.
    explicit Command(const std::vector<std::string>& argv, const std::string& netns = {});
    ~Command();
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    pid_t pid() const { return pid_; }
    bool running();
    /// The whole lines that it has written by now; wait() returns every byte.
    std::string out() const;
    std::string err() const;
    void signal(int number) const;
    /// Fails the test if it has not ended by then.
    CommandResult wait(Milliseconds bound = Milliseconds(10000));

  private:
    TempDir dir_;
    pid_t pid_ = -1;
    std::optional<int> wait_status_;
};

CommandResult run_command(const std::vector<std::string>& argv, const std::string& netns = {},
                          Milliseconds bound = Milliseconds(10000));
std::string read_file(const std::string& path);
/// Of a file that is being written: the lines that have their end. A write() of several pages is
/// seen page by page, so the last line may lack its end even if no writer ever writes half a line.
std::string read_whole_lines(const std::string& path);
void write_file(const std::string& path, const std::string& text);
std::vector<std::string> lines_of(const std::string& text);

} // namespace live
