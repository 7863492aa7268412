#include "aggregate/key.h"

namespace twtrace {

namespace {

void name_from(const Event& event, std::string Owner::*member, GroupKey& key) {
    if (event.owner != nullptr)
        key.name = event.owner->*member;
}

} // namespace

void make_key(GroupBy by, const Event& event, GroupKey& key) {
    key.number = 0;
    key.instance = 0;
    key.address = {};
    key.role = event.role;
    key.name.clear();
    switch (by) {
    case GroupBy::Process:
        key.number = event.task.pid;
        key.instance = event.task.start_boottime_ns;
        return;
    case GroupBy::Service:
        name_from(event, &Owner::service, key);
        if (key.name.empty())
            key.name = event.task.comm();
        return;
    case GroupBy::Container:
        name_from(event, &Owner::container, key);
        return;
    case GroupBy::Peer:
        key.number = event.service_port();
        key.address = event.remote;
        return;
    case GroupBy::Listener:
        key.number = event.role == Role::Server ? event.local_port : 0;
        key.instance = event.role == Role::Server ? event.netns : 0;
        return;
    case GroupBy::Netns:
        key.number = event.netns;
        key.instance = event.netns_mix;
        key.role = Role::Unknown;
        return;
    }
}

} // namespace twtrace
