// The owner of a time-wait socket, if a tracer with --journal saw its close.
#pragma once

#include <cstdint>
#include <string>

#include "attribute/attributor.h"
#include "journal/journal_reader.h"
#include "model/timestamp.h"
#include "source/sockets.h"

namespace twtrace {

class JournaledOwner {
  public:
    /// Empty: not known.
    std::string service_of(const TcpSocket& socket, std::uint32_t netns) {
        if (journal_.empty())
            return {};
        Event event;
        event.netns = netns;
        event.local = socket.local;
        event.remote = socket.remote;
        event.local_port = socket.local_port;
        event.remote_port = socket.remote_port;
        if (!journal_.recall(event))
            return {};
        attributor_.attribute(event);
        return event.owner != nullptr ? event.owner->service : std::string();
    }

  private:
    JournalReader journal_ = JournalReader::read(monotonic_now_ns());
    Attributor attributor_;
};

} // namespace twtrace
