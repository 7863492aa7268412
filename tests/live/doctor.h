// twtrace doctor as a black box, and loads that it should and should not mind.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tracer.h"

namespace live {

// NOLINTNEXTLINE(bugprone-exception-escape): the JSON library moves without throwing
struct Diagnosis {
    int exit_status = -1;
    nlohmann::json document;

    /// Null if it has not found that.
    const nlohmann::json* finding(const std::string& id) const;
    std::string ids() const;
};

/// What it finds in this namespace, from before the load until it is over.
Diagnosis diagnose(const TestNamespace& ns, const std::function<void()>& load,
                   const std::vector<std::string>& more = {});
/// The same over a fixed time, so that the rate of a load is known.
Diagnosis diagnose_for(const TestNamespace& ns, int seconds, const std::function<void()>& load);

/// What a client does before it connects, and before it closes.
struct ClientHabits {
    std::function<void(int)> before_connect;
    std::function<void(int)> before_close;
    int pause_ms = 0; ///< between connections
};

/// That many connections, one after the other, that the client closes first; its pid.
int connect_and_close(const TestNamespace& ns, int times, const ClientHabits& habits = {});

/// Of a finding's fix: the lines to paste whose comment contains `where`, up to the next comment.
/// Fails the test if there are none.
std::string offered_lines(const nlohmann::json& finding, const std::string& where);
/// The lines of a finding's fix that are commands, run as they are.
void paste(const nlohmann::json& finding);

} // namespace live
