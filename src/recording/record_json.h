// The JSON records of a recording: one object each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "recording/record.h"

namespace twtrace {

std::string json_of(const RunStart& start);
std::string json_of(const NamespaceRecord& record);
std::string json_of(const std::vector<PresentSocket>& sockets);
std::string json_of(const RunSample& sample);
std::string json_of(const PortsRecord& record);
std::string json_of(const ConntrackRecord& record);

/// Passes the body to the visitor's function for this kind. Missing members keep their default.
/// False: the body is damaged.
bool visit_json(RecordKind kind, std::string_view body, RecordVisitor& visitor);

} // namespace twtrace
