// Local time is printed in tables: tests run in UTC wherever they run.
#include <cstdlib>
#include <ctime>

namespace {

[[maybe_unused]] const bool in_utc = [] {
    setenv("TZ", "UTC", 1);
    tzset();
    return true;
}();

} // namespace
