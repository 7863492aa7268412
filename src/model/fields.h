// THE tables of what is printed a line at a time: columns, JSON keys, CSV headers and the
// documentation's tables all come from here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/event.h"
#include "model/time_wait_socket.h"

namespace twtrace {

enum class FieldKind { Number, Text, Flag };

/// Row: what a line is about.
template <typename Row>
struct Field {
    std::string_view key;   ///< JSON key and CSV header (interface.md)
    std::string_view title; ///< column header
    std::string_view help;
    FieldKind kind;
    int width;   ///< column width; 0: as wide as it comes (last column)
    bool narrow; ///< part of the default table
    bool wide;   ///< part of the -w table
    /// Appends the bare text; false if the value is not known (then nothing is appended).
    bool (*append)(const Row&, std::string& out);
    bool ends = false; ///< only with --ends
};

/// In the order in which they are printed.
template <typename Row>
std::span<const Field<Row>> fields_of();

template <>
std::span<const Field<Event>> fields_of<Event>(); ///< `trace`
template <>
std::span<const Field<TimeWaitSocket>> fields_of<TimeWaitSocket>(); ///< `list`

} // namespace twtrace
