// A pod in containerd, created over the Container Runtime Interface (CRI) as the kubelet does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cgroups.h"
#include "runtimes.h"

namespace live {

struct PodSpec {
    std::string name_space;
    std::string name;
    std::string uid;
    std::string logs; ///< the directory that the kubelet has in /var/log/pods
};

class Pod {
  public:
    /// Creates the sandbox. It has a network namespace with loopback only.
    Pod(const Docker& docker, const RuntimeRoot& root, const PodSpec& spec);
    /// Stops and removes the pod with its containers.
    ~Pod();
    Pod(const Pod&) = delete;
    Pod& operator=(const Pod&) = delete;

    /// Creates a container that will run a script; returns its id.
    std::string create(const std::string& name, const std::string& script) const;
    void start(const std::string& container) const;
    /// A command that runs a script, its last argument, in a container that runs.
    std::vector<std::string> shell_in(const std::string& container) const;
    /// The first process of a container that runs.
    int pid_of(const std::string& container) const;

  private:
    std::string call(const std::string& method, const std::string& request) const;

    const Docker& docker_;
    const RuntimeRoot& root_;
    TestCgroups cgroups_;
    std::string config_;
    std::string id_;
};

} // namespace live
