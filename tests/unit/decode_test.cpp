#include "catch2.h"
TEST_CASE("placeholder") {}
