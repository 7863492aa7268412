#include "attribute/service_name.h"

#include "attribute/unit_name.h"
#include "catch2.h"

using twtrace::pick_service;

TEST_CASE("service is the unit, else the container, else the command", "[attribute]") {
    CHECK(pick_service("nginx.service", "0123456789ab", "nginx") == "nginx.service");
    CHECK(pick_service("", "0123456789ab", "nginx") == "0123456789ab");
    CHECK(pick_service("", "", "nginx") == "nginx");
    CHECK(pick_service("", "", "").empty());
}

TEST_CASE("units that only wrap other units are not services", "[attribute]") {
    const std::string id(64, 'a');
    for (const std::string& unit :
         {std::string("init.scope"), std::string("session-3.scope"),
          std::string("user@1000.service"), std::string("system.slice"), "docker-" + id + ".scope",
          "crio-conmon-" + id + ".scope", std::string("machine-box.scope"),
          std::string("run-u3.service"), std::string("nonsense")}) {
        INFO(unit);
        CHECK(pick_service(unit, "0123456789ab", "cmd") == "0123456789ab");
        CHECK(pick_service(unit, "", "cmd") == "cmd");
    }
}

TEST_CASE("a unit of a container's own systemd has the container's name", "[attribute]") {
    CHECK(pick_service("nginx.service", "web", "nginx", true) == "web/nginx.service");
    CHECK(pick_service("init.scope", "web", "systemd", true) == "web");
    CHECK(pick_service("nginx.service", "", "nginx", true) == "nginx.service");
}

TEST_CASE("a container has its names where they are known", "[attribute]") {
    const std::string id(64, 'a');
    const twtrace::ContainerNames names{"api", "checkout-0", "shop", "checkout"};
    const auto service = [&](const std::string& path) {
        return pick_service(twtrace::name_cgroup(path), "cmd", &names);
    };
    CHECK(service("/docker/" + id) == "shop/checkout (api)");
    CHECK(service("/docker/" + id + "/system.slice/a.service") == "shop/checkout (api)/a.service");
    CHECK(service("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + id +
                  ".scope") == "user@1000.service/shop/checkout (api)");
    CHECK(service("/system.slice/web.service/libpod-payload-" + id) == "web.service");
}

TEST_CASE("unit names as systemd defines them", "[attribute]") {
    CHECK(twtrace::is_unit_name("a.service"));
    CHECK(twtrace::is_unit_name("a@b@c.service"));
    CHECK(twtrace::is_unit_name("sshd@3-10.0.0.1:22-10.0.0.2:5555.service"));
    CHECK_FALSE(twtrace::is_unit_name("a@.service"));
    CHECK_FALSE(twtrace::is_unit_name("@a.service"));
    CHECK_FALSE(twtrace::is_unit_name("a.timer")); // has no cgroup
    CHECK_FALSE(twtrace::is_unit_name("a b.service"));
    CHECK_FALSE(twtrace::is_unit_name(std::string(248, 'a') + ".service"));
    CHECK(twtrace::is_unit_name(std::string(247, 'a') + ".service"));
    CHECK_FALSE(twtrace::holds_user_units("user@.service"));
    CHECK_FALSE(twtrace::holds_user_units("session-.scope"));
}

TEST_CASE("unescaping stops at anything that is not one printable byte", "[attribute]") {
    CHECK(twtrace::unescape_unit("my\\x2dbox") == "my-box");
    CHECK(twtrace::unescape_unit("\\x2") == "\\x2");
    CHECK(twtrace::unescape_unit("\\x") == "\\x");
    CHECK(twtrace::unescape_unit("\\") == "\\");
    CHECK(twtrace::unescape_unit("\\xzz") == "\\xzz");
    CHECK(twtrace::unescape_unit("\\x00\\x1b\\xff") == "\\x00\\x1b\\xff");
}
