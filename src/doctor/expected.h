// The effect that the remedies of a finding would have, as whatif predicts it.
#pragma once

#include "doctor/observations.h"
#include "doctor/rules.h"
#include "whatif/connection_log.h"

namespace twtrace::doctor {

/// Puts the findings in the order of what their remedies bring, within each severity.
/// kept_seconds: the part of the span that log holds completely.
void add_expected(const Observations& seen, const whatif::ConnectionLog& log, double kept_seconds,
                  Findings& findings);

} // namespace twtrace::doctor
