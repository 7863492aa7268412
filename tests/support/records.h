// Records as the BPF side writes them.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

#include "twtrace/wire.h"

namespace twtrace::test {

inline twtrace_event time_wait_record() {
    twtrace_event record{};
    record.header = {TWTRACE_TIME_WAIT, sizeof(record)};
    record.family = 4;
    record.stage = TWTRACE_STAGE_FIN_WAIT2;
    record.how = TWTRACE_HOW_CLOSE;
    record.role = TWTRACE_ROLE_CLIENT;
    record.netns = 4026531840U;
    record.local_port = 45678;
    record.remote_port = 80;
    record.time_ns = 1'000'000'000;
    record.established_ns = 900'000'000;
    record.fin_wait1_ns = 999'000'000;
    record.bytes_sent = 10;
    record.bytes_received = 20;
    const unsigned char local[] = {127, 0, 0, 1};
    const unsigned char remote[] = {10, 1, 2, 3};
    std::memcpy(record.local_addr, local, 4);
    std::memcpy(record.remote_addr, remote, 4);
    record.task.start_boottime_ns = 7;
    record.task.cgroup_id = 8;
    record.task.pid = 100;
    record.task.tid = 101;
    record.task.uid = 33;
    std::memcpy(record.task.comm, "nginx", 6);
    return record;
}

inline twtrace_minisock minisock_record() {
    const twtrace_event event = time_wait_record();
    twtrace_minisock record{};
    record.header = {TWTRACE_TIME_WAIT_END, sizeof(record)};
    record.family = 4;
    record.stage = TWTRACE_STAGE_TIME_WAIT;
    record.reason = TWTRACE_REASON_REUSED_CONNECT;
    record.netns = event.netns;
    record.local_port = event.local_port;
    record.remote_port = event.remote_port;
    record.time_ns = 3'500'000'000;
    std::memcpy(record.local_addr, event.local_addr, sizeof(record.local_addr));
    std::memcpy(record.remote_addr, event.remote_addr, sizeof(record.remote_addr));
    return record;
}

template <typename Record>
std::vector<std::byte> bytes_of(const Record& record, std::size_t more = 0) {
    std::vector<std::byte> bytes(sizeof(record) + more);
    std::memcpy(bytes.data(), &record, sizeof(record));
    return bytes;
}

} // namespace twtrace::test
