// Runs twtrace doctor as a black box, and loads for which it should or should not report findings.
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

    /// Null if there is no such finding.
    const nlohmann::json* finding(const std::string& id) const;
    std::string ids() const;
};

/// The findings in this namespace, from before the load until its end.
Diagnosis diagnose(const TestNamespace& ns, const std::function<void()>& load,
                   const std::vector<std::string>& more = {});
/// The same over a fixed time, which makes the rate of the load known.
Diagnosis diagnose_for(const TestNamespace& ns, int seconds, const std::function<void()>& load);

/// Behaviour of a client before it connects and before it closes.
struct ClientHabits {
    std::function<void(int)> before_connect;
    std::function<void(int)> before_close;
    int pause_ms = 0; ///< between connections
};

/// Makes this number of connections in sequence, which the client closes first; returns its pid.
int connect_and_close(const TestNamespace& ns, int times, const ClientHabits& habits = {});

/// The lines of a finding's fix below the comment that contains `where`, up to the next comment.
/// Fails the test if there are none.
std::string offered_lines(const nlohmann::json& finding, const std::string& where);
/// Runs the commands in a finding's fix unchanged.
void paste(const nlohmann::json& finding);

} // namespace live
