#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <random>

#include <fcntl.h>
#include <fmt/format.h>

#include "app/commands.h"
#include "app/host_facts.h"
#include "app/open_source.h"
#include "app/picture.h"
#include "app/slice_doctor.h"
#include "app/what_if.h"
#include "doctor/expected.h"
#include "doctor/observer.h"
#include "doctor/wording.h"
#include "report/report.h"
#include "sink/doctor_sink.h"
#include "sink/summary_sink.h"
#include "util/cpu_time.h"
#include "util/file.h"
#include "util/reason.h"
#include "util/stop_signals.h"
#include "util/text.h"

namespace twtrace {

namespace {

constexpr std::chrono::seconds default_duration{60};
constexpr std::size_t peers_per_group = 100;
constexpr std::uint64_t second_ns = 1'000'000'000;
constexpr std::uint64_t read_every_ns = 10 * second_ns;

// Collects everything that the page shows, in one pass over the events.
class Reporter : public EventConsumer {
  public:
    Reporter(const Options& options, const EventSource& source)
        : source_(source), collector_(aggregator_, source, options.filter.netns),
          namespaces_(source.namespaces(options.filter.netns)), start_ns_(source.now_ns()) {}

    void event(const Event& event) override {
        add(event, 1);
        collector_.event(event);
    }
    void counted(const Event& event, std::uint64_t times) override {
        add(event, times);
        collector_.counted(event, times);
    }
    /// To be called after each batch of events: samples the present state once a second.
    void tick() {
        const std::uint64_t now_ns = source_.now_ns();
        if (now_ns < next_ns_)
            return;
        next_ns_ = now_ns + second_ns;
        if (now_ns >= next_read_ns_)
            next_read_ns_ = run_and_pause(now_ns, read_every_ns, [this] { read_host(); });
        take_ports(now_ns);
        if (now_ns >= count_ns_) {
            count_ns_ = run_and_pause(now_ns, 0, [this] { namespaces_->count(); });
            take_present(now_ns);
        }
        if (slices_.is_due(at_s(now_ns)))
            slices_.judge(at_s(now_ns), *namespaces_, collector_.held());
    }
    /// To be called after the last tick.
    const Marks& finish(double duration_s) {
        slices_.finish(duration_s, *namespaces_, collector_.held());
        return slices_.marks();
    }

    ReportData& data() { return data_; }
    Aggregator& aggregator() { return aggregator_; }
    const PortsHeld& ports() { return collector_.ports(); }
    doctor::Observer& observer() { return observer_; }
    [[nodiscard]] const whatif::ConnectionLog& log() const { return log_; }

  private:
    [[nodiscard]] double at_s(std::uint64_t at_ns) const {
        return static_cast<double>(at_ns - std::min(at_ns, start_ns_)) / 1e9;
    }
    void add(const Event& event, std::uint64_t times) {
        observer_.add(event, times);
        slices_.add(event, times);
        log_.add(event, times);
        if (event.type != EventType::TimeWait)
            return;
        const std::uint64_t at_ns = event.time_ns != 0 ? event.time_ns : source_.now_ns();
        data_.closes.add(std::string(event.service()), at_s(at_ns), static_cast<double>(times));
        if (const auto lifetime = event.lifetime_us())
            data_.lifetimes[std::min<std::size_t>(std::bit_width(*lifetime),
                                                  data_.lifetimes.size() - 1)] += times;
    }
    void read_host() {
        namespaces_->find();
        collector_.ports(); // reads the settings for later events
    }
    void take_ports(std::uint64_t now_ns) {
        const PortsHeld& held = collector_.held();
        held.each([&](const HeldKey& key, const PortCount& count, const auto& /*users*/) {
            const std::uint32_t usable = held.rules_of(key.netns).usable;
            if (usable > 0 && count.taken > 0)
                data_.ports.add(fmt::format("{}:{}", to_string(key.remote), key.port), at_s(now_ns),
                                count.taken / usable);
        });
    }
    void take_present(std::uint64_t now_ns) {
        for (const auto& [inode, view] : namespaces_->views()) {
            if (!view.counts || view.counts->time_wait == 0)
                continue;
            const std::string name = namespaces_->name_of(inode);
            data_.present.add(name, at_s(now_ns), static_cast<double>(view.counts->time_wait));
            if (view.settings && view.settings->max_tw_buckets)
                data_.limits.add(name, at_s(now_ns),
                                 static_cast<double>(*view.settings->max_tw_buckets));
        }
    }

    const EventSource& source_;
    Aggregator aggregator_{GroupBy::Service};
    Collector collector_;
    std::unique_ptr<NamespaceViews> namespaces_;
    std::uint64_t start_ns_;
    std::uint64_t next_ns_ = 0;
    std::uint64_t next_read_ns_ = 0;
    std::uint64_t count_ns_ = 0;
    doctor::Observer observer_;
    SliceDoctor slices_;
    whatif::ConnectionLog log_;
    ReportData data_;
};

void add_doctor(const EventSource& source, HostFacts& facts, Reporter& reporter) {
    doctor::DoctorReport report = facts.report(source, reporter.observer());
    report.findings = doctor::diagnose(report.seen);
    doctor::add_expected(report.seen, reporter.log(),
                         reporter.log().kept_seconds_of(report.seen.seconds), report.findings);
    append_doctor_json(report, reporter.data().doctor_json);
    const Marks& marks = reporter.finish(source.elapsed_s());
    for (const doctor::Finding& finding : report.findings)
        reporter.data().held.push_back(marks.of(finding));
}

std::string random_nonce() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

Result<void> write_page(const std::string& path, const std::string& page) {
    const Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file || !write_all(file, page))
        return fail(fmt::format("cannot write {}: {}", printable(path), reason(errno)));
    return {};
}

} // namespace

Result<void> run_report(const Options& given) {
    if (given.page.empty())
        return fail("report needs -o FILE, such as -o report.html; see twtrace report --help",
                    ExitCode::Usage);
    Options options = given;
    if (options.duration.count() == 0 && options.from.empty())
        options.duration = default_duration;
    auto source = open_source(options, {every_type, TWTRACE_PASSIVE_SEND, true});
    if (!source)
        return tl::unexpected(source.error());
    auto facts = HostFacts::begin(options, dynamic_cast<const Replay*>(source->get()));
    if (!facts)
        return tl::unexpected(facts.error());
    Reporter reporter(options, **source);
    auto done = (*source)->run(options, reporter, [&]() -> Result<bool> {
        reporter.tick();
        return true;
    });
    if (!done)
        return done;
    take_pending_stop();
    ReportData& data = reporter.data();
    data.duration_s = (*source)->elapsed_s();
    append_summary_json(
        snapshot_of(**source, reporter.aggregator(), peers_per_group, reporter.ports(), false),
        data.summary_json);
    add_doctor(**source, **facts, reporter);
    append_whatif_json(what_if_report(options, **source, reporter.log()), data.whatif_json);
    data.accounting = accounting_line((*source)->accounting());
    return write_page(options.page, report_html(data, random_nonce()));
}

} // namespace twtrace
