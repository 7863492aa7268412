#include "util/counter.h"

#include "catch2.h"

using namespace twtrace;

TEST_CASE("the rise of a counter that began again is 0") {
    CHECK(rise(5, 3) == 2);
    CHECK(rise(5, 5) == 0);
    CHECK(rise(0, 200) == 0); // not 18 quintillion
}
