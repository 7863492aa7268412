// The common parts of the JSON documents. Null means not known.
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

/// Replaces bytes that are not UTF-8, which the library rejects: names are untrusted.
Json text(std::string_view value);
/// The same; null for an empty text.
Json name(const std::string& value);
Json name(const std::optional<std::string>& value);
/// RFC 3339, UTC.
Json time(std::uint64_t wall_ns);
Json totals_of(const Counts& counts);
Json accounting_of(const Accounting& accounting);
Json ends_of(const EndsRow& ends);
/// Null: not requested.
Json ends_of(const std::optional<EndsTotals>& ends);

} // namespace twtrace::json
