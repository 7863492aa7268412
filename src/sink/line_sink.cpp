#include "sink/line_sink.h"

#include "sink/column.h"
#include "util/text.h"

namespace twtrace {

namespace {

bool is_chosen(const Field& field, Format format, bool wide) {
    if (format != Format::Table)
        return !field.key.empty();
    return wide ? field.wide : field.narrow;
}

} // namespace

LineSink::LineSink(Format format, bool wide) : format_(format), wide_(wide) {
    for (const Field& field : event_fields()) {
        if (!is_chosen(field, format, wide))
            continue;
        json_keys_.push_back((fields_.empty() ? "{\"" : ",\"") + std::string(field.key) + "\":");
        fields_.push_back(field);
    }
}

void LineSink::header(std::string& out) const {
    if (format_ == Format::Json)
        return;
    for (std::size_t index = 0; index < fields_.size(); ++index) {
        const Field& field = fields_[index];
        const bool last = index + 1 == fields_.size();
        if (format_ == Format::Csv)
            out.append(field.key).append(last ? "" : ",");
        else
            append_column(out, field.title, last ? 0 : field.width,
                          field.kind == FieldKind::Number);
    }
    out += '\n';
}

void LineSink::line(const Event& event, std::string& out) {
    switch (format_) {
    case Format::Json:
        return json(event, out);
    case Format::Csv:
        return csv(event, out);
    case Format::Table:
        return table(event, out);
    }
}

void LineSink::json(const Event& event, std::string& out) {
    for (std::size_t index = 0; index < fields_.size(); ++index) {
        const Field& field = fields_[index];
        out += json_keys_[index];
        scratch_.clear();
        if (!field.append(event, scratch_)) {
            out += "null";
        } else if (field.kind == FieldKind::Text) {
            out += '"';
            append_json(out, scratch_);
            out += '"';
        } else {
            out += scratch_;
        }
    }
    out += "}\n";
}

void LineSink::csv(const Event& event, std::string& out) {
    for (std::size_t index = 0; index < fields_.size(); ++index) {
        if (index > 0)
            out += ',';
        scratch_.clear();
        if (fields_[index].append(event, scratch_))
            append_csv(out, scratch_);
    }
    out += '\n';
}

void LineSink::table(const Event& event, std::string& out) {
    for (std::size_t index = 0; index < fields_.size(); ++index) {
        const Field& field = fields_[index];
        const bool last = index + 1 == fields_.size();
        scratch_.clear();
        if (!field.append(event, scratch_))
            scratch_ = "-";
        const auto append = wide_ ? append_uncut_column : append_column;
        append(out, scratch_, last ? 0 : field.width, field.kind == FieldKind::Number);
    }
    out += '\n';
}

} // namespace twtrace
