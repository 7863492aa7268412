#include "top/view.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/timestamp.h"

namespace twtrace {

namespace {

Style style_of(Level level) {
    switch (level) {
    case Level::Fine:
        return Style::Good;
    case Level::Watch:
        return Style::Warn;
    case Level::Problem:
        return Style::Bad;
    }
    return Style::Plain;
}

std::string_view word_of(Level level) {
    switch (level) {
    case Level::Fine:
        return "OK";
    case Level::Watch:
        return "WATCH";
    case Level::Problem:
        return "PROBLEM";
    }
    return {};
}

Line title_line(const State& state, const Picture& picture, Glyphs glyphs, double interval_s) {
    std::string text = fmt::format("twtrace top  {}  ", clean(picture.around.host, glyphs));
    Line line{{text, Style::Dim}};
    if (picture.around.replay.empty()) {
        append_local_time(line[0].text, picture.around.wall_ns);
        line[0].text += fmt::format("  {:.0f} s, every {:g} s", picture.elapsed_s, interval_s);
    } else {
        line.push_back({clean(picture.around.replay, glyphs), Style::Good});
    }
    line.push_back(
        {fmt::format("  by {}, sort {}", name_of(state.by), name_of(state.sort)), Style::Dim});
    if (picture.around.filtered)
        line.push_back({"  filtered by options", Style::Warn});
    if (state.paused)
        line.push_back({"  PAUSED", Style::Warn});
    if (!state.filter.empty())
        line.push_back({fmt::format("  filter: {}", clean(state.filter, glyphs)), Style::Warn});
    return line;
}

std::string namespace_text(const NamespaceLine& line) {
    const auto text = [](const std::optional<std::uint64_t>& number) {
        return number ? grouped(static_cast<double>(*number)) : std::string("-");
    };
    return fmt::format("{} of {} in {}", text(line.present), text(line.limit), line.name);
}

// As many namespaces as fit, worst first.
Line time_wait_line(const Picture& picture, int columns, Glyphs glyphs) {
    std::string text = "TIME_WAIT now  ";
    const auto& lines = picture.around.namespaces;
    if (lines.empty())
        text += '-';
    const std::string older = picture.unattributed < 0.5
                                  ? std::string()
                                  : fmt::format("; {} {}", grouped(picture.unattributed),
                                                picture.around.filtered ? "older or filtered out"
                                                                        : "older than this trace");
    std::size_t shown = 0;
    for (; shown < lines.size(); ++shown) {
        const std::string more = clean(namespace_text(lines[shown]), glyphs);
        const bool is_relevant = shown == 0 || lines[shown].present.value_or(0) > 0;
        if (!is_relevant ||
            (shown > 0 && width_of(text) + width_of(more) + 2 + width_of(older) + 12 > columns))
            break;
        text += (shown > 0 ? ", " : "") + more;
    }
    if (shown < lines.size())
        text += fmt::format(" (+{} netns)", lines.size() - shown);
    return {{text + older}};
}

Line entries_line(const Picture& picture) {
    const auto rate = [](const std::optional<double>& value) {
        return value ? short_number(*value) : std::string("-");
    };
    const Accounting& accounting = picture.around.accounting;
    std::string gaps = fmt::format("lost {}, missed {}", accounting.lost, accounting.missed);
    if (accounting.unverified > 0)
        gaps += fmt::format(", unverified {}", accounting.unverified);
    if (accounting.without_closer > 0)
        gaps += fmt::format(", without a closer {}", accounting.without_closer);
    if (accounting.untracked > 0)
        gaps += fmt::format(", untracked {}", accounting.untracked);
    const bool any = accounting.lost + accounting.missed + accounting.untracked > 0;
    return {{fmt::format("Entries/s      {} in, {} out    ", rate(picture.entering),
                         rate(picture.leaving))},
            {gaps, any ? Style::Warn : Style::Plain}};
}

Line ports_line(const Picture& picture, Glyphs glyphs) {
    const auto worst = picture.destinations->worst(1);
    std::string text = "Worst ports    ";
    if (worst.empty() || !worst.front()->use) {
        text += "-";
        return {{text}};
    }
    const Destination& one = *worst.front();
    text += fmt::format("{:.1f} % ({}) towards {}", *one.use * 100, grouped(one.ports.taken),
                        peer_of(one.key));
    if (one.ports.reusable >= 1)
        text += fmt::format(", {} reusable", grouped(one.ports.reusable));
    if (one.main_flow != nullptr)
        text += ", by " + who(*one.main_flow);
    return {{clean(text, glyphs)}};
}

std::vector<Line> status_lines(const Picture& picture, int columns, Glyphs glyphs) {
    std::vector<Line> lines;
    const Verdict& verdict = picture.verdict;
    const std::string text =
        clean(fmt::format("{}: {}", word_of(verdict.level), verdict.text), glyphs);
    for (const std::string& line : wrapped(text, columns))
        lines.push_back({{line, style_of(verdict.level)}});
    return lines;
}

std::vector<Line> advice_lines(const Picture& picture, int columns, Glyphs glyphs) {
    std::vector<Line> lines;
    if (!picture.verdict.advice.empty())
        for (const std::string& line : wrapped(clean(picture.verdict.advice, glyphs), columns))
            lines.push_back({{line, Style::Plain}});
    return lines;
}

} // namespace

std::vector<Line> header_of(const State& state, const Picture& picture, Size size, Glyphs glyphs,
                            double interval_s) {
    // In the order of the screen; the rank decides which parts remain on a small screen.
    struct Part {
        std::vector<Line> lines;
        int rank;
    };
    std::vector<Part> parts{
        {{title_line(state, picture, glyphs, interval_s)}, 1},
        {status_lines(picture, size.columns, glyphs), 0},
        {advice_lines(picture, size.columns, glyphs), 3},
        {{time_wait_line(picture, size.columns, glyphs)}, 2},
        {{entries_line(picture)}, 5},
        {{ports_line(picture, glyphs)}, 4},
        {{{}}, 6},
    };
    // Seven lines remain for the table's header, five rows and the line of keys.
    std::size_t rows_left = size.rows > 9 ? static_cast<std::size_t>(size.rows) - 7 : 2;
    std::vector<bool> kept(parts.size());
    for (int rank = 0; rank <= 6; ++rank)
        for (std::size_t at = 0; at < parts.size(); ++at)
            if (parts[at].rank == rank && parts[at].lines.size() <= rows_left) {
                kept[at] = true;
                rows_left -= parts[at].lines.size();
            }
    std::vector<Line> lines;
    for (std::size_t at = 0; at < parts.size(); ++at)
        if (kept[at])
            for (const Line& line : parts[at].lines)
                lines.push_back(cut(line, size.columns));
    return lines;
}

} // namespace twtrace
