// The predictions for a span, for the command and for the report.
#pragma once

#include "app/event_source.h"
#include "sink/whatif_sink.h"
#include "whatif/connection_log.h"

namespace twtrace {

WhatIfReport what_if_report(const Options& options, const EventSource& source,
                            const whatif::ConnectionLog& log);

} // namespace twtrace
