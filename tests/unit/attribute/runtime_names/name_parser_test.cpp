#include "attribute/runtime_names/name_parser.h"

#include <csignal>
#include <fstream>
#include <functional>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

#include "catch2.h"

using namespace twtrace;

namespace {

/// The process is started once in a program, so each test has a program of its own.
bool in_child(const std::function<bool()>& work) {
    const pid_t child = fork();
    if (child == 0)
        _exit(work() ? 0 : 1);
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

pid_t first_child() {
    const std::string pid = std::to_string(getpid());
    std::ifstream children("/proc/" + pid + "/task/" + pid + "/children");
    pid_t first = 0;
    children >> first;
    return first;
}

const std::string docker = R"({"Name":"/web-proxy-1","Config":{"Labels":
    {"com.docker.compose.project":"web","com.docker.compose.service":"proxy"}}})";
const std::string list = R"([{"id":"aa","names":["one"]},{"id":"bb","names":["two"]}])";

ContainerNames names_in(NameFormat format, const std::string& text, const std::string& id = {}) {
    ContainerNames names;
    parse_names(format, text, id, names);
    return names;
}

bool knows_all() {
    const ContainerNames found = names_in(NameFormat::DockerConfig, docker);
    return found.container_name == "web-proxy-1" && found.workload == "web/proxy" &&
           names_in(NameFormat::StorageList, list, "bb").container_name == "two" &&
           !names_in(NameFormat::StorageList, list, "cc").known() &&
           names_in(NameFormat::Bundle, R"({"annotations":{"nerdctl/name":"n"}})").known();
}

} // namespace

TEST_CASE("name parser: the process gives the same names as the parser in this process") {
    CHECK(in_child(knows_all));
    CHECK(in_child([] { return start_name_parser() && first_child() > 0 && knows_all(); }));
}

TEST_CASE("name parser: known names are kept") {
    CHECK(in_child([] {
        ContainerNames names;
        names.container_name = "known";
        parse_names(NameFormat::DockerConfig, docker, {}, names);
        return names.container_name == "known" && names.workload == "web/proxy";
    }));
}

TEST_CASE("name parser: hostile texts give no names and do not end the process") {
    CHECK(in_child([] {
        if (!start_name_parser())
            return false;
        const std::string megabyte(1U << 20U, 'x');
        bool none = true;
        for (const std::string& text :
             {std::string(), std::string("\0\0", 2), std::string(megabyte.size(), '['),
              "{\"Name\":\"/" + megabyte + "\"}", std::string(R"({"Name":"/\u001b[31m"})"),
              std::string(R"({"Name":"/../../etc"})"), megabyte, docker + "}"})
            none = none && !names_in(NameFormat::DockerConfig, text).known();
        return none && knows_all();
    }));
}

TEST_CASE("name parser: without its process there are no names, and no wait") {
    CHECK(in_child([] {
        if (!start_name_parser() || kill(first_child(), SIGKILL) != 0)
            return false;
        return !names_in(NameFormat::DockerConfig, docker).known() &&
               !names_in(NameFormat::DockerConfig, docker).known();
    }));
}
