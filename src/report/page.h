// The files of the report's page (src/report/page, and Chart.js of the distribution), which the
// build puts into the program.
#pragma once

#include <string_view>

namespace twtrace::page {

std::string_view html(); ///< with @CSS@, @DATA@, @CHART@, @CHARTS@, @JS@, @NONCE@ to be filled in
std::string_view css();
std::string_view charts();
std::string_view script();
std::string_view chart_library();

} // namespace twtrace::page
