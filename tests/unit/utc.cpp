// Tables contain local time: all tests run in UTC.
#include <cstdlib>
#include <ctime>

namespace {

[[maybe_unused]] const bool in_utc = [] {
    setenv("TZ", "UTC", 1);
    tzset();
    return true;
}();

} // namespace
