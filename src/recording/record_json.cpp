#include "recording/record_json.h"

#include <nlohmann/json.hpp>

#include "util/text.h"

namespace twtrace {

namespace {

using Json = nlohmann::json;

constexpr std::size_t most_listeners = 65'536;

std::string text_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <typename Number>
void put(Json& json, const char* key, const std::optional<Number>& value) {
    if (value)
        json[key] = *value;
}

template <typename Number>
void get(const Json& json, const char* key, Number& value) {
    const auto found = json.find(key);
    if (found == json.end())
        return;
    if (found->is_boolean())
        value = static_cast<Number>(found->template get<bool>() ? 1 : 0);
    else if (found->is_number_unsigned())
        value = static_cast<Number>(found->template get<std::uint64_t>());
}

void get(const Json& json, const char* key, bool& value) {
    const auto found = json.find(key);
    if (found != json.end() && found->is_boolean())
        value = found->get<bool>();
}

void get(const Json& json, const char* key, std::string& value) {
    const auto found = json.find(key);
    if (found != json.end() && found->is_string())
        value = found->get<std::string>();
}

void get(const Json& json, const char* key, std::optional<std::uint64_t>& value) {
    const auto found = json.find(key);
    if (found != json.end() && found->is_number_unsigned())
        value = found->get<std::uint64_t>();
}

void get(const Json& json, const char* key, Address& value) {
    std::string text;
    get(json, key, text);
    if (const auto address = parse_address(text))
        value = *address;
}

const Json& array_in(const Json& json, const char* key) {
    static const Json none = Json::array();
    const auto found = json.find(key);
    return found != json.end() && found->is_array() ? *found : none;
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
    Json json{{"first", settings.ephemeral.first}, {"last", settings.ephemeral.last}};
    if (settings.reserved.any)
        json["reserved"] = port_list(settings.reserved);
    put(json, "max_tw_buckets", settings.max_tw_buckets);
    put(json, "tw_reuse", settings.tw_reuse);
    put(json, "tw_reuse_delay_ms", settings.tw_reuse_delay_ms);
    put(json, "tw_recycle", settings.tw_recycle);
    put(json, "timestamps", settings.timestamps);
    put(json, "fin_timeout_s", settings.fin_timeout_s);
    return json;
}

NetSettings settings_of(const Json& json) {
    NetSettings settings;
    get(json, "first", settings.ephemeral.first);
    get(json, "last", settings.ephemeral.last);
    settings.ephemeral.last = std::min<std::uint32_t>(settings.ephemeral.last, 65535);
    std::string reserved;
    get(json, "reserved", reserved);
    if (!reserved.empty())
        settings.reserved = parse_port_list(reserved);
    get(json, "max_tw_buckets", settings.max_tw_buckets);
    get(json, "tw_reuse", settings.tw_reuse);
    get(json, "tw_reuse_delay_ms", settings.tw_reuse_delay_ms);
    get(json, "tw_recycle", settings.tw_recycle);
    get(json, "timestamps", settings.timestamps);
    get(json, "fin_timeout_s", settings.fin_timeout_s);
    return settings;
}

Json inputs_json(const Accounting::Inputs& inputs) {
    Json json{{"captured", inputs.captured},
              {"filtered", inputs.filtered},
              {"lost", inputs.lost},
              {"recursion_misses", inputs.recursion_misses},
              {"caught", inputs.caught},
              {"overflow", inputs.overflow},
              {"ended", inputs.unverified.ended},
              {"not_allowed", inputs.unverified.not_allowed},
              {"no_descriptor", inputs.unverified.no_descriptor},
              {"unwritten", inputs.unwritten},
              {"without_closer", inputs.without_closer},
              {"untracked", inputs.untracked},
              {"counted_at_end", inputs.counted_at_end},
              {"ambiguous", inputs.ambiguous}};
    put(json, "kernel", inputs.kernel);
    return json;
}

Accounting::Inputs inputs_of(const Json& json) {
    Accounting::Inputs inputs;
    get(json, "captured", inputs.captured);
    get(json, "filtered", inputs.filtered);
    get(json, "lost", inputs.lost);
    get(json, "recursion_misses", inputs.recursion_misses);
    get(json, "caught", inputs.caught);
    get(json, "overflow", inputs.overflow);
    get(json, "ended", inputs.unverified.ended);
    get(json, "not_allowed", inputs.unverified.not_allowed);
    get(json, "no_descriptor", inputs.unverified.no_descriptor);
    get(json, "unwritten", inputs.unwritten);
    get(json, "without_closer", inputs.without_closer);
    get(json, "untracked", inputs.untracked);
    get(json, "counted_at_end", inputs.counted_at_end);
    get(json, "ambiguous", inputs.ambiguous);
    get(json, "kernel", inputs.kernel);
    return inputs;
}

RunStart start_of(const Json& json) {
    RunStart start;
    get(json, "program", start.program);
    get(json, "host", start.host);
    get(json, "kernel", start.kernel);
    get(json, "boot_id", start.boot_id);
    get(json, "run", start.run);
    get(json, "start_ns", start.start_ns);
    get(json, "start_wall_ns", start.start_wall_ns);
    get(json, "filtered", start.filtered);
    get(json, "ends", start.ends);
    return start;
}

NamespaceRecord netns_of(const Json& json) {
    NamespaceRecord record;
    get(json, "netns", record.inode);
    get(json, "name", record.name);
    get(json, "enter", record.enter);
    if (const auto found = json.find("settings"); found != json.end() && found->is_object())
        record.settings = settings_of(*found);
    return record;
}

std::vector<PresentSocket> sockets_of(const Json& json) {
    std::vector<PresentSocket> sockets;
    for (const Json& one : array_in(json, "sockets")) {
        if (!one.is_object())
            continue;
        PresentSocket& socket = sockets.emplace_back();
        get(one, "netns", socket.netns);
        get(one, "local", socket.local);
        get(one, "remote", socket.remote);
        get(one, "lport", socket.local_port);
        get(one, "rport", socket.remote_port);
        get(one, "fin_wait2", socket.fin_wait2);
        bool client = false;
        get(one, "client", client);
        bool server = false;
        get(one, "server", server);
        socket.role = client ? Role::Client : server ? Role::Server : Role::Unknown;
        get(one, "left_ms", socket.remaining_ms);
    }
    return sockets;
}

RunSample sample_of(const Json& json) {
    RunSample sample;
    get(json, "at_ns", sample.at_ns);
    get(json, "wall_ns", sample.wall_ns);
    if (const auto found = json.find("inputs"); found != json.end() && found->is_object())
        sample.inputs = inputs_of(*found);
    get(json, "unwritten_events", sample.unwritten_events);
    get(json, "ends_lost", sample.ends_lost);
    get(json, "ends_untracked", sample.ends_untracked);
    for (const Json& one : array_in(json, "netns")) {
        if (!one.is_object())
            continue;
        std::uint32_t inode = 0;
        get(one, "netns", inode);
        SockStat& counts = sample.namespaces[inode];
        get(one, "inuse", counts.inuse);
        get(one, "allocated", counts.allocated);
        get(one, "time_wait", counts.time_wait);
    }
    return sample;
}

PortsRecord ports_of(const Json& json) {
    PortsRecord record;
    get(json, "at_ns", record.at_ns);
    get(json, "netns", record.netns);
    get(json, "counted", record.counted);
    get(json, "destinations", record.destinations);
    get(json, "distinct_ports", record.distinct_ports);
    get(json, "port_sockets", record.port_sockets);
    get(json, "overflow", record.overflow);
    for (const Json& one : array_in(json, "ports")) {
        if (!one.is_object())
            continue;
        PortUse& use = record.ports.emplace_back();
        get(one, "local", use.local);
        get(one, "remote", use.remote);
        get(one, "port", use.port);
        get(one, "open", use.open);
        get(one, "time_wait", use.time_wait);
        get(one, "reusable", use.reusable);
    }
    for (const Json& port : array_in(json, "listeners"))
        if (port.is_number_unsigned() && record.listeners.size() < most_listeners)
            record.listeners.push_back(static_cast<std::uint16_t>(port.get<std::uint64_t>()));
    return record;
}

} // namespace

std::string json_of(const RunStart& start) {
    return text_of({{"program", start.program},
                    {"host", start.host},
                    {"kernel", start.kernel},
                    {"boot_id", start.boot_id},
                    {"run", start.run},
                    {"start_ns", start.start_ns},
                    {"start_wall_ns", start.start_wall_ns},
                    {"filtered", start.filtered},
                    {"ends", start.ends}});
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
        Json one{{"netns", socket.netns},
                 {"local", to_string(socket.local)},
                 {"remote", to_string(socket.remote)},
                 {"lport", socket.local_port},
                 {"rport", socket.remote_port},
                 {"left_ms", socket.remaining_ms}};
        if (socket.fin_wait2)
            one["fin_wait2"] = true;
        if (socket.role != Role::Unknown)
            one[socket.role == Role::Client ? "client" : "server"] = true;
        list.push_back(std::move(one));
    }
    return text_of({{"sockets", std::move(list)}});
}

std::string json_of(const RunSample& sample) {
    Json list = Json::array();
    for (const auto& [inode, counts] : sample.namespaces)
        list.push_back({{"netns", inode},
                        {"inuse", counts.inuse},
                        {"allocated", counts.allocated},
                        {"time_wait", counts.time_wait}});
    return text_of({{"at_ns", sample.at_ns},
                    {"wall_ns", sample.wall_ns},
                    {"inputs", inputs_json(sample.inputs)},
                    {"unwritten_events", sample.unwritten_events},
                    {"ends_lost", sample.ends_lost},
                    {"ends_untracked", sample.ends_untracked},
                    {"netns", std::move(list)}});
}

std::string json_of(const PortsRecord& record) {
    Json ports = Json::array();
    for (const PortUse& use : record.ports)
        ports.push_back({{"local", to_string(use.local)},
                         {"remote", to_string(use.remote)},
                         {"port", use.port},
                         {"open", use.open},
                         {"time_wait", use.time_wait},
                         {"reusable", use.reusable}});
    return text_of({{"at_ns", record.at_ns},
                    {"netns", record.netns},
                    {"counted", record.counted},
                    {"ports", std::move(ports)},
                    {"destinations", record.destinations},
                    {"distinct_ports", record.distinct_ports},
                    {"port_sockets", record.port_sockets},
                    {"overflow", record.overflow},
                    {"listeners", record.listeners}});
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
    case RecordKind::Mark: {
        std::uint64_t at_ns = 0;
        get(json, "at_ns", at_ns);
        visitor.mark(at_ns);
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
    default:
        return false;
    }
}

} // namespace twtrace
