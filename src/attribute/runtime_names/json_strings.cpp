#include "attribute/runtime_names/json_strings.h"

#include <nlohmann/json.hpp>

namespace twtrace {

namespace {

using Visit = std::function<void(const JsonPath&, const std::string&)>;

/// The callbacks of nlohmann's parser (json_sax_t); false stops it.
class Strings {
  public:
    using string_t = nlohmann::json::string_t;
    using binary_t = nlohmann::json::binary_t;

    explicit Strings(const Visit& visit) : visit_(visit) {}

    bool null() { return value(); }
    bool boolean(bool /*value*/) { return value(); }
    bool number_integer(std::int64_t /*value*/) { return value(); }
    bool number_unsigned(std::uint64_t /*value*/) { return value(); }
    bool number_float(double /*value*/, const string_t& /*text*/) { return value(); }
    bool binary(binary_t& /*value*/) { return value(); }
    bool string(string_t& text) {
        enter_element();
        visit_(path_, text);
        return true;
    }
    bool start_object(std::size_t /*size*/) { return open(false); }
    bool key(string_t& name) {
        path_.back() = name;
        return true;
    }
    bool end_object() { return close_level(); }
    bool start_array(std::size_t /*size*/) { return open(true); }
    bool end_array() { return close_level(); }
    static bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                            const nlohmann::json::exception& /*error*/) {
        return false;
    }

  private:
    struct Level {
        bool is_array;
        std::size_t next = 0;
    };
    // An array has no keys: its elements are numbered.
    void enter_element() {
        if (!levels_.empty() && levels_.back().is_array)
            path_.back() = "[" + std::to_string(levels_.back().next++) + "]";
    }
    bool value() {
        enter_element();
        return true;
    }
    bool open(bool is_array) {
        enter_element();
        if (levels_.size() == max_json_depth)
            return false;
        levels_.push_back({is_array});
        path_.emplace_back();
        return true;
    }
    bool close_level() {
        levels_.pop_back();
        path_.pop_back();
        return true;
    }

    const Visit& visit_;
    std::vector<Level> levels_;
    JsonPath path_;
};

} // namespace

bool each_json_string(std::string_view json, const Visit& visit) {
    Strings strings(visit);
    return nlohmann::json::sax_parse(json.begin(), json.end(), &strings);
}

} // namespace twtrace
