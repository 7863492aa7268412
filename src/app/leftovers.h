// Time-wait sockets that are older than the look: how many, whose, and until when.
#pragma once

#include <cstdint>

#include "attribute/attributor.h"
#include "doctor/observations.h"
#include "journal/journal_reader.h"
#include "source/sockets.h"

namespace twtrace::doctor {

class LeftoverCount {
  public:
    /// looked_ms: how long ago the look began.
    explicit LeftoverCount(std::uint64_t looked_ms);

    /// Sockets that are none are no matter.
    void add(const TcpSocket& socket, std::uint32_t netns);
    [[nodiscard]] const Leftovers& count() const { return count_; }

  private:
    std::uint64_t looked_ms_;
    JournalReader journal_;
    Attributor attributor_;
    Leftovers count_;
};

} // namespace twtrace::doctor
