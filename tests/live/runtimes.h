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

/// Path of a busybox without libraries.
std::string busybox();

/// Shell code for a container: this number of connections of busybox's wget to its httpd.
std::string closing_script(std::size_t times);

/// The name of the image, as containerd has it.
inline constexpr const char* containerd_image = "docker.io/library/busy:local";

/// Directory for the runtimes' data and the container file system. Unmounts remaining mounts.
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
/// The same for twtrace and the programs of Docker and of Podman.
bool have_docker();
bool have_podman();
/// True if there is a reason; prints SKIP then.
bool says_why_not(const std::string& why_not);
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
    /// The commands themselves.
    std::vector<std::string> docker_argv(const std::vector<std::string>& arguments) const;
    std::vector<std::string> ctr_argv(const std::vector<std::string>& arguments) const;
    std::vector<std::string> run_argv(const std::vector<std::string>& options,
                                      const std::string& script) const;
    /// Gives docker's image to containerd's namespace k8s.io.
    void give_image() const;

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
    std::vector<std::string> podman_argv(const std::vector<std::string>& arguments) const;
    std::vector<std::string> run_argv(const std::vector<std::string>& options,
                                      const std::string& script) const;

  private:
    const RuntimeRoot& root_;
    std::string why_not_;
};

/// A runtime that runs, in a directory of its own.
template <typename Runtime>
struct Started {
    RuntimeRoot root;
    Runtime runtime{root};
};
/// Null if it does not run here; prints SKIP then.
std::unique_ptr<const Started<Docker>> start_docker();
std::unique_ptr<const Started<Podman>> start_podman();

} // namespace live
