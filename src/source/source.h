// The source of records: the live kernel, or a recording.
#pragma once

#include <cstddef>
#include <span>

#include "util/result.h"

namespace twtrace {

class RecordHandler {
  public:
    virtual ~RecordHandler() = default;
    /// The bytes of one record, valid during the call. Must not fail: the handler counts what it
    /// can't use.
    virtual void record(std::span<const std::byte> bytes) = 0;
};

} // namespace twtrace
