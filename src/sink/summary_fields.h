// THE table of a group's columns: the summary's table and CSV come from here.
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
    bool ends = false;   ///< only where Snapshot::ends is there
    bool folded = false; ///< only where a row stands for several processes
};

std::span<const GroupField> group_fields();

/// Is it part of this document, as far as --ends decides?
inline bool is_asked_for(const GroupField& field, const Snapshot& snapshot) {
    return (!field.ends || snapshot.ends.has_value()) && (!field.folded || snapshot.folded);
}

/// "4.3ms", "1.2s": a duration for people.
std::string human_us(std::uint64_t us);
/// "127.0.0.1:80", "[::1]:80", or what is known of it.
std::string peer_text(const PeerRow& peer);

} // namespace twtrace
