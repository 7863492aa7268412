#include "attribute/netns_names.h"

#include <string>

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catch2.h"
#include "fake_files.h"

using namespace twtrace;
using namespace std::chrono_literals;

namespace {

/// Symbolic links to /proc/self/ns/net in place of the mounts of `ip netns`: both lead to the same
/// inode on the namespace file system, and links need no privilege.
struct FakeNames {
    test::FakeFiles files;
    std::chrono::nanoseconds clock = 1h;
    std::uint64_t own = test::FakeFiles::inode("/proc/self/ns/net");

    FakeNames() { files.make_directory("/netns"); }

    NetnsNamesOptions options() {
        NetnsNamesOptions out;
        out.directories = {files.path("/absent"), files.path("/netns")};
        out.proc_root = files.path("/proc");
        out.now = [this] { return clock; };
        return out;
    }

    void add(const std::string& name) {
        std::filesystem::create_symlink("/proc/self/ns/net", files.path("/netns/" + name));
    }
};

} // namespace

TEST_CASE("a namespace has the name of the file it is mounted on", "[attribute]") {
    FakeNames fake;
    fake.add("red");
    NetnsNames names(fake.options());
    CHECK(names.name_of(fake.own) == "red");
    CHECK(names.table_name(fake.own) == "red");
    CHECK_FALSE(names.name_of(1).has_value());
    CHECK(names.table_name(1) == "1");
}

TEST_CASE("a file that is no namespace has no id", "[attribute]") {
    FakeNames fake;
    fake.files.write("/netns/stale", "");
    NetnsNames names(fake.options());
    CHECK_FALSE(names.name_of(test::FakeFiles::inode(fake.files.path("/netns/stale"))).has_value());
}

TEST_CASE("the first of two names in the alphabet is kept, unprintable names are skipped",
          "[attribute]") {
    FakeNames fake;
    for (const char* name : {"green", "blue", "a\x1b[2J", "red"})
        fake.add(name);
    fake.add(std::string(65, 'a'));
    NetnsNames names(fake.options());
    CHECK(names.name_of(fake.own) == "blue");
}

TEST_CASE("new names are seen without reading at every look-up", "[attribute]") {
    FakeNames fake;
    NetnsNames names(fake.options());
    fake.add("late");
    CHECK_FALSE(names.name_of(fake.own).has_value());
    fake.clock += 1s;
    CHECK(names.name_of(fake.own) == "late");
    fake.files.remove("/netns/late");
    fake.clock += 1s;
    CHECK(names.name_of(fake.own) == "late");
    fake.clock += 4s; // removed names are dropped: the kernel reuses the inode
    CHECK_FALSE(names.name_of(fake.own).has_value());
}

TEST_CASE("the host's namespace has a name in tables only", "[attribute]") {
    FakeNames fake;
    fake.files.make_directory("/proc/1/ns");
    std::filesystem::create_symlink("/proc/self/ns/net", fake.files.path("/proc/1/ns/net"));
    NetnsNames names(fake.options());
    CHECK(names.host_inode() == fake.own);
    CHECK_FALSE(names.name_of(fake.own).has_value());
    CHECK(names.table_name(fake.own) == "host");
    fake.add("named");
    fake.clock += 1s;
    CHECK(names.table_name(fake.own) == "named");
}

TEST_CASE("a real namespace that is mounted as ip netns does it", "[attribute][real]") {
    FakeNames fake;
    fake.files.write("/netns/real", "");
    const std::string target = fake.files.path("/netns/real");
    // The mount has to be created where the test sees it, the namespace in a child that may end.
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t child = fork();
    if (child == 0) {
        const char made = unshare(CLONE_NEWNET) == 0 ? 'y' : 'n';
        _exit(write(ready[1], &made, 1) == 1 ? pause() : 1);
    }
    char made = 'n';
    REQUIRE(read(ready[0], &made, 1) == 1);
    const std::string source = "/proc/" + std::to_string(child) + "/ns/net";
    const auto inode = test::FakeFiles::inode(source);
    const bool mounted =
        made == 'y' && mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) == 0;
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
    if (!mounted) {
        WARN("skipped: no network namespace can be made and mounted here");
        return;
    }
    NetnsNames names(fake.options());
    const auto name = names.name_of(inode);
    umount2(target.c_str(), MNT_DETACH);
    CHECK(inode != fake.own);
    CHECK(name == "real");
}
