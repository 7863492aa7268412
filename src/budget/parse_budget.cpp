#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "budget/budget.h"
#include "model/address.h"
#include "util/text.h"

namespace twtrace {

namespace {

constexpr std::string_view blanks = " \t";

template <typename Value>
struct Named {
    std::string_view name;
    Value value;
};

constexpr std::array measures{Named<Measure>{"time_wait", Measure::TimeWait},
                              Named<Measure>{"fin_wait2", Measure::FinWait2},
                              Named<Measure>{"aborted", Measure::Aborted},
                              Named<Measure>{"passive_close", Measure::PassiveClose},
                              Named<Measure>{"port_exhausted", Measure::PortExhausted},
                              Named<Measure>{"rate", Measure::Rate},
                              Named<Measure>{"port_use", Measure::PortUse}};

// Longer operators first: ">" is a prefix of ">=".
constexpr std::array comparisons{
    Named<Comparison>{">=", Comparison::AtLeast}, Named<Comparison>{"<=", Comparison::AtMost},
    Named<Comparison>{"==", Comparison::Equal}, Named<Comparison>{">", Comparison::Greater},
    Named<Comparison>{"<", Comparison::Less}};

struct TextLabel {
    std::string_view name;
    std::string BudgetScope::*value;
    std::optional<GroupBy> own; ///< the grouping by this label; Process has all labels
};

constexpr std::array text_labels{
    TextLabel{"service", &BudgetScope::service, GroupBy::Service},
    TextLabel{"unit", &BudgetScope::unit, std::nullopt},
    TextLabel{"container", &BudgetScope::container, GroupBy::Container},
    TextLabel{"comm", &BudgetScope::comm, std::nullopt}};

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

template <typename Rows>
std::string names_of(const Rows& rows) {
    std::string names;
    for (const auto& row : rows)
        names.append(names.empty() ? "" : ", ").append(row.name);
    return names;
}

tl::unexpected<Error> wrong(std::string message) {
    return fail(std::move(message), ExitCode::Usage);
}

Result<void> set_measure(std::string_view name, Budget& budget) {
    for (const auto& row : measures)
        if (row.name == name) {
            budget.measure = row.value;
            return {};
        }
    return wrong(
        fmt::format("unknown field '{}'; the fields are: {}", printable(name), names_of(measures)));
}

// An address, or an address and a port as socket addresses are written.
Result<void> set_peer(const std::string& value, BudgetScope& scope) {
    if (const auto address = parse_address(value)) {
        scope.peer = unmapped(*address).value_or(*address);
        return {};
    }
    const auto colon = value.rfind(':');
    if (colon != std::string::npos) {
        std::string host = value.substr(0, colon);
        if (host.size() > 2 && host.front() == '[' && host.back() == ']')
            host = host.substr(1, host.size() - 2);
        const auto address = parse_address(host);
        std::uint16_t port = 0;
        const char* const end = value.data() + value.size();
        const auto number = std::from_chars(value.data() + colon + 1, end, port);
        if (address && number.ec == std::errc{} && number.ptr == end && port != 0) {
            scope.peer = unmapped(*address).value_or(*address);
            scope.peer_port = port;
            return {};
        }
    }
    return wrong(fmt::format("'{}' is not a peer; give ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT",
                             printable(value)));
}

Result<void> set_label(std::string_view text, BudgetScope& scope) {
    const auto equals = text.find('=');
    const std::string_view name = trimmed(text.substr(0, equals));
    std::string_view value =
        equals == std::string_view::npos ? "" : trimmed(text.substr(equals + 1));
    if (value.size() > 1 && value.front() == '"' && value.back() == '"')
        value = value.substr(1, value.size() - 2);
    if (value.empty())
        return wrong(fmt::format("'{}' is not a label; write LABEL=VALUE", printable(text)));
    if (name == "peer")
        return set_peer(std::string(value), scope);
    for (const TextLabel& row : text_labels)
        if (row.name == name) {
            scope.*row.value = value;
            return {};
        }
    return wrong(fmt::format("unknown label '{}'; the labels are: peer, {}", printable(name),
                             names_of(text_labels)));
}

Result<void> set_labels(std::string_view text, BudgetScope& scope) {
    while (true) {
        const auto comma = text.find(',');
        if (auto set = set_label(text.substr(0, comma), scope); !set)
            return set;
        if (comma == std::string_view::npos)
            return {};
        text.remove_prefix(comma + 1);
    }
}

Result<void> set_limit(std::string_view text, Budget& budget) {
    for (const auto& row : comparisons) {
        if (!text.starts_with(row.name))
            continue;
        budget.comparison = row.value;
        text = trimmed(text.substr(row.name.size()));
        const char* const end = text.data() + text.size();
        const auto number = std::from_chars(text.data(), end, budget.limit);
        if (number.ec != std::errc{} || number.ptr != end || !std::isfinite(budget.limit))
            return wrong(fmt::format("'{}' is not a number", printable(text)));
        return {};
    }
    return wrong(fmt::format("no comparison at '{}'; the comparisons are: {}", printable(text),
                             names_of(comparisons)));
}

// Peers have time-waits and ports; the other numbers are kept by group only.
bool is_known_of_peers(Measure measure) {
    return measure == Measure::TimeWait || measure == Measure::Rate || measure == Measure::PortUse;
}

} // namespace

Result<Budget> parse_budget(const std::string& text) {
    Budget budget;
    budget.text = trimmed(text);
    std::string_view rest = budget.text;
    const auto name_end = rest.find_first_of("{<>=! \t");
    if (name_end == std::string_view::npos)
        return wrong(fmt::format("'{}' has no comparison; write for example 'time_wait > 100'",
                                 printable(text)));
    if (auto set = set_measure(rest.substr(0, name_end), budget); !set)
        return tl::unexpected(set.error());
    rest = trimmed(rest.substr(name_end));
    if (rest.starts_with('{')) {
        const auto close = rest.find('}');
        if (close == std::string_view::npos)
            return wrong(fmt::format("'{}' has no closing '}}'", printable(text)));
        if (auto set = set_labels(rest.substr(1, close - 1), budget.scope); !set)
            return tl::unexpected(set.error());
        rest = trimmed(rest.substr(close + 1));
    }
    if (auto set = set_limit(rest, budget); !set)
        return tl::unexpected(set.error());
    if (budget.scope.peer && !is_known_of_peers(budget.measure))
        return wrong("only time_wait, rate and port_use are known for a peer");
    return budget;
}

Result<void> check_grouping(const std::vector<Budget>& budgets, GroupBy by) {
    if (by == GroupBy::Process)
        return {};
    for (const Budget& budget : budgets)
        for (const TextLabel& row : text_labels)
            if (!(budget.scope.*row.value).empty() && row.own != by)
                return wrong(fmt::format(
                    "--fail-if '{}' cannot be judged with -g {}: its rows mix closes with "
                    "different values of the label {}; use -g process{}",
                    printable(budget.text), name_of(by), row.name,
                    row.own ? fmt::format(" or -g {}", name_of(*row.own)) : ""));
    return {};
}

} // namespace twtrace
