// Sockets for the store's tests, each with a distinguishable connection.
#pragma once

#include <cstring>
#include <vector>

#include "store_native.h"

namespace twtrace::test {

/// Sockets of one bucket that prefer the same way, so that they compete for it.
inline std::vector<native_sock> competing_sockets(std::size_t how_many, bool same_way) {
    constexpr std::uint64_t step = 2048; // of key_of()
    std::vector<native_sock> sockets;
    native_sock sock{};
    const std::uint32_t bucket = native_bucket_of(&sock);
    while (sockets.size() < how_many) {
        if (native_bucket_of(&sock) == bucket)
            sockets.push_back(sock);
        sock.address += same_way ? 16 * step : step;
    }
    return sockets;
}

struct Connection {
    native_sock sock{};
    std::uint64_t time_us = 0;
    std::uint8_t role = TWTRACE_ROLE_CLIENT;
    std::uint8_t how = TWTRACE_HOW_CLOSE;
    twtrace_task task{};

    /// The next connection of the same socket; `number` is different for all of them.
    void begin(std::uint32_t number) {
        sock.__sk_common.skc_hash = number * 2654435761U;
        time_us = (std::uint64_t{number} << 12) + 1;
        role = (number & 1) != 0 ? TWTRACE_ROLE_CLIENT : TWTRACE_ROLE_SERVER;
        how = static_cast<std::uint8_t>(1 + number % 4);
        task.start_boottime_ns = std::uint64_t{number} * 1000003;
        task.cgroup_id = number + 7;
        task.pid = number ^ 0x5555;
        task.tid = number + 1;
        task.uid = number % 65536;
        task.parent_pid = number / 2;
        std::memcpy(task.comm, &number, sizeof number);
    }
    void open() { native_open(&sock, time_us, role); }
    void close() { native_close(&sock, &task, how); }
    native_end finish(bool keep) { return native_finish(&sock, keep); }

    [[nodiscard]] bool is_closer_right(const native_end& end) const {
        return end.how == TWTRACE_HOW_UNKNOWN ||
               (end.how == how && std::memcmp(&end.task, &task, sizeof task) == 0);
    }
    [[nodiscard]] bool is_opening_right(const native_end& end) const {
        return (end.role == TWTRACE_ROLE_UNKNOWN || end.role == role) &&
               (end.time_us == 0 || end.time_us == time_us);
    }
    [[nodiscard]] bool is_complete(const native_end& end) const {
        return end.how == how && end.time_us == time_us && end.role == role;
    }
};

} // namespace twtrace::test
