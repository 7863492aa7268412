// Checks what this host allows, without tracing, for `twtrace doctor --host`.
#pragma once

#include <string>
#include <vector>

namespace twtrace {

enum class Allowed {
    Yes,
    No,
    Unneeded, ///< reported because similar tools need it
};

struct HostCheck {
    std::string name;
    Allowed allowed = Allowed::Yes;
    bool required = false;
    std::string found;
    std::string without; ///< how twtrace works without it
};

struct HostReport {
    std::string host;
    std::string kernel;
    std::vector<HostCheck> checks;
    std::string refusal; ///< why it can't trace, and what to do; empty: it can

    [[nodiscard]] bool can_trace() const { return refusal.empty(); }
};

HostReport probe_host();

} // namespace twtrace
