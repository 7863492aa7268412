// The keys that a summary can be grouped by.
#pragma once

#include <string_view>

namespace twtrace {

enum class GroupBy { Process, Service, Container, Peer, Listener, Netns };

constexpr std::string_view name_of(GroupBy by) {
    switch (by) {
    case GroupBy::Process:
        return "process";
    case GroupBy::Service:
        return "service";
    case GroupBy::Container:
        return "container";
    case GroupBy::Peer:
        return "peer";
    case GroupBy::Listener:
        return "listener";
    case GroupBy::Netns:
        return "netns";
    }
    return {};
}

} // namespace twtrace
