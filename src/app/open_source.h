// Opens the source that the user chose: this host, or a recording (--from).
#pragma once

#include <memory>

#include "app/event_source.h"
#include "app/live_config.h"

namespace twtrace {

/// wanted: for a live run only; a recording has a fixed content.
Result<std::unique_ptr<EventSource>> open_source(const Options& options, const Wanted& wanted);

} // namespace twtrace
