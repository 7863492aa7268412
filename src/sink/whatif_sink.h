// Predictions as text or JSON ("twtrace.whatif/1").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "account/accounting.h"
#include "whatif/predict.h"

namespace twtrace {

struct WhatIfReport {
    std::string host;
    std::uint64_t start_wall_ns = 0;
    double seconds = 0;
    double kept_seconds = 0; ///< the first part of the span, from which the predictions are made
    Accounting accounting;
    std::vector<whatif::Prediction> predictions; ///< most closes first
    std::uint64_t beyond = 0;                    ///< events of flows that did not fit in the table
};

void append_whatif_table(const WhatIfReport& report, bool wide, std::string& out);
void append_whatif_json(const WhatIfReport& report, std::string& out);

} // namespace twtrace
