// THE table of an event's fields: columns, JSON keys, CSV headers and the documentation's tables
// all come from here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/event.h"

namespace twtrace {

enum class FieldKind { Number, Text, Flag };

struct Field {
    std::string_view key;   ///< JSON key and CSV header (interface.md)
    std::string_view title; ///< column header
    std::string_view help;
    FieldKind kind;
    int width;   ///< column width; 0: as wide as it comes (last column)
    bool narrow; ///< part of the default table
    bool wide;   ///< part of the -w table
    /// Appends the bare text; false if the value is not known (then nothing is appended).
    bool (*append)(const Event&, std::string& out);
};

/// In the order in which they are printed.
std::span<const Field> event_fields();

} // namespace twtrace
