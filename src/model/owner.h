// Who a process belongs to: the names that a person knows it by.
#pragma once

#include <array>
#include <string>

namespace twtrace {

/// Empty: there is none, or it is not known.
struct Owner {
    std::string service;      ///< systemd unit, else workload or container, else process
    std::string unit;         ///< of a user's manager: with its name in front, user@1000.service/
    std::string container;    ///< the first 12 digits of its id
    std::string cgroup;       ///< path below the hierarchy's root
    std::string parent = {};  ///< name of the parent process; empty also if not asked for, as below
    std::string cmdline = {}; ///< arguments with spaces between them, bounded
    std::string process = {}; ///< the process's name, whatever its threads are called
    std::string program = {}; ///< executable, or an interpreter's script; empty if not asked for
    std::string container_name = {};
    std::string pod = {};
    std::string pod_namespace = {};
    std::string workload = {}; ///< the pod's name without generated ends; compose: PROJECT/SERVICE
    std::string language = {}; ///< "go": what the executable says; empty also if not asked for

    bool operator==(const Owner&) const = default;
};

/// All of them, in an order that recordings rely on: new ones go to the end.
inline constexpr std::array owner_texts{
    &Owner::service,        &Owner::unit,    &Owner::container,     &Owner::cgroup,
    &Owner::parent,         &Owner::cmdline, &Owner::process,       &Owner::program,
    &Owner::container_name, &Owner::pod,     &Owner::pod_namespace, &Owner::workload,
    &Owner::language};
static_assert(sizeof(Owner) == owner_texts.size() * sizeof(std::string), "one is missing above");

} // namespace twtrace
