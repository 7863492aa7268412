// The table of a group's columns, from which the summary's table and CSV are made.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "aggregate/snapshot.h"

namespace twtrace {

struct GroupField {
    std::string_view key;   ///< CSV header; empty: only in tables
    std::string_view title; ///< column header; empty: only in CSV
    int width;
    bool right;
    bool wide; ///< only in the -w table
    /// Appends the bare text; false if it is not known.
    bool (*append)(const GroupRow&, const Snapshot&, std::string& out);
    bool ends = false;   ///< only if Snapshot::ends is set
    bool folded = false; ///< only if a row stands for several processes
};

std::span<const GroupField> group_fields();

/// Whether the document has this field.
inline bool is_asked_for(const GroupField& field, const Snapshot& snapshot) {
    return (!field.ends || snapshot.ends.has_value()) && (!field.folded || snapshot.folded);
}

/// "4.3ms", "1.2s".
std::string human_us(std::uint64_t us);
/// "127.0.0.1:80", "[::1]:80", or the known part.
std::string peer_text(const PeerRow& peer);

} // namespace twtrace
