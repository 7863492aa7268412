#include "util/risen.h"

#include "catch2.h"

using namespace twtrace;

TEST_CASE("the rise of a counter that began again is 0") {
    CHECK(risen(3, 5) == 2);
    CHECK(risen(5, 5) == 0);
    CHECK(risen(200, 0) == 0); // not 18 quintillion
}
