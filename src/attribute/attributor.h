// Event -> who it belongs to.
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
    bool cmdlines = false;    ///< the arguments of processes; they may hold secrets
    bool programs = false;    ///< which program each process runs
    bool languages = false;   ///< what that was built from; with `programs`
    std::string root = "/";   ///< what the files of container runtimes lie below
    std::shared_ptr<HostServicesBox> others = {}; ///< names the other ends; null: nobody does
    bool resolve = false;                         ///< names of remote addresses
};

class Attributor {
  public:
    explicit Attributor(AttributeOptions options = {});
    ~Attributor();
    Attributor(const Attributor&) = delete;
    Attributor& operator=(const Attributor&) = delete;

    /// Before events come: a cgroup may be gone when the first one of it arrives, and with it what
    /// its runtime knew of it.
    void learn_cgroups();
    void learn_cgroup(std::uint64_t id, std::string_view path);
    /// Looks the task up as soon as it can be: what settles later may find its process and its
    /// cgroup gone.
    void prepare(const Event& event);
    /// Sets event.owner, netns_name, remote_service and remote_name, valid until the next call.
    /// Never fails: what can't be found stays empty.
    void attribute(Event& event);

  private:
    /// A process in a cgroup under a name: exec() changes the name, somebody may change the cgroup.
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
        std::uint64_t until_ns; ///< on the events' clock: then it is looked up again
    };
    Owner look_up(const Task& task, std::uint64_t now_ns);
    static Key key_of(const Task& task);
    const Known& known(const Event& event, const Key& key);

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
    } netns_; ///< of the last event: most of a batch are of one
    std::shared_ptr<const HostServices> others_;
    std::uint64_t others_version_ = 0;
    PassiveEnds passive_ends_;
    std::optional<RemoteNames> remote_names_;
    std::string remote_name_; // of the last event
    LruCache<Key, Known, KeyHash> owners_{owners_capacity};
    Key prepared_{};
    static constexpr std::size_t owners_capacity = 8192;
};

} // namespace twtrace
