// The source that the user asked for: this host, or a recording (--from).
#pragma once

#include <memory>

#include "app/event_source.h"
#include "app/live_config.h"

namespace twtrace {

/// wanted: of a live run; a recording has what it has.
Result<std::unique_ptr<EventSource>> open_source(const Options& options, const Wanted& wanted);

} // namespace twtrace
