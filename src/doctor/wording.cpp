#include "doctor/wording.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "aggregate/fold.h"
#include "doctor/port_counter.h"
#include "doctor/thresholds.h"
#include "ports/wider_range.h"
#include "remedies/remedies.h"

namespace twtrace::doctor {

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t at = text.size(); at > 3;) {
        at -= 3;
        text.insert(at, 1, ',');
    }
    return text;
}

std::string percent(double share) {
    const double value = std::floor(share * 1000) / 10;
    return fmt::format("{:.{}f} %", value, value == std::floor(value) ? 0 : 1);
}

std::string per_second(double rate) {
    if (rate < 10)
        return fmt::format("{:.1f}/s", rate);
    return grouped(static_cast<std::uint64_t>(std::lround(rate))) + "/s";
}

std::string duration_text(double seconds) {
    if (seconds < 0.001)
        return fmt::format("{:.0f} us", seconds * 1e6);
    if (seconds < 1)
        return fmt::format("{:.0f} ms", seconds * 1e3);
    if (seconds < 10)
        return fmt::format("{:.1f} s", seconds);
    if (seconds < 120)
        return fmt::format("{:.0f} s", seconds);
    return fmt::format("{:.0f} min", seconds / 60);
}

std::string endpoint(const Address& address, std::uint16_t port) {
    const std::string text = to_string(address);
    return address.family == 6 ? fmt::format("[{}]:{}", text, port)
                               : fmt::format("{}:{}", text, port);
}

std::string endpoint(const Address& address, std::uint16_t port, const std::string& service) {
    const std::string text = endpoint(address, port);
    return service.empty() ? text : fmt::format("{} ({})", text, service);
}

std::string other_end(const Flow& flow) {
    return endpoint(flow.remote, flow.port, flow.remote_service);
}

namespace {

// A server has few workers, and one of them is enough.
std::string processes_text(const Flow& flow) {
    const std::size_t count = flow.processes.count();
    if (count < 2)
        return fmt::format("pid {}", flow.pid);
    if (count < fold_processes || flow.closes() > fold_closes * count)
        return flow.processes.is_full()
                   ? fmt::format("pid {} and at least {} more", flow.pid, count)
                   : fmt::format("pid {} and {} more", flow.pid, count - 1);
    return fmt::format("{}{} processes{}", flow.processes.is_full() ? "more than " : "",
                       grouped(flow.processes.count()),
                       flow.one_parent && !flow.parent.empty() ? " started by " + flow.parent : "");
}

} // namespace

std::string who(const Flow& flow) {
    if (flow.service.empty())
        return "a process that is not known";
    return flow.pid == 0 ? flow.service
                         : fmt::format("{} ({})", flow.service, processes_text(flow));
}

std::string where(const Observations& seen, std::uint32_t netns) {
    const NamespaceFacts* facts = seen.facts(netns);
    if (facts == nullptr)
        return fmt::format(" (netns {})", netns);
    return facts->enter.empty() ? "" : fmt::format(" (netns {})", facts->name);
}

std::string sysctl_line(const NamespaceFacts* facts, std::string_view assignment) {
    const std::string enter = facts != nullptr ? facts->enter : "";
    return fmt::format("{}sysctl -w {}", enter, assignment);
}

std::string port_list(const PortSet& ports) {
    std::string text;
    for (std::uint32_t port = 0; port <= 65535; ++port) {
        if (!ports.contains(static_cast<std::uint16_t>(port)))
            continue;
        const std::uint32_t first = port;
        while (port < 65535 && ports.contains(static_cast<std::uint16_t>(port + 1)))
            ++port;
        text += text.empty() ? "" : ",";
        text += std::to_string(first);
        if (port > first)
            text += fmt::format("-{}", port);
    }
    return text;
}

std::string reserve_line(const NamespaceFacts& facts, const std::vector<std::uint16_t>& ports) {
    PortSet reserved;
    if (facts.settings)
        reserved = facts.settings->reserved;
    for (const std::uint16_t port : ports)
        reserved.insert(port);
    return sysctl_line(&facts, "net.ipv4.ip_local_reserved_ports=" + port_list(reserved));
}

namespace {

// The program that accepts the connections of this client, if it runs on this host. Passive closes
// that were only counted have no local address.
const Flow* server_of(const Observations& seen, const Flow& client) {
    const auto found = std::find_if(seen.flows.begin(), seen.flows.end(), [&](const Flow& flow) {
        const bool here =
            flow.local.family == 0 ? flow.netns == client.netns : flow.local == client.remote;
        return flow.role == Role::Server && flow.port == client.port && here;
    });
    return found == seen.flows.end() ? nullptr : &*found;
}

// The script or executable is more specific than comm. The unit's name is used last.
std::string_view program_of(const Flow& flow) {
    const auto last_part = [](std::string_view path) { return path.substr(path.rfind('/') + 1); };
    const std::string_view program = flow.program;
    const auto blank = program.find(' ');
    std::string_view unit = flow.service;
    if (unit.ends_with(".service"))
        unit.remove_suffix(std::string_view(".service").size());
    const std::array names{blank == std::string_view::npos ? std::string_view()
                                                           : last_part(program.substr(blank + 1)),
                           last_part(program.substr(0, blank)), std::string_view(flow.comm), unit,
                           std::string_view(flow.language)};
    return known_program(names);
}

} // namespace

std::vector<std::string> keep_alive_lines(const Observations& seen, const Flow& client) {
    const Flow* server = server_of(seen, client);
    const std::string_view program = program_of(client);
    const Protocol protocol =
        protocol_of(server != nullptr ? program_of(*server) : "", program, client.port);
    const std::string to = endpoint(client.remote, client.port);
    return keep_alive_remedy(
        program, Role::Client, protocol,
        {client.service.empty() ? "the client" : client.service, to, client.port});
}

std::vector<std::string> server_lines(const Flow& server) {
    const std::string at = endpoint(server.local, server.port);
    return keep_alive_remedy(
        program_of(server), Role::Server, Protocol::Unknown,
        {server.service.empty() ? "the server" : server.service, at, server.port});
}

std::vector<std::uint16_t> listeners_in(const NamespaceFacts& facts, const PortRange& wider) {
    const NetSettings& settings = *facts.settings;
    std::vector<std::uint16_t> in_the_way;
    std::copy_if(facts.listeners.begin(), facts.listeners.end(), std::back_inserter(in_the_way),
                 [&](std::uint16_t port) {
                     return wider.contains(port) && !settings.ephemeral.contains(port);
                 });
    return in_the_way;
}

std::vector<std::string> range_lines(const NamespaceFacts& facts, const PortRange& wider) {
    const NetSettings& settings = *facts.settings;
    const std::vector<std::uint16_t> in_the_way = listeners_in(facts, wider);
    NetSettings then = settings;
    then.ephemeral = wider;
    for (const std::uint16_t port : in_the_way)
        then.reserved.insert(port);
    if (then.usable_ports() <= settings.usable_ports())
        return {};
    std::vector<std::string> lines;
    if (!facts.listeners_known)
        lines.emplace_back("# the ports that services listen on are not known here: reserve them "
                           "first (net.ipv4.ip_local_reserved_ports)");
    if (!in_the_way.empty())
        lines.push_back(reserve_line(facts, in_the_way));
    lines.push_back(sysctl_line(
        &facts, fmt::format("net.ipv4.ip_local_port_range=\"{} {}\"", wider.first, wider.last)));
    return lines;
}

std::vector<std::string> port_relief_lines(const NamespaceFacts& facts, const Address& local,
                                           const Address& remote, bool reuse_helps) {
    if (!facts.settings)
        return {"# its settings could not be read: run twtrace doctor with CAP_SYS_ADMIN"};
    const NetSettings& settings = *facts.settings;
    std::vector<std::string> lines;
    if (reuse_helps && !reuse_applies(settings, local, remote)) {
        lines.emplace_back(
            "# at once: connect() may take over a TIME_WAIT that is older than a second");
        if (settings.timestamps == 0U)
            lines.push_back(sysctl_line(&facts, "net.ipv4.tcp_timestamps=1"));
        lines.push_back(sysctl_line(&facts, "net.ipv4.tcp_tw_reuse=1"));
    }
    const std::vector<std::string> range = range_lines(facts, wider_range(settings.ephemeral));
    if (!range.empty())
        lines.emplace_back("# more ports: a wider range, without the ports that services need");
    lines.insert(lines.end(), range.begin(), range.end());
    return lines;
}

} // namespace twtrace::doctor
