// The members of a JSON object, written and read by the same description: a function that calls
// on("name", member) for each of them, where `on` is a Write or a Read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "model/address.h"

namespace twtrace {

using Json = nlohmann::json;

/// Puts members into an object. Unknown values are left out.
class Write {
  public:
    explicit Write(Json& json) : json_(json) {}

    template <typename Value>
    void operator()(const char* key, const Value& value) const {
        json_[key] = value;
    }
    void operator()(const char* key, const std::optional<std::uint64_t>& value) const {
        if (value)
            json_[key] = *value;
    }
    void operator()(const char* key, const Address& value) const { json_[key] = to_string(value); }

  private:
    Json& json_;
};

/// Reads members from an object. A member that is missing, or of another kind, keeps its value.
class Read {
  public:
    explicit Read(const Json& json) : json_(json) {}

    template <typename Number>
    void operator()(const char* key, Number& value) const {
        if (const Json* found = find(key); found != nullptr && found->is_number_unsigned())
            value = static_cast<Number>(found->get<std::uint64_t>());
    }
    void operator()(const char* key, bool& value) const {
        if (const Json* found = find(key); found != nullptr && found->is_boolean())
            value = found->get<bool>();
    }
    void operator()(const char* key, std::string& value) const {
        if (const Json* found = find(key); found != nullptr && found->is_string())
            value = found->get<std::string>();
    }
    void operator()(const char* key, std::optional<std::uint64_t>& value) const {
        if (const Json* found = find(key); found != nullptr && found->is_number_unsigned())
            value = found->get<std::uint64_t>();
    }
    void operator()(const char* key, Address& value) const {
        std::string text;
        (*this)(key, text);
        if (const auto address = parse_address(text))
            value = *address;
    }

  private:
    [[nodiscard]] const Json* find(const char* key) const {
        const auto found = json_.find(key);
        return found == json_.end() ? nullptr : &*found;
    }
    const Json& json_;
};

} // namespace twtrace
