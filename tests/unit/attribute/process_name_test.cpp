#include "attribute/process_name.h"

#include "attribute/cgroup_path.h"
#include "attribute/proc_text.h"
#include "attribute/service_name.h"
#include "catch2.h"
#include "fake_files.h"

using namespace twtrace;
using namespace twtrace::test;

namespace {

Task thread_of(std::uint32_t pid, std::string_view comm) {
    Task task;
    task.pid = pid;
    task.tid = pid + 1;
    task.start_boottime_ns = 500 * ns_per_tick();
    std::copy(comm.begin(), comm.end(), task.comm_bytes.begin());
    return task;
}

void add_process(const FakeFiles& proc, const std::string& comm) {
    proc.write("/7/comm", comm + "\n");
    proc.write("/7/stat", "7 (" + comm + ") S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 500 0 0");
}

} // namespace

TEST_CASE("process name: the leader's, or the executable's where that is more specific") {
    CHECK(pick_process_name("java", "/usr/lib/jvm/bin/java") == "java");
    CHECK(pick_process_name("MainThread", "/usr/bin/node") == "node");
    CHECK(pick_process_name("MainThread", "") == "MainThread");
    CHECK(pick_process_name("prometheus-node", "/usr/bin/prometheus-node-exporter") ==
          "prometheus-node-exporter");
    CHECK(pick_process_name("check_backend.s", "/usr/bin/bash") == "check_backend.s");
    CHECK(pick_process_name("nginx", "/usr/sbin/nginx-debug") == "nginx");
}

TEST_CASE("process name: without the number of a thread or CPU") {
    CHECK(without_thread_number("iou-wrk-25742") == "iou-wrk");
    CHECK(without_thread_number("iou-sqp-1") == "iou-sqp");
    CHECK(without_thread_number("kworker/0:1-mm") == "kworker");
    CHECK(without_thread_number("iou-wrk") == "iou-wrk");
    CHECK(without_thread_number("worker-1") == "worker-1");
}

TEST_CASE("process name: threads have the name of their process, also after its end") {
    const FakeFiles proc;
    add_process(proc, "java");
    ProcessNames names(proc.path());
    CHECK(names.name_of(thread_of(7, "pool-1-thread-3")) == "java");
    CHECK(names.name_of(thread_of(7, "iou-wrk-9")) == "java");
    add_process(proc, "another");
    Task later = thread_of(7, "pool-1-thread-4");
    CHECK(names.name_of(later) == "another"); // exec() by the same process
    later.start_boottime_ns += 10 * ns_per_tick();
    CHECK(names.name_of(later) == "pool-1-thread-4"); // another process with this pid
    CHECK(names.name_of(thread_of(8, "lonely")) == "lonely");
}

TEST_CASE("service: a unit of a user's manager is not one of the system's") {
    const auto name =
        name_cgroup("/user.slice/user-1000.slice/user@1000.service/app.slice/nginx.service");
    CHECK(name.unit == "nginx.service");
    CHECK(name.full_unit() == "user@1000.service/nginx.service");
    CHECK(pick_service(name, "nginx") == "user@1000.service/nginx.service");
    const auto session = name_cgroup("/user.slice/user-1.slice/session-2.scope/nginx.service");
    CHECK(session.full_unit() == "session-2.scope/nginx.service");
    CHECK(name_cgroup("/system.slice/nginx.service").full_unit() == "nginx.service");
    CHECK(name_cgroup("/user.slice/user-1000.slice/user@1000.service").full_unit() ==
          "user@1000.service");
}
