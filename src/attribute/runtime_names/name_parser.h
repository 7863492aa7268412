// Parses the files of container runtimes in a process without privileges (privilege/sandbox.h),
// because users other than root may write them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "attribute/runtime_names/container_names.h"
#include "util/result.h"

namespace twtrace {

/// The formats that readers.h has a parser for.
enum class NameFormat : std::uint32_t { DockerConfig, Bundle, StorageList };

/// Starts the process, for the rest of this program. To be called before other threads start.
Result<void> start_name_parser();

/// Its process, if it was started.
std::vector<pid_t> parser_pids();

/// Adds the names in `text`, and keeps what is already known. id: of the container, for a list of
/// several. For any thread. Nothing is added if the process has ended, which is reported once.
/// Without start_name_parser() this process parses.
void parse_names(NameFormat format, std::string_view text, std::string_view id,
                 ContainerNames& names);

/// The two sides of the process's socket, exposed for tests. The process answers until the socket
/// ends or a request is not valid.
void answer_name_requests(int channel);
/// As parse_names(), by the process at the other end. False: it has ended, or sends nothing.
bool request_names(int channel, NameFormat format, std::string_view text, std::string_view id,
                   ContainerNames& names);

} // namespace twtrace
