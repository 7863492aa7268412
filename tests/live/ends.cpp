#include "ends.h"

#include "catch2.h"

namespace live {

bool fentry_works() {
    const CommandResult result = run_command({twtrace_binary(), "doctor", "--host", "-o", "json"});
    INFO(result.out << result.err);
    REQUIRE(result.exit_status == 0);
    const auto report = nlohmann::json::parse(result.out);
    for (const auto& check : report.at("checks")) {
        if (check.at("name") == "fentry") {
            return check.at("allowed") == true;
        }
    }
    return false;
}

bool can_trace_ends() {
    if (!can_trace()) {
        return false;
    }
    if (!fentry_works()) {
        WARN("SKIP: twtrace says that this host refuses fentry");
        return false;
    }
    return true;
}

Tracer trace_ends(const TestNamespace& ns) {
    return Tracer({"trace", "--ends", "-o", "json", "--netns", ns.path()});
}

std::vector<nlohmann::json> await_type(const Tracer& tracer, const std::string& type,
                                       std::size_t times, Milliseconds bound) {
    const auto come = [&] { return of_type(parse_events(tracer.out()), type); };
    wait_until([&] { return come().size() >= times; }, bound);
    INFO(tracer.out());
    REQUIRE(come().size() == times);
    return come();
}

} // namespace live
