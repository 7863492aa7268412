// Real container runtimes, in a directory of the test: their daemons are started for the test, and
// images are made from busybox, without a registry. The directory below root() is the value for
// `--root`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.h"

namespace live {

/// Shell code for a container: this number of connections of busybox's wget to its httpd.
std::string closing_script(std::size_t times);

/// Directory for the runtimes' data and the container file system. Unmounts what they left mounted.
class RuntimeRoot {
  public:
    RuntimeRoot();
    ~RuntimeRoot();
    RuntimeRoot(const RuntimeRoot&) = delete;
    RuntimeRoot& operator=(const RuntimeRoot&) = delete;

    const std::string& path() const { return dir_.path(); }
    std::string below(const std::string& part) const { return dir_.path() + part; }
    std::string image() const { return below("/image.tar"); }
    /// Copies the file system, for a container without an image.
    void copy_files(const std::string& to) const;

  private:
    TempDir dir_;
};

/// False if a program is missing; prints SKIP then.
bool have_runtime(const std::vector<std::string>& programs);
/// A command with PATH and libraries for programs that are unpacked but not installed.
std::vector<std::string> runtime_command(const std::string& path,
                                         const std::vector<std::string>& arguments);

/// containerd, and dockerd on top of it.
class Docker {
  public:
    explicit Docker(const RuntimeRoot& root);
    ~Docker();
    Docker(const Docker&) = delete;
    Docker& operator=(const Docker&) = delete;

    /// Reason why it does not run here; empty: it runs.
    const std::string& why_not() const { return why_not_; }
    CommandResult docker(const std::vector<std::string>& arguments) const;
    CommandResult ctr(const std::vector<std::string>& arguments) const;
    /// Runs and removes a container without network.
    CommandResult run(const std::vector<std::string>& options, const std::string& script) const;

  private:
    std::string start();

    const RuntimeRoot& root_;
    std::unique_ptr<Command> containerd_;
    std::unique_ptr<Command> dockerd_;
    std::string why_not_;
};

/// podman needs no daemon.
class Podman {
  public:
    explicit Podman(const RuntimeRoot& root);
    const std::string& why_not() const { return why_not_; }
    CommandResult podman(const std::vector<std::string>& arguments) const;
    CommandResult run(const std::vector<std::string>& options, const std::string& script) const;

  private:
    const RuntimeRoot& root_;
    std::string why_not_;
};

} // namespace live
