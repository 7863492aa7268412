#include "recording.h"

#include <unistd.h>

#include "errors.h"
#include "tracer.h"

namespace live {

std::vector<Job> closes(std::size_t times) {
    const Job job{&closing_kind("shutdown_then_peer_closes"), Family::V4, Role::Client};
    return std::vector<Job>(times, job);
}

std::vector<std::string> as_nobody(std::vector<std::string> argv) {
    std::vector<std::string> all{"setpriv",        "--reuid=65534",       "--regid=65534",
                                 "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"};
    all.insert(all.end(), argv.begin(), argv.end());
    return all;
}

std::string readable(const std::string& path) {
    check(chown(path.c_str(), 65534, 65534) == 0, "chown " + path);
    return path;
}

CommandResult replay(std::vector<std::string> arguments, const std::string& path) {
    arguments.insert(arguments.begin(), twtrace_binary());
    arguments.insert(arguments.end(), {"--from", path});
    return run_command(as_nobody(arguments), {}, Milliseconds(30000));
}

std::uint64_t captured(const CommandResult& summary) {
    return nlohmann::json::parse(summary.out).at("accounting").at("captured").get<std::uint64_t>();
}

} // namespace live
