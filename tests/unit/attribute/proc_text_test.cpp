#include "attribute/proc_text.h"

#include <string>

#include "attribute/lru_cache.h"
#include "catch2.h"
#include "fake_files.h"

using namespace twtrace;

namespace {
const std::string full_id(64, 'd');
}

TEST_CASE("mountinfo of a unified, a hybrid and a legacy host", "[attribute]") {
    const auto unified =
        parse_mountinfo("35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n");
    CHECK(unified.v2_mount == "/sys/fs/cgroup");
    CHECK(unified.v2_root == "/");
    CHECK_FALSE(unified.has_v1);

    const auto hybrid =
        parse_mountinfo("31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
                        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
                        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
    CHECK(hybrid.v2_mount == "/sys/fs/cgroup/unified");
    CHECK(hybrid.has_v1);

    const auto legacy =
        parse_mountinfo("35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    CHECK(legacy.v2_mount.empty());
    CHECK(legacy.has_v1);
}

TEST_CASE("of several cgroup2 mounts the one with the whole tree is taken", "[attribute]") {
    const auto mounts = parse_mountinfo("1 1 0:30 /docker/x /c\\040d rw - cgroup2 c rw\n"
                                        "2 1 0:30 / /whole rw - cgroup2 c rw\n"
                                        "3 1 0:30 / /again rw - cgroup2 c rw\n");
    CHECK(mounts.v2_mount == "/whole");
    const auto part = parse_mountinfo("1 1 0:30 /docker/x /c\\040d rw master:3 - cgroup2 c rw");
    CHECK(part.v2_mount == "/c d");
    CHECK(part.v2_root == "/docker/x");
}

TEST_CASE("malformed mountinfo names no mount", "[attribute]") {
    for (const char* text : {"", "\n\n", " - ", " - cgroup2", "1 2 3 - cgroup2 x",
                             "1 1 0:30 / relative rw - cgroup2 c rw"})
        CHECK(parse_mountinfo(text).v2_mount.empty());
    CHECK(parse_mountinfo("1 1 0:30 / /a\\9 rw - cgroup2 c").v2_mount == "/a\\9");
}

TEST_CASE("the most specific line of /proc/PID/cgroup", "[attribute]") {
    CHECK(choose_cgroup_path("0::/system.slice/nginx.service\n") == "/system.slice/nginx.service");
    CHECK(choose_cgroup_path("0::/\n") == "/");
    CHECK(choose_cgroup_path("0::/a.service (deleted)\n") == "/a.service");
    CHECK(choose_cgroup_path("0::/with:colon/b.service\n") == "/with:colon/b.service");
    // A machine on which neither v2 nor systemd has a path, but one v1 controller does.
    CHECK(choose_cgroup_path("9:name=systemd:/\n4:memory:/process_api/e3c7\n1:cpu:/\n0::/\n") ==
          "/process_api/e3c7");
    CHECK(choose_cgroup_path("4:memory:/user.slice\n1:name=systemd:/user.slice/user-0.slice/"
                             "session-1.scope\n0::/\n") ==
          "/user.slice/user-0.slice/session-1.scope");
    CHECK(choose_cgroup_path("2:pids:/a\n3:cpu,cpuacct:/a/b/c\n4:memory:/a/b\n") == "/a/b/c");
    CHECK(choose_cgroup_path("2:pids:/a/b/c\n1:name=systemd:/\n0::/system.slice/x.service\n") ==
          "/system.slice/x.service");
}

TEST_CASE("a container in one hierarchy takes precedence over the others", "[attribute]") {
    CHECK(choose_cgroup_path("12:net_cls,net_prio:/docker/" + full_id +
                             "\n6:rdma:/\n1:name=systemd:/docker/" + full_id +
                             "\n0::/system.slice/containerd.service\n") == "/docker/" + full_id);
    CHECK(choose_cgroup_path("4:memory:/docker/" + full_id +
                             "\n1:name=systemd:/system.slice/docker.service\n") ==
          "/docker/" + full_id);
}

TEST_CASE("a malformed /proc/PID/cgroup gives no path", "[attribute]") {
    for (const char* text : {"", "\n", "0", "0:", "0::", "::", "0::relative", "garbage\nmore"})
        CHECK_FALSE(choose_cgroup_path(text).has_value());
    CHECK(choose_cgroup_path("garbage\n0::/x\n") == "/x");
}

TEST_CASE("start ticks are found behind any command", "[attribute]") {
    const std::string after = " S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 1 2 3\n";
    CHECK(parse_start_ticks("42 (cat)" + after) == 4711U);
    CHECK(parse_start_ticks("42 (a) b (c) )" + after) == 4711U);
    CHECK(parse_start_ticks("42 (a\n)" + after) == 4711U);
    for (const char* text : {"", "42", "42 (cat)", "42 (cat) ", "42 (cat) S 1",
                             "42 (x) S 1 1 1 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 -7 1"})
        CHECK_FALSE(parse_start_ticks(text).has_value());
}

TEST_CASE("reading stops at the limit, and a missing file is an error", "[attribute]") {
    const test::FakeFiles files;
    files.write("/long", std::string(10000, 'x'));
    CHECK(read_text(files.path("/long"), 5000)->size() == 5000);
    CHECK(read_text(files.path("/long"), 20000)->size() == 10000);
    CHECK_FALSE(read_text(files.path("/absent"), 10).has_value());
    CHECK_FALSE(read_text(files.path(), 10).has_value()); // a directory
}

TEST_CASE("the cache evicts the least recently used entry", "[attribute]") {
    LruCache<int, int> cache(2);
    cache.put(1, 10);
    cache.put(2, 20);
    REQUIRE(cache.find(1));
    cache.put(3, 30);
    CHECK(cache.size() == 2);
    CHECK_FALSE(cache.find(2));
    CHECK(*cache.find(1) == 10);
    cache.put(1, 11);
    CHECK(*cache.find(1) == 11);
    CHECK(cache.size() == 2);
    LruCache<int, int> none(0);
    none.put(1, 1);
    none.put(2, 2);
    CHECK(none.size() == 1);
}
