// The predicted effect of a finding's remedies (whatif).
#pragma once

#include "doctor/observations.h"
#include "doctor/rules.h"
#include "whatif/connection_log.h"

namespace twtrace::doctor {

/// Adds the predictions and sorts the findings by gain within each severity. kept_seconds: the part
/// of the span that log holds completely.
void add_expected(const Observations& seen, const whatif::ConnectionLog& log, double kept_seconds,
                  Findings& findings);

} // namespace twtrace::doctor
