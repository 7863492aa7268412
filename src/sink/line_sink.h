// A line for each event: a table for people, JSON lines and CSV for programs. All from the field
// table.
#pragma once

#include <string>
#include <vector>

#include "model/event.h"
#include "model/fields.h"

namespace twtrace {

enum class Format { Table, Json, Csv };

class LineSink {
  public:
    LineSink(Format format, bool wide);

    /// The header line, empty for JSON.
    void header(std::string& out) const;
    void line(const Event& event, std::string& out);

  private:
    void json(const Event& event, std::string& out);
    void csv(const Event& event, std::string& out);
    void table(const Event& event, std::string& out);

    Format format_;
    bool wide_;
    std::vector<Field> fields_;
    std::vector<std::string>
        json_keys_; // "\"pid\":" with its comma: made once, copied a million times
    std::string scratch_;
};

} // namespace twtrace
