// The capabilities of a host, as a table or JSON ("twtrace.host/1").
#pragma once

#include <string>

#include "source/host_probe.h"

namespace twtrace {

void append_host_table(const HostReport& report, std::string& out);
void append_host_json(const HostReport& report, std::string& out);

} // namespace twtrace
