// The status line: whether there is a problem, in plain words, and what to do next.
#pragma once

#include <string>

#include "aggregate/flows.h"

namespace twtrace {

struct Picture;

enum class Level { Fine, Watch, Problem };

struct Verdict {
    Level level = Level::Fine;
    std::string text;   ///< untrusted names in it
    std::string advice; ///< what to change to have fewer entries; may be empty
};

Verdict judge(const Picture& picture);

/// "nginx.service (1234)", or what is known of it.
std::string who(const Flow& flow);
/// "10.0.0.5:5432", "[::1]:80", "(several)" where the address was given up.
std::string peer_of(const FlowKey& key);
/// With the name of the service there, where that is known.
std::string peer_of(const Flow& flow);

} // namespace twtrace
