#include <csignal>
#include <memory>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include "account/open_namespaces.h"
#include "app/commands.h"
#include "app/host_survey.h"
#include "attribute/listeners.h"
#include "attribute/port_roles.h"
#include "journal/journal_reader.h"
#include "model/timestamp.h"
#include "sink/line_sink.h"
#include "sink/output.h"
#include "sink/socket_totals.h"

namespace twtrace {

namespace {

struct ListedNamespace {
    OpenNamespace space;
    ListenerTable listeners;
    std::unique_ptr<PortRoles> roles; ///< while its sockets are listed
};

Result<ListedNamespace> list_listeners(OpenNamespace space) {
    ListedNamespace listed{std::move(space), {}, nullptr};
    if (listed.space.is_empty())
        return listed;
    const auto dumped =
        listed.space.sockets.dump(mask_of(TcpState::Listen), [&](const TcpSocket& listener) {
            listed.listeners.add(listener);
            return true;
        });
    return dumped ? Result<ListedNamespace>(std::move(listed)) : tl::unexpected(dumped.error());
}

TimeWaitSocket row_of(const TcpSocket& socket, std::uint32_t netns) {
    TimeWaitSocket row;
    Event& event = row.event;
    event.stage = socket.state == TcpState::FinWait2 ? Stage::FinWait2 : Stage::TimeWait;
    event.netns = netns;
    event.local_port = socket.local_port;
    event.remote_port = socket.remote_port;
    event.local = socket.local;
    event.remote = socket.remote;
    row.remaining_ms = socket.remaining_ms;
    return row;
}

// A listener on the local port, or many remote ports there, means that this side accepted. Any
// other port that connect() picks means that this side connected. Other ports are inconclusive: the
// listener may be gone.
void infer_role(Event& event, const ListedNamespace& listed, bool has_listener) {
    if (has_listener || listed.roles->is_servers(event.local_port, event.remote_port))
        event.role = Role::Server;
    else if (listed.space.settings.ephemeral.contains(event.local_port))
        event.role = Role::Client;
    event.role_inferred = event.role != Role::Unknown;
}

class Lister {
  public:
    Lister(const Options& options, std::vector<ListedNamespace> namespaces)
        : options_(options), namespaces_(std::move(namespaces)),
          attributor_(AttributeOptions{.root = options.root}),
          owners_(inodes_of(namespaces_), options.root), sink_(options.format, options.wide),
          output_(STDOUT_FILENO) {}

    Result<void> run() {
        sink_.header(output_.buffer());
        for (ListedNamespace& listed : namespaces_) {
            ++totals_.namespaces;
            totals_.by_state[number_of(TcpState::Listen)] += listed.listeners.size();
            if (!needs_dump(listed))
                continue;
            auto dumped = learn_roles(listed);
            if (dumped)
                dumped = listed.space.sockets.dump(
                    wanted_states(), [&](const TcpSocket& socket) { return take(socket, listed); });
            listed.roles.reset();
            if (!dumped)
                return dumped;
            if (!written_ || output_.reader_gone())
                return written_;
        }
        append_socket_totals(totals_, options_.format, output_.buffer());
        if (!owners_.complete())
            spdlog::warn(
                "some processes could not be inspected: owners may be missing; run twtrace "
                "with sudo");
        return output_.flush();
    }

  private:
    static std::vector<std::uint32_t> inodes_of(const std::vector<ListedNamespace>& namespaces) {
        std::vector<std::uint32_t> inodes;
        for (const ListedNamespace& listed : namespaces)
            listed.listeners.append_inodes(inodes);
        return inodes;
    }

    // The kernel walks the sockets of all namespaces to find those of one (10 ms for 100,000
    // sockets), so skip a namespace with only listening sockets. SYN_RECV is not in inuse, so
    // half-open connections to these don't count.
    [[nodiscard]] bool needs_dump(const ListedNamespace& listed) const {
        if (!listed.space.counts)
            return true;
        const SockStat& counts = *listed.space.counts;
        return counts.time_wait > 0 ||
               (options_.format != Format::Csv && counts.inuse > listed.listeners.size());
    }

    static Result<void> learn_roles(ListedNamespace& listed) {
        listed.roles = std::make_unique<PortRoles>();
        if (listed.space.counts && listed.space.counts->time_wait == 0)
            return {};
        return listed.space.sockets.dump(mask_of(TcpState::TimeWait) | mask_of(TcpState::FinWait2),
                                         [&](const TcpSocket& socket) {
                                             listed.roles->add(socket.local_port,
                                                               socket.remote_port);
                                             return true;
                                         });
    }

    // All states are needed only for the totals.
    [[nodiscard]] std::uint32_t wanted_states() const {
        if (options_.format == Format::Csv)
            return mask_of(TcpState::TimeWait) | mask_of(TcpState::FinWait2);
        return every_tcp_state & ~mask_of(TcpState::Listen);
    }

    // Uses the seen owner, or else infers one.
    void find_owner(TimeWaitSocket& row, const ListedNamespace& listed) {
        Event& event = row.event;
        if (journal_.recall(event)) {
            row.owner_source = OwnerSource::Seen;
            attributor_.attribute(event);
            if (event.role != Role::Unknown)
                return;
        }
        const std::uint32_t inode = listed.listeners.find(event.local, event.local_port);
        infer_role(event, listed, inode != 0);
        const ListenerOwners::Process* process =
            inode != 0 && row.owner_source == OwnerSource::None ? owners_.find(inode) : nullptr;
        if (process != nullptr) {
            event.task = process->task;
            event.owner = &process->owner;
            row.owner_source = OwnerSource::Inferred;
        }
    }

    bool take(const TcpSocket& socket, const ListedNamespace& listed) {
        ++totals_.by_state[number_of(socket.state)];
        if (!socket.minisock)
            return true;
        if (socket.state == TcpState::FinWait2)
            ++totals_.fin_wait2_minisocks;
        TimeWaitSocket row = row_of(socket, listed.space.inode);
        find_owner(row, listed);
        if (!options_.filter.passes(row.event) || (options_.count > 0 && lines_ == options_.count))
            return true;
        ++lines_;
        if (!host_services_) {
            ListenerLists lists;
            host_services_ = survey_host(options_.root, lists);
        }
        row.event.remote_service = host_services_->find(row.event);
        sink_.line(row, output_.buffer());
        written_ = output_.flush_if_large();
        return written_ && !output_.reader_gone();
    }

    const Options& options_;
    std::vector<ListedNamespace> namespaces_;
    JournalReader journal_ = JournalReader::read(monotonic_now_ns());
    Attributor attributor_;
    ListenerOwners owners_;
    std::shared_ptr<const HostServices> host_services_;
    SocketSink sink_;
    Output output_;
    SocketTotals totals_;
    std::uint64_t lines_ = 0;
    Result<void> written_;
};

} // namespace

Result<void> run_list(const Options& options) {
    if (!options.from.empty())
        return run_list_recording(options);
    std::signal(SIGPIPE, SIG_IGN); // Output distinguishes a closed reader from an error
    auto open = open_namespaces(options.filter.netns);
    if (!open)
        return tl::unexpected(open.error());
    std::vector<ListedNamespace> namespaces;
    for (OpenNamespace& space : *open) {
        auto listed = list_listeners(std::move(space));
        if (!listed)
            return tl::unexpected(listed.error());
        namespaces.push_back(*std::move(listed));
    }
    return Lister(options, std::move(namespaces)).run();
}

} // namespace twtrace
