// Containers that close one connection and end at once keep their names, several of them at a time.
// TWTRACE_CONTAINERS sets their number; docs/services.md has results.
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>

#include "catch2.h"
#include "programs.h"
#include "runtimes.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

constexpr int at_once = 4;
constexpr Milliseconds bound(1'200'000);

int number() {
    const char* wanted = std::getenv("TWTRACE_CONTAINERS");
    return wanted == nullptr ? 12 : std::atoi(wanted);
}

std::string script() {
    // Not every runtime brings lo up. nc closes first: it has nothing to send. killall may find
    // that a process has just ended.
    return "ip link set lo up 2>/dev/null; httpd -p 127.0.0.1:8000 -h / && "
           "nc 127.0.0.1 8000 </dev/null && { killall httpd; true; }";
}

/// The containers' numbers have 12 digits: with 52 zeros they are ids.
constexpr std::int64_t first_number = 100'000'000'001;

/// Runs the command for each container; "{}" in it is the container's number.
CommandResult run_each(const Argv& command) {
    const std::string numbers =
        std::to_string(first_number) + " " + std::to_string(first_number + number() - 1);
    return run_command(
        Argv{"sh", "-c",
             "seq " + numbers + " | xargs -P " + std::to_string(at_once) + " -I{} \"$@\"", "sh"} +
            command,
        {}, bound);
}

/// The files that the runtimes wrote: number -> first 12 digits of the id.
std::map<std::string, std::string> ids_in(const std::string& directory) {
    std::map<std::string, std::string> ids;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        ids[entry.path().filename()] = read_file(entry.path()).substr(0, 12);
    }
    return ids;
}

/// Container's id -> names of its closes.
std::multimap<std::string, std::string> names_of(const std::vector<json>& closes) {
    std::multimap<std::string, std::string> names;
    for (const json& event : closes) {
        const json& name = event.at("container_name");
        names.emplace(event.at("container").is_string() ? event.at("container") : "",
                      name.is_string() ? name : "");
    }
    return names;
}

void check_names(const std::multimap<std::string, std::string>& names,
                 const std::map<std::string, std::string>& ids) {
    int named = 0;
    std::string lost;
    for (const auto& [one, id] : ids) {
        const auto [first, end] = names.equal_range(id);
        const bool right = first != end && first->second == "brief-" + one;
        named += right ? 1 : 0;
        if (!right) {
            lost += " " + id + " is " + (first == end ? "without a close" : first->second);
        }
        CHECK(std::distance(first, end) == 1);
    }
    INFO("not named:" << lost);
    CHECK(named == number());
    if (std::getenv("TWTRACE_CONTAINERS") != nullptr) {
        std::cout << named << " of " << number() << " named\n";
    }
}

/// Runs the containers, and compares the names of their closes with those of `ids`.
template <typename Ids>
void run_and_check(const RuntimeRoot& root, const Argv& command, Ids ids) {
    Tracer tracer({"trace", "-o", "json", "-c", "nc", "-D", "8000", "--root", root.path()});
    const CommandResult ran = run_each(command);
    INFO(ran.err << ran.out);
    CHECK(ran.exit_status == 0);
    await("the closes",
          [&] { return lines_of(tracer.out()).size() >= static_cast<std::size_t>(number()); });
    check_names(names_of(parse_events(tracer.stop().out)), ids());
}

/// The same for a runtime whose containers get a name, and which writes their ids.
template <typename Runtime>
void run_named_and_check(const Started<Runtime>& started) {
    const TempDir ids;
    run_and_check(
        started.root,
        started.runtime.run_argv({"--name", "brief-{}", "--cidfile", ids.file("{}")}, script()),
        [&] { return ids_in(ids.path()); });
}

} // namespace

TEST_CASE("brief containers: names of containerd's", "[runtimes][brief]") {
    const auto started = start_docker();
    if (!started) {
        return;
    }
    const RuntimeRoot& root = started->root;
    const Docker& docker = started->runtime;
    docker.give_image();
    run_and_check(root,
                  docker.ctr_argv({"-n", "k8s.io", "run", "--rm", "--snapshotter", "native",
                                   "--cap-add", "CAP_NET_ADMIN", "--annotation",
                                   "io.kubernetes.cri.container-name=brief-{}", containerd_image,
                                   "{}" + std::string(52, '0'), "/bin/sh", "-c", script()}),
                  [] {
                      std::map<std::string, std::string> ids;
                      for (int one = 0; one < number(); ++one) {
                          const std::string text = std::to_string(first_number + one);
                          ids[text] = text;
                      }
                      return ids;
                  });
}

TEST_CASE("brief containers: names of docker's", "[runtimes][brief]") {
    const auto started = start_docker();
    if (!started) {
        return;
    }
    run_named_and_check(*started);
}

TEST_CASE("brief containers: names of podman's", "[runtimes][brief]") {
    const auto started = start_podman();
    if (!started) {
        return;
    }
    run_named_and_check(*started);
}
