// A process in a container made by runc without an image: the host's programs, read-only.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "command.h"

namespace live {

struct ContainerOptions {
    std::string id;     ///< 64 hexadecimal digits
    std::string cgroup; ///< path in every hierarchy
    std::string netns;  ///< path of the network namespace that it joins
    std::vector<std::string> argv;
    std::vector<std::string> directories; ///< of the host, writable; /usr and /etc are present
    std::string bundle = {};              ///< its directory; empty: a temporary one
    nlohmann::json annotations = nlohmann::json::object();
};

class Container {
  public:
    explicit Container(const ContainerOptions& options);
    ~Container();
    Container(const Container&) = delete;
    Container& operator=(const Container&) = delete;

    Command& command() { return *command_; }

  private:
    std::string id_;
    TempDir dir_;
    std::unique_ptr<Command> command_;
};

} // namespace live
