#include "sink/line_sink.h"

#include "sink/column.h"
#include "util/text.h"

namespace twtrace {

namespace {

template <typename Row>
bool is_chosen(const Field<Row>& field, Format format, bool wide) {
    if (format != Format::Table)
        return !field.key.empty();
    return wide ? field.wide : field.narrow;
}

} // namespace

template <typename Row>
RowSink<Row>::RowSink(Format format, bool wide, bool ends) : format_(format), wide_(wide) {
    for (const Field<Row>& field : fields_of<Row>()) {
        if (!is_chosen(field, format, wide) || (field.ends && !ends))
            continue;
        json_keys_.push_back((fields_.empty() ? "{\"" : ",\"") + std::string(field.key) + "\":");
        fields_.push_back(field);
    }
}

template <typename Row>
void RowSink<Row>::header(std::string& out) const {
    if (format_ == Format::Json)
        return;
    for (std::size_t index = 0; index < fields_.size(); ++index) {
        const Field<Row>& field = fields_[index];
        const bool last = index + 1 == fields_.size();
        if (format_ == Format::Csv)
            out.append(field.key).append(last ? "" : ",");
        else
            append_column(out, field.title, last ? 0 : field.width,
                          field.kind == FieldKind::Number);
    }
    out += '\n';
}

template <typename Row>
void RowSink<Row>::line(const Row& row, std::string& out) {
    switch (format_) {
    case Format::Json:
        return json(row, out);
    case Format::Csv:
        return csv(row, out);
    case Format::Table:
        return table(row, out);
    }
}

template <typename Row>
void RowSink<Row>::append_json_text(std::string_view text) {
    line_.append("\"");
    if (is_plain_json(text)) {
        line_.append(text);
    } else {
        scratch_.clear();
        append_json(scratch_, text);
        line_.append(scratch_);
    }
    line_.append("\"");
}

template <typename Row>
void RowSink<Row>::json(const Row& row, std::string& out) {
    TextBuffer buffer;
    line_.clear();
    for (std::size_t index = 0; index < fields_.size(); ++index) {
        const Field<Row>& field = fields_[index];
        const std::string_view text = field.text(row, buffer);
        line_.append(json_keys_[index]);
        if (text.empty())
            line_.append("null");
        else if (field.kind == FieldKind::Text)
            append_json_text(text);
        else
            line_.append(text);
    }
    line_.append("}\n");
    out += line_.text();
}

template <typename Row>
void RowSink<Row>::csv(const Row& row, std::string& out) {
    TextBuffer buffer;
    for (std::size_t index = 0; index < fields_.size(); ++index) {
        if (index > 0)
            out += ',';
        append_csv(out, fields_[index].text(row, buffer));
    }
    out += '\n';
}

template <typename Row>
void RowSink<Row>::table(const Row& row, std::string& out) {
    TextBuffer buffer;
    for (std::size_t index = 0; index < fields_.size(); ++index) {
        const Field<Row>& field = fields_[index];
        const bool last = index + 1 == fields_.size();
        const std::string_view text = field.text(row, buffer);
        const auto append = wide_ ? append_uncut_column : append_column;
        append(out, text.empty() ? "-" : text, last ? 0 : field.width,
               field.kind == FieldKind::Number);
    }
    out += '\n';
}

template class RowSink<Event>;
template class RowSink<TimeWaitSocket>;

} // namespace twtrace
