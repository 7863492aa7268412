// The owner of a process: the names by which people know it.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace twtrace {

/// An empty text means that there is none, or that it is not known.
struct Owner {
    std::string service;      ///< systemd unit, else workload or container, else process
    std::string unit;         ///< of a user's manager: prefixed with its name, user@1000.service/
    std::string container;    ///< the first 12 digits of its id
    std::string cgroup;       ///< path from the root of the hierarchy
    std::string parent = {};  ///< name of the parent process; empty also if not requested, as below
    std::string cmdline = {}; ///< arguments with spaces between them, bounded
    std::string process = {}; ///< the process's name, not that of a thread
    std::string program = {}; ///< executable, or an interpreter's script; empty if not requested
    std::string container_name = {};
    std::string pod = {};
    std::string pod_namespace = {};
    std::string workload = {}; ///< pod name without generated suffixes; compose: PROJECT/SERVICE
    std::string language = {}; ///< "go", from the executable; empty also if not requested
    /// Owners with the same id have the same texts; 0: compare them.
    std::uint64_t id = 0;

    bool operator==(const Owner& other) const;
};

/// An id that no other owner has.
inline std::uint64_t new_owner_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

/// All texts, in an order that recordings rely on: new ones are appended.
inline constexpr std::array owner_texts{
    &Owner::service,        &Owner::unit,    &Owner::container,     &Owner::cgroup,
    &Owner::parent,         &Owner::cmdline, &Owner::process,       &Owner::program,
    &Owner::container_name, &Owner::pod,     &Owner::pod_namespace, &Owner::workload,
    &Owner::language};
static_assert(sizeof(Owner) == owner_texts.size() * sizeof(std::string) + sizeof(std::uint64_t),
              "one is missing above");

inline bool Owner::operator==(const Owner& other) const {
    return (id != 0 && id == other.id) ||
           std::all_of(owner_texts.begin(), owner_texts.end(),
                       [&](auto text) { return this->*text == other.*text; });
}

} // namespace twtrace
