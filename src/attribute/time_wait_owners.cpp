#include "attribute/time_wait_owners.h"

#include "model/socket_key.h"

namespace twtrace {

void TimeWaitOwners::add_owner(const Held& held, Event& event) {
    event.held = true;
    event.entered_ns = held.entered_ns;
    event.task = held.task;
    event.stage = held.stage;
    event.how = held.how;
    event.role = held.role;
    event.role_inferred = held.role_inferred;
}

std::optional<Event> TimeWaitOwners::enter(std::uint64_t key, Event& event) {
    const auto found = held_.find(key);
    const Held entry{event.time_ns, event.task, event.stage,
                     event.how,     event.role, event.role_inferred};
    if (found == held_.end()) {
        event.held = held_.size() < limit_;
        if (event.held)
            held_.emplace(key, entry);
        untracked_ += event.held ? 0 : 1;
        return std::nullopt;
    }
    event.held = true;
    Event before = event;
    before.type = EventType::TimeWaitEnd;
    before.reason = Reason::None;
    add_owner(found->second, before);
    found->second = entry;
    return before;
}

std::optional<Event> TimeWaitOwners::follow(Event& event) {
    const bool retracts = event.type == EventType::Aborted && event.retracts;
    if (event.type != EventType::TimeWait && !event.of_minisock() && !retracts)
        return std::nullopt;
    const std::uint64_t key = socket_key(event, seed_);
    if (event.type == EventType::TimeWait)
        return enter(key, event);
    const auto found = held_.find(key);
    if (found == held_.end())
        return std::nullopt;
    if (retracts)
        event.held = true;
    else
        add_owner(found->second, event);
    if (event.type == EventType::TimeWaitStart)
        found->second.stage = Stage::TimeWait;
    else
        held_.erase(found);
    return std::nullopt;
}

} // namespace twtrace
