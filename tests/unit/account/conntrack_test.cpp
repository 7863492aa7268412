#include "account/conntrack.h"

#include <filesystem>
#include <fstream>

#include "../recording/scene.h"
#include "catch2.h"

using namespace twtrace;

namespace {

constexpr std::string_view stat = "entries  clashres found insert_failed drop early_drop\n"
                                  "0000000a 00000000 00000001 0000001f 00000002 00000001\n"
                                  "0000000a 00000000 00000001 00000001 00000000 00000000\n";

} // namespace

TEST_CASE("conntrack: columns are found by name and added up over the CPUs", "[account]") {
    CHECK(sum_of_column(stat, "insert_failed") == 32);
    CHECK(sum_of_column(stat, "drop") == 2);
    CHECK(sum_of_column(stat, "expect_new") == 0);
    CHECK(sum_of_column("", "drop") == 0);
    CHECK(sum_of_column("drop\n", "drop") == 0);
    CHECK(sum_of_column("found drop\n1\nx y\n2 3", "drop") == 3); // cut short, or no number
}

TEST_CASE("conntrack: how long a closed connection is tracked", "[account]") {
    const test::TemporaryDirectory directory;
    std::filesystem::create_directory(directory.path("netfilter"));
    std::ofstream(directory.path("netfilter/nf_conntrack_tcp_timeout_time_wait")) << "30\n";
    CHECK(read_conntrack(directory.path(""), "/nonexistent").time_wait_s == 30U);
}

TEST_CASE("conntrack: unknown where the kernel does not track", "[account]") {
    const Conntrack none = read_conntrack("/nonexistent", "/nonexistent");
    CHECK_FALSE(none.entries);
    CHECK_FALSE(none.max_entries);
    CHECK_FALSE(none.time_wait_s);
    CHECK_FALSE(none.forwards);
    CHECK(none.insert_failed == 0);
}
