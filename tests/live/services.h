// Real servers of the distribution, each in a namespace and a cgroup of the test.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cgroups.h"
#include "command.h"
#include "fd.h"
#include "netns.h"

namespace live {

class Service {
  public:
    /// Ready when something listens on `port`. It and its children end with the object. Without a
    /// cgroup it stays in the cgroup of the tests.
    Service(const TestNamespace& ns, const std::string& cgroup,
            const std::vector<std::string>& argv, std::uint16_t port);
    Command& command() { return *launcher_; }

  private:
    std::unique_ptr<Command> launcher_;
};

std::vector<std::string> nginx_argv(const TempDir& dir, const std::string& http);
std::vector<std::string> haproxy_argv(const TempDir& dir, const std::string& sections);
/// Apache httpd with these modules and settings.
std::vector<std::string> httpd_argv(const TempDir& dir, std::uint16_t port,
                                    const std::vector<std::string>& modules,
                                    const std::string& settings);
/// PHP without php.ini, with one extension.
std::vector<std::string> php_argv(const std::string& extension);
/// The distribution's Python, with the packages that are unpacked for the tests.
std::vector<std::string> python_argv();
std::vector<std::string> redis_argv(std::uint16_t port, const std::string& timeout_s);
/// Creates a cluster first. Its superuser is `nobody`, without a password.
std::vector<std::string> postgres_argv(const TempDir& dir, std::uint16_t port);
/// psql as the user nobody, with an SQL command.
std::vector<std::string> psql_argv(std::uint16_t port, const std::string& sql);

/// False, with a message, if twtrace, nginx, cgroups or one of the programs is missing.
bool can_run_services(const std::vector<std::string>& programs);
/// Runs a program that has to succeed.
void run_client(const TestNamespace& ns, const std::vector<std::string>& argv);
/// Waits until the kernel has counted this number.
void await_time_waits(const TestNamespace& ns, const KernelCounters& before, std::uint64_t count);

/// A connection to 127.0.0.1, inside the namespace of the caller.
class Client {
  public:
    explicit Client(std::uint16_t port);
    void send(const std::string& text) const;
    /// Reads until `end` was received.
    void await(const std::string& end) const;
    void await_eof() const;

  private:
    Fd fd_;
};

} // namespace live
