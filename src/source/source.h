// Where records come from: the live kernel, or a recording.
#pragma once

#include <cstddef>
#include <span>

#include "util/result.h"

namespace twtrace {

class RecordHandler {
  public:
    virtual ~RecordHandler() = default;
    /// Bytes of one record, valid during the call. Must not fail: what can't be used is counted by
    /// the handler.
    virtual void record(std::span<const std::byte> bytes) = 0;
};

} // namespace twtrace
