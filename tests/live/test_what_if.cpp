// A prediction against what then happens: nginx without and with keep-alive towards its upstream.
#include <algorithm>

#include "catch2.h"
#include "nginx.h"
#include "tracer.h"

using namespace live;
using nlohmann::json;

namespace {

/// Of nginx towards its upstream; null: it closed nothing.
json prediction(const TestNamespace& ns, bool keep_alive) {
    const Nginx proxy(ns, proxy_site(keep_alive), 8000);
    Tracer tracer({"what-if", "-d", "600", "-o", "json", "--netns", ns.path()});
    http_load(ns, 8000, 300, true);
    const CommandResult result = tracer.stop();
    INFO(result.out << result.err);
    REQUIRE(result.exit_status == 0);
    const json document = json::parse(result.out);
    CHECK(document.at("accounting").at("exact") == true);
    for (const json& one : document.at("predictions")) {
        if (one.at("role") == "client" && one.at("service_port") == 8001) {
            return one;
        }
    }
    return nullptr;
}

json remedy(const json& one, const std::string& id) {
    const auto& all = one.at("remedies");
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const json& each) { return each.at("id") == id; });
    REQUIRE(found != all.end());
    return *found;
}

} // namespace

TEST_CASE("what-if: keep-alive towards an upstream does what was predicted", "[whatif][nginx]") {
    if (!can_trace()) {
        return;
    }
    if (nginx_binary().empty()) {
        WARN("SKIP: no /usr/sbin/nginx here");
        return;
    }
    const TestNamespace ns;
    const Nginx back(ns, "server { listen 127.0.0.1:8001; location / { return 200 ok; } }", 8001);
    const json before = prediction(ns, false);
    REQUIRE_FALSE(before.is_null());
    INFO(before.dump());
    CHECK(before.at("closes").get<int>() >= 299);
    CHECK(before.at("today").at("closes_per_s").get<double>() > 10);
    const json pool = remedy(before, "pool");
    CHECK(pool.at("pool").get<int>() <= 8);
    CHECK(pool.at("effect").at("closes_per_s").get<double>() == 0.0);
    CHECK(pool.at("effect").at("port_use").get<double>() <
          before.at("today").at("port_use").get<double>());
    CHECK(remedy(before, "fin-timeout").at("helps") == false);

    const json after = prediction(ns, true);
    const double measured = after.is_null() ? 0 : after.at("closes").get<double>();
    CHECK(measured <= 2); // predicted: none
}
