#include "attribute/cgroup_resolver.h"

#include <string>

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attribute/proc_text.h"
#include "catch2.h"
#include "fake_files.h"

using namespace twtrace;
using namespace std::chrono_literals;

namespace {

const std::string v1_mount = "30 20 0:9 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

/// A simulated host of files, <root>/proc and <root>/cgroup, and a clock that stands still.
class FakeHost {
  public:
    explicit FakeHost(bool hybrid = false) {
        files.make_directory("/cgroup");
        files.write("/proc/self/mountinfo", "41 31 0:38 / " + files.path("/cgroup") +
                                                " rw - cgroup2 c rw\n" + (hybrid ? v1_mount : ""));
    }

    CgroupResolverOptions options() {
        CgroupResolverOptions out;
        out.proc_root = files.path("/proc");
        out.now = [this] { return clock; };
        return out;
    }

    void add_process(int pid, std::uint64_t ticks, const std::string& cgroup) {
        const std::string dir = "/proc/" + std::to_string(pid);
        files.write(dir + "/cgroup", cgroup);
        files.write(dir + "/stat", std::to_string(pid) +
                                       " (x) S 1 1 1 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 " +
                                       std::to_string(ticks) + " 1 2\n");
    }

    void end_process(int pid) { files.remove("/proc/" + std::to_string(pid)); }

    test::FakeFiles files;
    std::chrono::nanoseconds clock = 1h;
};

std::uint64_t boottime_ns(std::uint64_t ticks) {
    return ticks * (1'000'000'000ULL / static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK))) + 1;
}

std::string path_of(const CgroupRef& cgroup) {
    return cgroup ? cgroup->path : "(null)";
}

} // namespace

TEST_CASE("layout follows mountinfo", "[attribute]") {
    FakeHost unified;
    CHECK(CgroupResolver(unified.options()).layout() == CgroupLayout::Unified);
    FakeHost hybrid(true);
    CHECK(CgroupResolver(hybrid.options()).layout() == CgroupLayout::Hybrid);
    FakeHost legacy;
    legacy.files.write("/proc/self/mountinfo", v1_mount);
    CHECK(CgroupResolver(legacy.options()).layout() == CgroupLayout::Legacy);
    FakeHost none;
    none.files.remove("/proc");
    CgroupResolver knows_nothing(none.options());
    CHECK(knows_nothing.layout() == CgroupLayout::None);
    CHECK_FALSE(knows_nothing.resolve(1, 1, 1));
}

TEST_CASE("an id is found by walking where handles do not work", "[attribute]") {
    FakeHost host;
    const auto nginx = host.files.make_directory("/cgroup/system.slice/nginx.service");
    const auto redis = host.files.make_directory("/cgroup/system.slice/redis.service");
    CgroupResolver resolver(host.options());
    CHECK_FALSE(
        resolver.has_handles()); // not a cgroup2: handles of other file systems must not be opened
    const CgroupRef found = resolver.by_id(redis);
    REQUIRE(found);
    CHECK(found->path == "/system.slice/redis.service");
    CHECK(found->name.unit == "redis.service");
    CHECK(path_of(resolver.by_id(test::FakeFiles::inode(host.files.path("/cgroup")))) == "/");
    host.clock += 2s;
    CHECK(path_of(resolver.by_id(nginx)) == "/system.slice/nginx.service");
    CHECK_FALSE(resolver.by_id(0));
}

TEST_CASE("a removed cgroup keeps its name", "[attribute]") {
    FakeHost host;
    const auto gone = host.files.make_directory("/cgroup/a.service");
    CgroupResolver resolver(host.options());
    CHECK(path_of(resolver.by_id(gone)) == "/a.service");
    host.files.remove("/cgroup/a.service");
    CHECK(path_of(resolver.by_id(gone)) == "/a.service");
}

TEST_CASE("an id that was not found is not searched for again", "[attribute]") {
    FakeHost host;
    CgroupResolver resolver(host.options());
    CHECK_FALSE(resolver.by_id(~0ULL));
    host.clock += 2s;
    CHECK_FALSE(resolver.by_id(~0ULL)); // from the cache: does not use up the walk that follows
    const auto later = host.files.make_directory("/cgroup/b.service");
    CHECK(path_of(resolver.by_id(later)) == "/b.service");
}

TEST_CASE("walks are limited, and a postponed walk does not mark an id as unknown", "[attribute]") {
    FakeHost host;
    CgroupResolver resolver(host.options());
    CHECK_FALSE(resolver.by_id(~0ULL)); // walks
    const auto id = host.files.make_directory("/cgroup/late.service");
    CHECK_FALSE(resolver.by_id(id)); // too early for another walk
    host.clock += 1s;
    CHECK(path_of(resolver.by_id(id)) == "/late.service");
}

TEST_CASE("unified: the id gives the name, else the process", "[attribute]") {
    FakeHost host;
    const auto id = host.files.make_directory("/cgroup/a.service");
    host.add_process(7, 100, "0::/b.service\n");
    CgroupResolver resolver(host.options());
    CHECK(path_of(resolver.resolve(id, 7, boottime_ns(100))) == "/a.service");
    CHECK(path_of(resolver.resolve(~0ULL, 7, boottime_ns(100))) == "/b.service");
    CHECK(path_of(resolver.resolve(0, 7, 0)) == "/b.service");
}

TEST_CASE("hybrid: the process gives the name, and a root id gives none", "[attribute]") {
    FakeHost host(true);
    const auto root = test::FakeFiles::inode(host.files.path("/cgroup"));
    const auto id = host.files.make_directory("/cgroup/system.slice/containerd.service");
    const std::string docker(64, 'e');
    host.add_process(7, 100,
                     "2:memory:/docker/" + docker + "\n1:name=systemd:/docker/" + docker +
                         "\n0::/system.slice/containerd.service\n");
    CgroupResolver resolver(host.options());
    const CgroupRef found = resolver.resolve(id, 7, boottime_ns(100));
    REQUIRE(found);
    CHECK(found->name.container == "eeeeeeeeeeee");
    CHECK_FALSE(resolver.resolve(root, 8, boottime_ns(1)));
    host.clock += 2s;
    CHECK(path_of(resolver.resolve(id, 8, boottime_ns(1))) == "/system.slice/containerd.service");
}

TEST_CASE("a process is known by pid and start time", "[attribute]") {
    FakeHost host(true);
    host.add_process(7, 100, "1:name=systemd:/system.slice/a.service\n");
    CgroupResolver resolver(host.options());
    CHECK(path_of(resolver.by_process(7, boottime_ns(100))) == "/system.slice/a.service");
    // The pid is reused: events of the old process keep their name, and the new one does not
    // inherit it.
    host.add_process(7, 900, "1:name=systemd:/system.slice/b.service\n");
    CHECK(path_of(resolver.by_process(7, boottime_ns(900))) == "/system.slice/b.service");
    CHECK(path_of(resolver.by_process(7, boottime_ns(100))) == "/system.slice/a.service");
    CHECK(path_of(resolver.by_process(7, 0)) == "/system.slice/b.service");
    // A process that was never read is unknown, even if its pid exists.
    CHECK_FALSE(resolver.by_process(7, boottime_ns(500)));
    CHECK_FALSE(resolver.by_process(0, 1));
}

TEST_CASE("a process's name outlives it and follows it when it is moved", "[attribute]") {
    FakeHost host(true);
    host.add_process(7, 100, "1:name=systemd:/a.service\n");
    CgroupResolver resolver(host.options());
    CHECK(path_of(resolver.by_process(7, boottime_ns(100))) == "/a.service");
    host.add_process(7, 100, "1:name=systemd:/b.service\n");
    CHECK(path_of(resolver.by_process(7, boottime_ns(100))) == "/a.service");
    host.clock += 11s;
    CHECK(path_of(resolver.by_process(7, boottime_ns(100))) == "/b.service");
    host.end_process(7);
    host.clock += 11s;
    CHECK(path_of(resolver.by_process(7, boottime_ns(100))) == "/b.service");
}

TEST_CASE("a process that could not be read is read again later", "[attribute]") {
    FakeHost host(true);
    CgroupResolver resolver(host.options());
    CHECK_FALSE(resolver.by_process(7, boottime_ns(100)));
    host.add_process(7, 100, "1:name=systemd:/a.service\n");
    CHECK_FALSE(resolver.by_process(7, boottime_ns(100)));
    host.clock += 1s;
    CHECK(path_of(resolver.by_process(7, boottime_ns(100))) == "/a.service");
}

TEST_CASE("a storm of processes stays within the capacity", "[attribute]") {
    FakeHost host(true);
    auto options = host.options();
    options.capacity = 4;
    CgroupResolver resolver(options);
    host.add_process(1, 1, "0::/a.service\n");
    CHECK(resolver.by_process(1, boottime_ns(1)));
    for (std::uint32_t pid = 2; pid < 2000; ++pid)
        CHECK_FALSE(resolver.by_process(pid, boottime_ns(pid)));
    host.end_process(1);
    CHECK_FALSE(resolver.by_process(1, boottime_ns(1))); // evicted, as expected
}

TEST_CASE("a mount of a part of the tree gives paths of the whole", "[attribute]") {
    FakeHost host;
    host.files.write("/proc/self/mountinfo",
                     "41 31 0:38 /docker/x " + host.files.path("/cgroup") + " rw - cgroup2 c rw\n");
    const auto id = host.files.make_directory("/cgroup/in");
    CgroupResolver resolver(host.options());
    CHECK(path_of(resolver.by_id(id)) == "/docker/x/in");
    CHECK(path_of(resolver.by_id(test::FakeFiles::inode(host.files.path("/cgroup")))) ==
          "/docker/x");
}

// ---- the real machine ----

namespace {

/// A cgroup in the real cgroup2 mount; removed at the end, with the process in it.
class RealCgroup {
  public:
    RealCgroup() {
        const auto text = read_text("/proc/self/mountinfo", 1 << 20);
        const std::string mount = text ? parse_mountinfo(*text).v2_mount : "";
        outer_ = mount + "/twtrace-test-" + std::to_string(getpid()) + ".slice";
        if (mount.empty() || mkdir(outer_.c_str(), 0755) != 0)
            return;
        inner_ = outer_ + "/twtrace-test.service";
        made = mkdir(inner_.c_str(), 0755) == 0;
    }
    ~RealCgroup() { remove(); }
    RealCgroup(const RealCgroup&) = delete;
    RealCgroup& operator=(const RealCgroup&) = delete;

    void remove() {
        end_child();
        rmdir(inner_.c_str());
        rmdir(outer_.c_str());
    }

    /// A child that waits in the cgroup until it is terminated.
    pid_t start_child() {
        child_ = fork();
        if (child_ == 0) {
            pause();
            _exit(0);
        }
        std::ofstream(inner_ + "/cgroup.procs") << child_ << std::flush;
        return child_;
    }

    void end_child() {
        if (child_ > 0) {
            kill(child_, SIGKILL);
            waitpid(child_, nullptr, 0);
        }
        child_ = 0;
    }

    std::uint64_t id() const { return test::FakeFiles::inode(inner_); }
    std::string path() const {
        return "/twtrace-test-" + std::to_string(getpid()) + ".slice/twtrace-test.service";
    }

    bool made = false;

  private:
    std::string outer_;
    std::string inner_;
    pid_t child_ = 0;
};

} // namespace

TEST_CASE("a real cgroup is found by its id, with handles and by walking", "[attribute][real]") {
    RealCgroup cgroup;
    if (!cgroup.made) {
        WARN("skipped: no cgroup can be made in a cgroup2 mount here");
        return;
    }
    for (const bool use_handles : {true, false}) {
        CgroupResolverOptions options;
        options.use_handles = use_handles;
        CgroupResolver resolver(options);
        if (use_handles && !resolver.has_handles())
            WARN("handles not tested: open_by_handle_at is refused here");
        const CgroupRef found = resolver.by_id(cgroup.id());
        REQUIRE(found);
        CHECK(found->path == cgroup.path());
        CHECK(found->name.unit == "twtrace-test.service");
    }
}

TEST_CASE("a removed cgroup was either cached or is unknown", "[attribute][real]") {
    RealCgroup cgroup;
    if (!cgroup.made) {
        WARN("skipped: no cgroup can be made in a cgroup2 mount here");
        return;
    }
    const auto id = cgroup.id();
    CgroupResolver asked_before{CgroupResolverOptions{}};
    CHECK(path_of(asked_before.by_id(id)) == cgroup.path());
    cgroup.remove();
    CHECK(path_of(asked_before.by_id(id)) == cgroup.path());
    CgroupResolver asked_after{CgroupResolverOptions{}};
    CHECK_FALSE(asked_after.by_id(id));
}

TEST_CASE("a real process is found by its pid", "[attribute][real]") {
    RealCgroup cgroup;
    if (!cgroup.made) {
        WARN("skipped: no cgroup can be made in a cgroup2 mount here");
        return;
    }
    const auto pid = static_cast<std::uint32_t>(cgroup.start_child());
    const auto stat = read_text("/proc/" + std::to_string(pid) + "/stat", 4096);
    REQUIRE(stat);
    const auto ticks = parse_start_ticks(*stat);
    REQUIRE(ticks);
    CgroupResolver resolver{CgroupResolverOptions{}};
    const CgroupRef found = resolver.resolve(cgroup.id(), pid, boottime_ns(*ticks));
    REQUIRE(found);
    INFO(found->path);
    // On a hybrid host a v1 hierarchy may correctly give another result: this process was put into
    // the cgroup2 only.
    if (resolver.layout() == CgroupLayout::Unified ||
        found->path.find("twtrace-test") != std::string::npos)
        CHECK(found->path == cgroup.path());
    cgroup.end_child();
    CHECK(path_of(resolver.resolve(cgroup.id(), pid, boottime_ns(*ticks))) == found->path);
}
