// Groups in the chosen order, and the texts of their rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "top/picture.h"

namespace twtrace {

enum class Sort { Rate, Present, NoPort, Lifetime, Service };
std::string_view name_of(Sort sort);

using Rows = std::vector<const FlowGroup*>;

/// The groups that contain `filter` (in any case) in a name, pid, peer or role, sorted.
Rows arranged(const Picture& picture, Sort sort, std::string_view filter);

/// A row's texts, bare and untrusted; empty: not known.
struct RowText {
    std::string id; ///< pid, container, port or namespace, by the grouping
    std::string service;
    std::string role;
    std::string rate;
    std::string share;
    std::string present;
    std::string ports;
    std::string lifetime;
    std::string peer;
    bool runs_out = false; ///< its connects recently found no free port
};

RowText row_text(const FlowGroup& group, const Picture& picture);

/// Title of the whole group: "nginx.service (1234) client".
std::string title_of(const FlowGroup& group, const Picture& picture);

/// At most six columns wide.
std::string short_count(double value);

/// The last minute in `parts` parts (a divisor of 60), oldest first: entries per second.
std::vector<double> minute_of(const FlowGroup& group, const Picture& picture, std::size_t parts);

} // namespace twtrace
