// What the JSON documents have in common. Null is what is not known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "account/accounting.h"
#include "aggregate/snapshot.h"

namespace twtrace::json {

using Json = nlohmann::ordered_json;

template <typename Value>
Json known(const std::optional<Value>& value) {
    return value ? Json(*value) : Json(nullptr);
}

/// Names come from outside, and the library refuses bytes that are not UTF-8.
Json text(std::string_view value);
/// The same; empty: not known.
Json name(const std::string& value);
Json name(const std::optional<std::string>& value);
/// RFC 3339, UTC.
Json time(std::uint64_t wall_ns);
Json totals_of(const Counts& counts);
Json accounting_of(const Accounting& accounting);
Json ends_of(const EndsRow& ends);
/// Null: not asked for.
Json ends_of(const std::optional<EndsTotals>& ends);

} // namespace twtrace::json
