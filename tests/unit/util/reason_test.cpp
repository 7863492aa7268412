#include "catch2.h"

#include <cerrno>

#include "util/reason.h"

using namespace twtrace;

TEST_CASE("reason: the error, and what to do about it", "[util]") {
    CHECK(reason(EMFILE) ==
          "Too many open files; raise the limit of open files (ulimit -n, LimitNOFILE=)");
    CHECK(reason(ENOSPC) == "No space left on device; free space or write elsewhere");
    CHECK(reason(EINVAL) == "Invalid argument; try again with -v");
}
