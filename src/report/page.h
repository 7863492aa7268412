// The files of the report's page (src/report/page, and the distribution's Chart.js), embedded by
// the build.
#pragma once

#include <string_view>

namespace twtrace::page {

std::string_view html(); ///< with the placeholders @CSS@, @DATA@, @CHART@, @CHARTS@, @JS@, @NONCE@
std::string_view css();
std::string_view charts();
std::string_view script();
std::string_view chart_library();

} // namespace twtrace::page
