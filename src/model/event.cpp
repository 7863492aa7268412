#include "model/event.h"

namespace twtrace {

std::string_view name_of(EventType type) {
    switch (type) {
    case EventType::TimeWait:
        return "time_wait";
    case EventType::PassiveClose:
        return "passive_close";
    case EventType::Aborted:
        return "aborted";
    case EventType::PortExhausted:
        return "port_exhausted";
    case EventType::TimeWaitStart:
        return "time_wait_start";
    case EventType::TimeWaitEnd:
        return "time_wait_end";
    }
    return {};
}

std::string_view name_of(Stage stage) {
    switch (stage) {
    case Stage::TimeWait:
        return "time_wait";
    case Stage::FinWait2:
        return "fin_wait2";
    case Stage::None:
        break;
    }
    return {};
}

std::string_view name_of(How how) {
    switch (how) {
    case How::Close:
        return "close";
    case How::Shutdown:
        return "shutdown";
    case How::Exit:
        return "exit";
    case How::Kernel:
        return "kernel";
    case How::Unknown:
        break;
    }
    return {};
}

std::string_view name_of(Role role) {
    switch (role) {
    case Role::Client:
        return "client";
    case Role::Server:
        return "server";
    case Role::Unknown:
        break;
    }
    return {};
}

std::string_view name_of(Reason reason) {
    switch (reason) {
    case Reason::PeerReset:
        return "peer_reset";
    case Reason::LocalReset:
        return "local_reset";
    case Reason::Timeout:
        return "timeout";
    case Reason::Overflow:
        return "overflow";
    case Reason::Other:
        return "other";
    case Reason::Expired:
        return "expired";
    case Reason::ReusedConnect:
        return "reused_by_connect";
    case Reason::ReusedSyn:
        return "reused_by_syn";
    case Reason::Purged:
        return "purged";
    case Reason::Destroyed:
        return "destroyed";
    case Reason::PortTaken:
        return "port_taken";
    case Reason::OwnRange:
        return "own_range";
    case Reason::None:
        break;
    }
    return {};
}

} // namespace twtrace
