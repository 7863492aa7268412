#include "whatif/connection_log.h"

#include <algorithm>
#include <utility>

#include "util/hash.h"

namespace twtrace::whatif {

namespace {

FlowId id_of(const Event& event) {
    FlowId id;
    id.netns = event.netns;
    id.role = event.role;
    id.service = event.service();
    id.port = event.service_port();
    if (event.role == Role::Client) {
        id.local = event.local;
        id.remote = event.remote;
    }
    return id;
}

void count(FlowLog& flow, const Event& event, std::uint64_t times) {
    switch (event.type) {
    case EventType::TimeWait:
        flow.time_wait += times;
        flow.without_timestamps += event.timestamps.value_or(true) ? 0 : times;
        break;
    case EventType::PassiveClose:
        flow.passive_close += times;
        break;
    case EventType::Aborted:
        flow.aborted += times;
        break;
    case EventType::PortExhausted:
        flow.no_port += times;
        break;
    default:
        break;
    }
}

// A unique number for each process, because pids are reused. 0: not known.
std::uint32_t process_of(const Task& task) {
    if (!task.known())
        return 0;
    return static_cast<std::uint32_t>(mix(task.pid, task.start_boottime_ns));
}

} // namespace

void ConnectionLog::add(const Event& event, std::uint64_t times) {
    if (event.role == Role::Unknown || event.of_minisock())
        return;
    FlowId id = id_of(event);
    auto found = flows_.find(id);
    if (found == flows_.end()) {
        if (flows_.size() >= max_flows) {
            beyond_ += times;
            return;
        }
        found = flows_.try_emplace(std::move(id)).first;
    }
    FlowLog& flow = found->second;
    if (event.retracts) {
        flow.time_wait -= std::min(flow.time_wait, times);
        return;
    }
    count(flow, event, times);
    if (flow.remote_service.empty() && event.role == Role::Client)
        flow.remote_service = event.remote_service;
    if (event.time_ns != 0) {
        first_ns_ = first_ns_ == 0 ? event.time_ns : first_ns_;
        last_ns_ = std::max(last_ns_, event.time_ns);
    }
    const std::uint64_t close_ns = event.fin_wait1_ns != 0 ? event.fin_wait1_ns : event.time_ns;
    if (event.type == EventType::PortExhausted)
        return;
    if (event.established_ns == 0 || close_ns < event.established_ns) {
        flow.without_times += times;
        return;
    }
    if (kept_ >= limit_) {
        kept_until_ns_ = kept_until_ns_ == 0 ? event.time_ns : kept_until_ns_;
        return;
    }
    ++kept_;
    const Connection connection{event.established_ns, close_ns, process_of(event.task),
                                event.type != EventType::TimeWait};
    if (event.role == Role::Server)
        flow.by_client[event.remote].push_back(connection);
    else
        flow.connections.push_back(connection);
}

} // namespace twtrace::whatif
