#include "account/namespaces.h"

#include <filesystem>

#include "account/sockstat.h"
#include "catch2.h"
#include "fake_files.h"

using namespace twtrace;
using twtrace::test::FakeFiles;

namespace {

constexpr const char* mounts =
    "22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    "30 22 0:25 / /run rw - tmpfs tmpfs rw\n"
    "700 30 0:4 net:[4026532170] /run/netns/blue rw shared:9 - nsfs nsfs rw\n"
    "701 30 0:4 net:[4026532171] /run/docker/netns/1-ab\\040cd rw - nsfs nsfs rw\n"
    "702 30 0:4 mnt:[4026532172] /run/snapd/ns/lxd.mnt rw - nsfs nsfs rw\n"
    "703 30 0:4 net:[4026532170] /var/run/netns/blue rw shared:9 - nsfs nsfs rw\n";

void add_process(const FakeFiles& proc, const std::string& pid, const std::string& inode) {
    proc.make_directory("/" + pid + "/ns");
    std::filesystem::create_symlink("net:[" + inode + "]", proc.path("/" + pid + "/ns/net"));
}

} // namespace

TEST_CASE("bind mounts of network namespaces in mountinfo") {
    const auto found = parse_namespace_mounts(mounts);
    REQUIRE(found.size() == 2);
    CHECK(found.at(4026532170) == "/run/netns/blue");
    CHECK(found.at(4026532171) == "/run/docker/netns/1-ab cd");
}

TEST_CASE("hostile mountinfo gives no names") {
    for (const char* text : {"", "\n\n", "700 30 0:4", "700 30 0:4 net:[ /x", "1 2 3 net:[]",
                             "1 2 3 net:[99999999999999] /x rw", "1 2 3 net:[x] /x rw",
                             "1 2 3 net:[5]", "1 2 3 net:[5] relative rw"})
        CHECK(parse_namespace_mounts(text).empty());
}

TEST_CASE("namespaces of processes and of mounts together") {
    const FakeFiles proc;
    add_process(proc, "12", "4026531840");
    add_process(proc, "13", "4026532170");
    proc.write("/self/mountinfo", mounts);
    const auto found = find_namespace_files(proc.path());
    REQUIRE(found.size() == 3);
    CHECK(found.at(4026531840) == proc.path("/12/ns/net"));
    CHECK(found.at(4026532170) == proc.path("/13/ns/net")); // needs fewer privileges than a mount
    CHECK(find_namespaces(proc.path()).size() == 2);
    CHECK(namespace_of(proc.path("/12")) == 4026531840);
    CHECK(namespace_of(proc.path("/14")) == 0);
}

TEST_CASE("sockstat's counts") {
    const auto counts =
        parse_sockstat("sockets: used 13\nTCP: inuse 10 orphan 1 tw 5 alloc 30 mem 58\n"
                       "UDP: inuse 3 mem 0\n",
                       "TCP6: inuse 2\nUDP6: inuse 7\n");
    REQUIRE(counts);
    CHECK(counts->inuse == 12);
    CHECK(counts->time_wait == 5);
    CHECK(parse_sockstat("TCP: inuse 1 orphan 0 tw 0 alloc 30 mem 0\n", "")->allocated == 30);
    CHECK(parse_sockstat("TCP: inuse 1 orphan 0 tw 0 alloc 1 mem 0\n", "")->inuse == 1);
    CHECK_FALSE(parse_sockstat("UDP: inuse 3\n", "TCP6: inuse 2\n"));
    CHECK_FALSE(parse_sockstat("", ""));
}
