// Predictions against actual results, with the pairs of real programs of the table in
// docs/what-if.md: tools/prove-what-if knows how each is set up, and what must hold.
#include "catch2.h"
#include "command.h"
#include "nginx.h"
#include "programs.h"
#include "tracer.h"

using namespace live;

namespace {

constexpr Milliseconds longest_pair{120'000};
constexpr int nothing_to_try = 77;

CommandResult prove(const std::vector<std::string>& arguments) {
    // Uses the same twtrace as the other live tests.
    return run_command(Argv{"env", "TWTRACE=" + twtrace_binary(), "TWTRACE_NGINX=" + nginx_binary(),
                            TWTRACE_TOOLS "/prove-what-if", "--no-write"} +
                           arguments,
                       {}, longest_pair);
}

std::vector<std::string> pairs() {
    return lines_of(prove({"--list"}).out);
}

} // namespace

TEST_CASE("what-if: each remedy has the predicted effect on real programs",
          "[whatif][pairs][nginx]") {
    if (!can_trace()) {
        return;
    }
    int held = 0;
    for (const std::string& pair : pairs()) {
        const CommandResult result = prove({pair});
        INFO(pair << ": " << result.out << result.err);
        CHECK((result.exit_status == 0 || result.exit_status == nothing_to_try));
        held += result.exit_status == 0 ? 1 : 0;
    }
    if (have_programs({"/usr/sbin/haproxy", "/usr/bin/redis-server", "/usr/sbin/php-fpm*"})) {
        CHECK(held >= 8);
    }
}
