// The status line: whether there is a problem, and what to do next.
#pragma once

#include <string>

#include "aggregate/flows.h"

namespace twtrace {

struct Picture;

enum class Level { Fine, Watch, Problem };

struct Verdict {
    Level level = Level::Fine;
    std::string text;   ///< contains untrusted names
    std::string advice; ///< what to change to have fewer entries; may be empty
};

Verdict judge(const Picture& picture);

/// "nginx.service (1234)", or the known part.
std::string who(const Flow& flow);
/// "10.0.0.5:5432", "[::1]:80", or "(several)" if the address is no longer kept.
std::string peer_of(const FlowKey& key);
/// With the name of the peer's service, if known.
std::string peer_of(const Flow& flow);

} // namespace twtrace
