// The tables of the fields that are printed per line: columns, JSON keys and CSV headers.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "model/event.h"
#include "model/time_wait_socket.h"

namespace twtrace {

enum class FieldKind { Number, Text, Flag };

/// For composed texts: the name of a host and that of a service are the longest.
using TextBuffer = std::array<char, 384>;

/// Row: what a line describes.
template <typename Row>
struct Field {
    std::string_view key;   ///< JSON key and CSV header (docs/output.md)
    std::string_view title; ///< column header
    std::string_view help;
    FieldKind kind;
    int width;   ///< column width; 0: as wide as the text (last column)
    bool narrow; ///< part of the default table
    bool wide;   ///< part of the -w table
    /// The bare text, in the row or in `buffer`; empty if the value is not known.
    std::string_view (*text)(const Row&, TextBuffer& buffer);
    bool ends = false; ///< only with --ends
};

/// In the order of output.
template <typename Row>
std::span<const Field<Row>> fields_of();

template <>
std::span<const Field<Event>> fields_of<Event>(); ///< `trace`
template <>
std::span<const Field<TimeWaitSocket>> fields_of<TimeWaitSocket>(); ///< `list`

} // namespace twtrace
