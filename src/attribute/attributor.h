// Finds the process, service and namespace that an event belongs to.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "attribute/cgroup_resolver.h"
#include "attribute/lru_cache.h"
#include "attribute/netns_names.h"
#include "attribute/passive_ends.h"
#include "attribute/process_name.h"
#include "attribute/process_text.h"
#include "attribute/program_language.h"
#include "attribute/remote_names.h"
#include "attribute/runtime_names/runtime_names.h"
#include "model/event.h"

namespace twtrace {

class HostServices;
class HostServicesBox;

struct AttributeOptions {
    bool netns_names = false; ///< those that `ip netns` shows
    bool cmdlines = false;    ///< command-line arguments of processes, which may contain secrets
    bool programs = false;    ///< which program each process runs
    bool languages = false;   ///< the language that the program was built from; with `programs`
    std::string root = "/";   ///< directory that the files of container runtimes are below
    /// Services of remote ends on this host; null: they stay unnamed.
    std::shared_ptr<HostServicesBox> host_services = {};
    bool resolve = false; ///< names of remote addresses
};

class Attributor {
  public:
    explicit Attributor(AttributeOptions options = {});
    ~Attributor();
    Attributor(const Attributor&) = delete;
    Attributor& operator=(const Attributor&) = delete;

    /// To be called before the first event: a cgroup may be removed, with its runtime's files,
    /// before its first event arrives.
    void learn_cgroups();
    void learn_cgroup(std::uint64_t id, std::string_view path);
    /// Looks the task up early: its process and its cgroup may be gone when the event settles.
    void prepare(const Event& event);
    /// Sets event.owner, netns_name, remote_service and remote_name, valid until the next call.
    /// Never fails: what can't be found stays empty.
    void attribute(Event& event);

  private:
    /// exec() changes a process's name, and a process can be moved to another cgroup.
    struct Key {
        std::uint64_t start_boottime_ns;
        std::uint64_t cgroup_id;
        std::uint32_t pid;
        std::array<char, TWTRACE_COMM_LEN> comm;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const;
    };
    struct Known {
        Owner owner;
        std::uint64_t until_ns; ///< on the events' clock; then it is looked up again
    };
    Owner look_up(const Task& task, std::uint64_t now_ns);
    static Key key_of(const Task& task);
    const Known& owner_of(const Event& event, const Key& key);

    void name_container(const CgroupInfo& cgroup, Owner& owner);
    void name_netns(Event& event);
    void name_remote(Event& event);

    AttributeOptions options_;
    CgroupResolver cgroups_;
    RuntimeNames containers_;
    ParentNames parents_;
    ProcessNames processes_;
    ProgramLanguages languages_;
    NetnsNames netns_names_;
    struct NamedNetns {
        std::uint32_t inode = 0;
        std::uint64_t until_ns = 0;
        std::string name;
    } netns_; ///< of the last event: most events of a batch share one
    std::shared_ptr<const HostServices> host_services_;
    std::uint64_t host_services_version_ = 0;
    PassiveEnds passive_ends_;
    std::optional<RemoteNames> remote_names_;
    std::string remote_name_; // of the last event
    LruCache<Key, Known, KeyHash> owners_{owners_capacity};
    Key prepared_{};
    static constexpr std::size_t owners_capacity = 4096;
};

} // namespace twtrace
