// One line per event or socket: a table for people, JSON lines and CSV for programs, all from the
// field tables.
#pragma once

#include <string>
#include <vector>

#include "model/event.h"
#include "model/fields.h"
#include "util/line_buffer.h"

namespace twtrace {

enum class Format { Table, Json, Csv };

/// Row: Event or TimeWaitSocket.
template <typename Row>
class RowSink {
  public:
    /// ends: include the fields that only --ends fills.
    RowSink(Format format, bool wide, bool ends = false);

    /// The header line, empty for JSON.
    void header(std::string& out) const;
    void line(const Row& row, std::string& out);

  private:
    void json(const Row& row, std::string& out);
    void append_json_text(std::string_view text);
    void csv(const Row& row, std::string& out);
    void table(const Row& row, std::string& out);

    Format format_;
    bool wide_;
    std::vector<Field<Row>> fields_;
    std::vector<std::string> json_keys_; // "\"pid\":" with its comma, made once
    LineBuffer line_;
    std::string scratch_; // for texts that need escapes
};

using LineSink = RowSink<Event>;
using SocketSink = RowSink<TimeWaitSocket>;

} // namespace twtrace
