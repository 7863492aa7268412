#include "top/columns.h"

#include <algorithm>
#include <array>

namespace twtrace {

namespace {

struct ColumnRule {
    Field field;
    const char* title;
    int initial_width; ///< initial width, if its texts need that much
    bool right;
    int rank; ///< the column with the greatest rank is dropped first
};

constexpr std::array rules{
    ColumnRule{Field::Id, "PID", 7, true, 4},
    ColumnRule{Field::Service, "SERVICE", 10, false, 0},
    ColumnRule{Field::Role, "ROLE", 7, false, 5},
    ColumnRule{Field::Rate, "RATE/s", 6, true, 0},
    ColumnRule{Field::Share, "%", 4, true, 7},
    ColumnRule{Field::Present, "TW NOW", 6, true, 3},
    ColumnRule{Field::Ports, "PORTS", 5, true, 9},
    ColumnRule{Field::Lifetime, "LIFE", 7, true, 6},
    ColumnRule{Field::Minute, "LAST MIN", 10, false, 8},
    ColumnRule{Field::Peer, "TOP PEER", 15, false, 1},
};

constexpr int max_name_width = 47; // an IPv6 address and its port

const char* id_title(GroupBy by) {
    switch (by) {
    case GroupBy::Container:
        return "CONTAINER";
    case GroupBy::Listener:
        return "PORT";
    case GroupBy::Netns:
        return "NETNS";
    default:
        return "PID";
    }
}

int total_width(const std::vector<Column>& columns) {
    int width = static_cast<int>(columns.size()) - 1;
    for (const Column& column : columns)
        width += column.width;
    return width;
}

const std::string& text_of(const RowText& text, Field field) {
    static const std::string none;
    switch (field) {
    case Field::Id:
        return text.id;
    case Field::Service:
        return text.service;
    case Field::Role:
        return text.role;
    case Field::Rate:
        return text.rate;
    case Field::Share:
        return text.share;
    case Field::Present:
        return text.present;
    case Field::Ports:
        return text.ports;
    case Field::Lifetime:
        return text.lifetime;
    case Field::Peer:
        return text.peer;
    case Field::Minute:
        break;
    }
    return none;
}

int natural_width(Field field, std::string_view title, const std::vector<RowText>& texts) {
    int width = width_of(title);
    for (const RowText& text : texts)
        width = std::max(width, width_of(clean(text_of(text, field), {})));
    return std::min(width, max_name_width);
}

// Columns of numbers have a fixed width so that they do not move; names get the width that they
// need.
Column column_of(const ColumnRule& rule, GroupBy by, const std::vector<RowText>& texts) {
    Column column{rule.field, rule.title, rule.initial_width, rule.right};
    if (rule.field == Field::Id) {
        column.title = id_title(by);
        column.right = by != GroupBy::Container && by != GroupBy::Netns;
        column.width = by == GroupBy::Container || by == GroupBy::Netns ? 12 : rule.initial_width;
    }
    const bool is_name = rule.field == Field::Id || rule.field == Field::Role ||
                         rule.field == Field::Service || rule.field == Field::Peer;
    if (is_name)
        column.width = std::min(column.width, natural_width(rule.field, column.title, texts));
    return column;
}

void widen(std::vector<Column>& columns, Field field, const std::vector<RowText>& texts,
           int& left) {
    for (Column& column : columns) {
        if (column.field != field)
            continue;
        const int more =
            std::clamp(natural_width(field, column.title, texts) - column.width, 0, left);
        column.width += more;
        left -= more;
    }
}

// Its parts are whole numbers of seconds.
void widen_minute(std::vector<Column>& columns, int& left) {
    for (Column& column : columns) {
        if (column.field != Field::Minute)
            continue;
        for (const int width : {12, 15, 20, 30, 60}) {
            if (width - column.width > left)
                return;
            left -= width - column.width;
            column.width = width;
        }
    }
}

} // namespace

std::vector<Column> columns_for(GroupBy by, int columns, const std::vector<RowText>& texts) {
    std::vector<ColumnRule> kept(rules.begin(), rules.end());
    const auto chosen = [&] {
        std::vector<Column> all;
        all.reserve(kept.size());
        for (const ColumnRule& rule : kept)
            all.push_back(column_of(rule, by, texts));
        return all;
    };
    std::vector<Column> result = chosen();
    while (total_width(result) > columns && kept.size() > 1) {
        kept.erase(std::max_element(
            kept.begin(), kept.end(),
            [](const ColumnRule& a, const ColumnRule& b) { return a.rank < b.rank; }));
        result = chosen();
    }
    int left = std::max(0, columns - total_width(result));
    for (const Field field : {Field::Peer, Field::Service, Field::Id})
        widen(result, field, texts, left);
    widen_minute(result, left);
    return result;
}

Line header_line(const std::vector<Column>& columns) {
    std::string text;
    for (const Column& column : columns)
        text += (text.empty() ? "" : " ") + fit(column.title, column.width, column.right);
    return {{text, Style::Title}};
}

Line row_line(const std::vector<Column>& columns, const FlowGroup& group, const RowText& text,
              const Picture& picture, Glyphs glyphs) {
    Line line;
    for (const Column& column : columns) {
        const std::string gap(line.empty() ? 0 : 1, ' ');
        if (column.field == Field::Minute) {
            const auto values = minute_of(group, picture, static_cast<std::size_t>(column.width));
            line.push_back({gap + sparkline(values, glyphs), Style::Plain});
            continue;
        }
        const std::string bare = clean(text_of(text, column.field), glyphs);
        const bool bad = text.runs_out && column.field == Field::Ports;
        line.push_back({gap + fit(bare.empty() ? "-" : bare, column.width, column.right),
                        bad ? Style::Bad : Style::Plain});
    }
    return line;
}

} // namespace twtrace
