#include "recording/record_json.h"

#include "recording/json_members.h"

namespace twtrace {

namespace {

constexpr std::size_t max_listeners = 65'536;

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// One description of each record serves reading and writing (json_members.h). Record is const in
// each of these when writing.
template <typename On, typename Record>
void members_of_settings(const On& on, Record& settings) {
    on("first", settings.ephemeral.first);
    on("last", settings.ephemeral.last);
    on("max_tw_buckets", settings.max_tw_buckets);
    on("tw_reuse", settings.tw_reuse);
    on("tw_reuse_delay_ms", settings.tw_reuse_delay_ms);
    on("tw_recycle", settings.tw_recycle);
    on("timestamps", settings.timestamps);
    on("fin_timeout_s", settings.fin_timeout_s);
}

template <typename On, typename Record>
void members_of_inputs(const On& on, Record& inputs) {
    on("captured", inputs.captured);
    on("filtered", inputs.filtered);
    on("lost", inputs.lost);
    on("recursion_misses", inputs.recursion_misses);
    on("caught", inputs.caught);
    on("overflow", inputs.overflow);
    on("ended", inputs.unverified.ended);
    on("not_allowed", inputs.unverified.not_allowed);
    on("no_descriptor", inputs.unverified.no_descriptor);
    on("unwritten", inputs.unwritten);
    on("without_closer", inputs.without_closer);
    on("untracked", inputs.untracked);
    on("counted_at_end", inputs.counted_at_end);
    on("ambiguous", inputs.ambiguous);
    on("kernel", inputs.kernel);
}

template <typename On, typename Record>
void members_of_start(const On& on, Record& start) {
    on("program", start.program);
    on("host", start.host);
    on("kernel", start.kernel);
    on("boot_id", start.boot_id);
    on("run", start.run);
    on("start_ns", start.start_ns);
    on("start_wall_ns", start.start_wall_ns);
    on("filtered", start.filtered);
    on("ends", start.ends);
}

template <typename On, typename Record>
void members_of_socket(const On& on, Record& socket) {
    on("netns", socket.netns);
    on("local", socket.local);
    on("remote", socket.remote);
    on("lport", socket.local_port);
    on("rport", socket.remote_port);
    on("left_ms", socket.remaining_ms);
}

template <typename On, typename Record>
void members_of_counts(const On& on, Record& counts) {
    on("inuse", counts.inuse);
    on("allocated", counts.allocated);
    on("time_wait", counts.time_wait);
}

template <typename On, typename Record>
void members_of_sample(const On& on, Record& sample) {
    on("at_ns", sample.at_ns);
    on("wall_ns", sample.wall_ns);
    on("unwritten_events", sample.unwritten_events);
    on("ends_lost", sample.ends_lost);
    on("ends_untracked", sample.ends_untracked);
}

template <typename On, typename Record>
void members_of_port_use(const On& on, Record& use) {
    on("local", use.local);
    on("remote", use.remote);
    on("port", use.port);
    on("open", use.open);
    on("time_wait", use.time_wait);
    on("reusable", use.reusable);
    on("passed_over", use.passed_over);
    on("fin_wait2", use.fin_wait2);
}

template <typename On, typename Record>
void members_of_address(const On& on, Record& ports) {
    on("local", ports.local);
    on("distinct", ports.distinct);
    on("sockets", ports.sockets);
}

template <typename On, typename Record>
void members_of_conntrack(const On& on, Record& record) {
    on("netns", record.netns);
    on("entries", record.counts.entries);
    on("max", record.counts.max_entries);
    on("forwards", record.counts.forwards);
    on("insert_failed", record.counts.insert_failed);
    on("dropped", record.counts.dropped);
    on("time_wait_s", record.counts.time_wait_s);
}

template <typename On, typename Record>
void members_of_ports(const On& on, Record& record) {
    on("at_ns", record.at_ns);
    on("netns", record.netns);
    on("counted", record.counted);
    on("destinations", record.destinations);
    on("overflow", record.overflow);
    on("listeners_known", record.listeners_known);
}

// The objects of an array; other elements are skipped.
template <typename Visit>
void each_object(const Json& json, const char* key, Visit visit) {
    const auto found = json.find(key);
    if (found == json.end() || !found->is_array())
        return;
    for (const Json& one : *found)
        if (one.is_object())
            visit(one);
}

std::string port_list(const PortSet& ports) {
    std::string text;
    for (std::uint32_t first = 1; first <= 65535; ++first) {
        if (!ports.contains(static_cast<std::uint16_t>(first)))
            continue;
        std::uint32_t last = first;
        while (last < 65535 && ports.contains(static_cast<std::uint16_t>(last + 1)))
            ++last;
        text += text.empty() ? "" : ",";
        text += std::to_string(first);
        if (last > first)
            text += "-" + std::to_string(last);
        first = last;
    }
    return text;
}

Json settings_json(const NetSettings& settings) {
    Json json;
    members_of_settings(Write(json), settings);
    if (settings.reserved.any)
        json["reserved"] = port_list(settings.reserved);
    return json;
}

NetSettings settings_of(const Json& json) {
    NetSettings settings;
    members_of_settings(Read(json), settings);
    settings.ephemeral.last = std::min<std::uint32_t>(settings.ephemeral.last, 65535);
    std::string reserved;
    const Read read(json);
    read("reserved", reserved);
    if (!reserved.empty())
        settings.reserved = parse_port_list(reserved);
    return settings;
}

RunStart start_of(const Json& json) {
    RunStart start;
    members_of_start(Read(json), start);
    return start;
}

// The forms that a recorder writes (host_reading.cpp). The doctor prints it in front of commands
// that people paste into a root shell, and anybody may have written the recording.
bool is_prefix_of_command(std::string_view enter) {
    const auto between = [enter](std::string_view begin, std::string_view end) {
        return enter.size() > begin.size() + end.size() && enter.starts_with(begin) &&
                       enter.ends_with(end)
                   ? enter.substr(begin.size(), enter.size() - begin.size() - end.size())
                   : std::string_view();
    };
    const auto consists_of = [](std::string_view text, std::string_view others) {
        return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
            return (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
        });
    };
    constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.";
    if (consists_of(between("nsenter -t ", " -n "), "") ||
        consists_of(between("ip netns exec ", " "), plain))
        return true;
    std::string quoted(between("nsenter --net='", "' "));
    constexpr std::string_view quote = "'\\''";
    for (std::size_t at = quoted.find(quote); at != std::string::npos; at = quoted.find(quote, at))
        quoted.erase(at, quote.size());
    return quoted.find('\'') == std::string::npos && quoted.starts_with('/');
}

NamespaceRecord netns_of(const Json& json) {
    NamespaceRecord record;
    const Read read(json);
    read("netns", record.inode);
    read("name", record.name);
    read("enter", record.enter);
    if (!record.enter.empty() && !is_prefix_of_command(record.enter))
        record.enter = "# in that network namespace: ";
    if (const auto found = json.find("settings"); found != json.end() && found->is_object())
        record.settings = settings_of(*found);
    return record;
}

std::vector<PresentSocket> sockets_of(const Json& json) {
    std::vector<PresentSocket> sockets;
    each_object(json, "sockets", [&](const Json& one) {
        PresentSocket& socket = sockets.emplace_back();
        const Read read(one);
        members_of_socket(read, socket);
        read("fin_wait2", socket.fin_wait2);
        read("service", socket.service);
        bool client = false;
        read("client", client);
        bool server = false;
        read("server", server);
        socket.role = client ? Role::Client : server ? Role::Server : Role::Unknown;
    });
    return sockets;
}

RunSample sample_of(const Json& json) {
    RunSample sample;
    members_of_sample(Read(json), sample);
    if (const auto found = json.find("inputs"); found != json.end() && found->is_object())
        members_of_inputs(Read(*found), sample.inputs);
    each_object(json, "netns", [&](const Json& one) {
        std::uint32_t inode = 0;
        const Read read(one);
        read("netns", inode);
        members_of_counts(read, sample.namespaces[inode]);
    });
    return sample;
}

PortsRecord ports_of(const Json& json) {
    PortsRecord record;
    members_of_ports(Read(json), record);
    each_object(json, "ports", [&](const Json& one) {
        members_of_port_use(Read(one), record.ports.emplace_back());
    });
    each_object(json, "addresses", [&](const Json& one) {
        members_of_address(Read(one), record.addresses.emplace_back());
    });
    if (!json.contains("addresses")) { // older recorders: of all addresses together
        AddressPorts all;
        const Read read(json);
        read("distinct_ports", all.distinct);
        read("port_sockets", all.sockets);
        record.addresses.push_back(all);
    }
    const auto listeners = json.find("listeners");
    if (listeners == json.end() || !listeners->is_array())
        return record;
    for (const Json& port : *listeners)
        if (port.is_number_unsigned() && record.listeners.size() < max_listeners)
            record.listeners.push_back(static_cast<std::uint16_t>(port.get<std::uint64_t>()));
    // Older recorders listed listeners only if they counted ports, too, or the range is wide.
    if (!json.contains("listeners_known"))
        record.listeners_known = record.counted || !record.listeners.empty();
    return record;
}

ConntrackRecord conntrack_of(const Json& json) {
    ConntrackRecord record;
    members_of_conntrack(Read(json), record);
    return record;
}

} // namespace

std::string json_of(const RunStart& start) {
    Json json;
    members_of_start(Write(json), start);
    return text_of(json);
}

std::string json_of(const NamespaceRecord& record) {
    Json json{{"netns", record.inode}, {"name", record.name}};
    if (!record.enter.empty())
        json["enter"] = record.enter;
    if (record.settings)
        json["settings"] = settings_json(*record.settings);
    return text_of(json);
}

std::string json_of(const std::vector<PresentSocket>& sockets) {
    Json list = Json::array();
    for (const PresentSocket& socket : sockets) {
        Json one;
        members_of_socket(Write(one), socket);
        if (socket.fin_wait2)
            one["fin_wait2"] = true;
        if (!socket.service.empty())
            one["service"] = socket.service;
        if (socket.role != Role::Unknown)
            one[socket.role == Role::Client ? "client" : "server"] = true;
        list.push_back(std::move(one));
    }
    return text_of({{"sockets", std::move(list)}});
}

std::string json_of(const RunSample& sample) {
    Json json;
    members_of_sample(Write(json), sample);
    members_of_inputs(Write(json["inputs"]), sample.inputs);
    Json& list = json["netns"] = Json::array();
    for (const auto& [inode, counts] : sample.namespaces) {
        Json one{{"netns", inode}};
        members_of_counts(Write(one), counts);
        list.push_back(std::move(one));
    }
    return text_of(json);
}

std::string json_of(const PortsRecord& record) {
    Json json;
    members_of_ports(Write(json), record);
    json["listeners"] = record.listeners;
    Json& list = json["ports"] = Json::array();
    for (const PortUse& use : record.ports) {
        Json one;
        members_of_port_use(Write(one), use);
        list.push_back(std::move(one));
    }
    Json& addresses = json["addresses"] = Json::array();
    for (const AddressPorts& ports : record.addresses) {
        Json one;
        members_of_address(Write(one), ports);
        addresses.push_back(std::move(one));
    }
    return text_of(json);
}

std::string json_of(const ConntrackRecord& record) {
    Json json;
    members_of_conntrack(Write(json), record);
    return text_of(json);
}

bool visit_json(RecordKind kind, std::string_view body, RecordVisitor& visitor) {
    const Json json = Json::parse(body.begin(), body.end(), nullptr, false);
    if (!json.is_object())
        return false;
    switch (kind) {
    case RecordKind::Start:
        visitor.start(start_of(json));
        return true;
    case RecordKind::Namespace:
        visitor.netns(netns_of(json));
        return true;
    case RecordKind::Sockets:
        visitor.sockets(sockets_of(json));
        return true;
    case RecordKind::Checkpoint: {
        std::uint64_t at_ns = 0;
        const Read read(json);
        read("at_ns", at_ns);
        visitor.checkpoint(at_ns);
        return true;
    }
    case RecordKind::Sample:
        visitor.sample(sample_of(json));
        return true;
    case RecordKind::Ports:
        visitor.ports(ports_of(json));
        return true;
    case RecordKind::End:
        visitor.end(sample_of(json));
        return true;
    case RecordKind::Conntrack:
        visitor.conntrack(conntrack_of(json));
        return true;
    default:
        return false;
    }
}

} // namespace twtrace
