#include "util/fifo.h"

#include <cstddef>
#include <deque>
#include <random>

#include "catch2.h"

using namespace twtrace;

TEST_CASE("fifo: the same elements as in a deque", "[util]") {
    Fifo<int, 4> fifo;
    std::deque<int> expected;
    std::mt19937 random(1);
    for (int number = 0; number < 5000; ++number) {
        // Phases in which it grows, shrinks, and stays empty.
        const bool add = random() % 4 < (number / 100 % 2 == 0 ? 3U : 1U);
        if (add) {
            fifo.push_back(number);
            expected.push_back(number);
        } else if (!expected.empty()) {
            REQUIRE(fifo.front() == expected.front());
            fifo.pop_front();
            expected.pop_front();
        }
        REQUIRE(fifo.size() == expected.size());
        REQUIRE(fifo.empty() == expected.empty());
        for (std::size_t index = 0; index < expected.size(); ++index)
            REQUIRE(fifo[index] == expected[index]);
    }
}
