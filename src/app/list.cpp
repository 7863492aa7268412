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

struct Place {
    OpenNamespace space;
    ListenerTable listeners;
    std::unique_ptr<PortRoles> roles; ///< while its sockets are listed
};

Result<Place> place_of(OpenNamespace space) {
    Place place{std::move(space), {}, nullptr};
    if (place.space.is_empty())
        return place;
    const auto dumped =
        place.space.sockets.dump(mask_of(TcpState::Listen), [&](const TcpSocket& listener) {
            place.listeners.add(listener);
            return true;
        });
    return dumped ? Result<Place>(std::move(place)) : tl::unexpected(dumped.error());
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
void infer_role(Event& event, const Place& place, bool has_listener) {
    if (has_listener || place.roles->is_servers(event.local_port, event.remote_port))
        event.role = Role::Server;
    else if (place.space.settings.ephemeral.contains(event.local_port))
        event.role = Role::Client;
    event.role_inferred = event.role != Role::Unknown;
}

class Lister {
  public:
    Lister(const Options& options, std::vector<Place> places)
        : options_(options), places_(std::move(places)),
          attributor_(AttributeOptions{.root = options.root}),
          owners_(inodes_of(places_), options.root), sink_(options.format, options.wide),
          output_(STDOUT_FILENO) {}

    Result<void> run() {
        sink_.header(output_.buffer());
        for (Place& place : places_) {
            ++totals_.namespaces;
            totals_.by_state[number_of(TcpState::Listen)] += place.listeners.size();
            if (!is_worth_a_walk(place))
                continue;
            auto dumped = learn_roles(place);
            if (dumped)
                dumped = place.space.sockets.dump(
                    wanted_states(), [&](const TcpSocket& socket) { return take(socket, place); });
            place.roles.reset();
            if (!dumped)
                return dumped;
            if (!written_ || output_.reader_gone())
                return written_;
        }
        append_socket_totals(totals_, options_.format, output_.buffer());
        if (!owners_.complete())
            spdlog::warn("some processes could not be looked into: owners may be missing; run it "
                         "with sudo");
        return output_.flush();
    }

  private:
    static std::vector<std::uint32_t> inodes_of(const std::vector<Place>& places) {
        std::vector<std::uint32_t> inodes;
        for (const Place& place : places)
            place.listeners.append_inodes(inodes);
        return inodes;
    }

    // The kernel walks the sockets of all namespaces to find those of one (10 ms for 100,000
    // sockets), so skip a namespace with only listening sockets. SYN_RECV is not in inuse, so
    // half-open connections to these don't count.
    [[nodiscard]] bool is_worth_a_walk(const Place& place) const {
        if (!place.space.counts)
            return true;
        const SockStat& counts = *place.space.counts;
        return counts.time_wait > 0 ||
               (options_.format != Format::Csv && counts.inuse > place.listeners.size());
    }

    static Result<void> learn_roles(Place& place) {
        place.roles = std::make_unique<PortRoles>();
        if (place.space.counts && place.space.counts->time_wait == 0)
            return {};
        return place.space.sockets.dump(mask_of(TcpState::TimeWait) | mask_of(TcpState::FinWait2),
                                        [&](const TcpSocket& socket) {
                                            place.roles->add(socket.local_port, socket.remote_port);
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
    void find_owner(TimeWaitSocket& row, const Place& place) {
        Event& event = row.event;
        if (journal_.recall(event)) {
            row.owner_source = OwnerSource::Seen;
            attributor_.attribute(event);
            if (event.role != Role::Unknown)
                return;
        }
        const std::uint32_t inode = place.listeners.find(event.local, event.local_port);
        infer_role(event, place, inode != 0);
        const ListenerOwners::Process* process =
            inode != 0 && row.owner_source == OwnerSource::None ? owners_.find(inode) : nullptr;
        if (process != nullptr) {
            event.task = process->task;
            event.owner = &process->owner;
            row.owner_source = OwnerSource::Inferred;
        }
    }

    bool take(const TcpSocket& socket, const Place& place) {
        ++totals_.by_state[number_of(socket.state)];
        if (!socket.minisock)
            return true;
        if (socket.state == TcpState::FinWait2)
            ++totals_.fin_wait2_minisocks;
        TimeWaitSocket row = row_of(socket, place.space.inode);
        find_owner(row, place);
        if (!options_.filter.passes(row.event) || (options_.count > 0 && lines_ == options_.count))
            return true;
        ++lines_;
        if (!others_)
            others_ = survey_host(options_.root);
        row.event.remote_service = others_->find(row.event);
        sink_.line(row, output_.buffer());
        written_ = output_.flush_if_large();
        return written_ && !output_.reader_gone();
    }

    const Options& options_;
    std::vector<Place> places_;
    JournalReader journal_ = JournalReader::read(monotonic_now_ns());
    Attributor attributor_;
    ListenerOwners owners_;
    std::shared_ptr<const HostServices> others_;
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
    std::vector<Place> places;
    for (OpenNamespace& space : *open) {
        auto place = place_of(std::move(space));
        if (!place)
            return tl::unexpected(place.error());
        places.push_back(*std::move(place));
    }
    return Lister(options, std::move(places)).run();
}

} // namespace twtrace
