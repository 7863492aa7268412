#include "options.h"

#include <cstdio>
#include <cstdlib>
#include <getopt.h>
#include <string_view>
#include <unistd.h>

namespace load {
namespace {

constexpr char usage[] =
    "load: opens and closes TCP connections in a network namespace of its own and prints the rate\n"
    "  --seconds S      end after S seconds (5, at most 600)\n"
    "  --count N        end after N connections (at most 20,000,000)\n"
    "  --warmup S       seconds that run before counting begins (0.3)\n"
    "  --rate N         N connections a second in all (0: as fast as they go)\n"
    "  --peers N        N distinct remote addresses (1000, at most 4,000,000)\n"
    "  --sources N      N client addresses (0: enough that ports don't run out)\n"
    "  --processes N    N client processes one after another; needs --count\n"
    "  --workers N      N pairs of a client and a server (0: one a core)\n"
    "  --window N       connections a client keeps open (1, at most 256)\n"
    "  --request N      bytes sent and answered before the close (0)\n"
    "  --closer client|server   who closes first (client)\n"
    "  --hold S         keep the TIME_WAIT sockets S seconds, or until stdin ends\n";

struct Limits {
    double low;
    double high;
};

std::optional<double> number(const char* name, const char* text, Limits limits) {
    char* end = nullptr;
    const double value = std::strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= limits.low && value <= limits.high)) {
        std::fprintf(stderr, "load: --%s %s: wants a number from %g to %g\n", name, text,
                     limits.low, limits.high);
        return std::nullopt;
    }
    return value;
}

bool set(Options& o, std::string_view name, const char* text) {
    const auto into = [&](auto& field, Limits limits) {
        const auto value = number(name.data(), text, limits);
        if (value)
            field = static_cast<std::remove_reference_t<decltype(field)>>(*value);
        return value.has_value();
    };
    if (name == "seconds")
        return into(o.seconds, {0.01, 600});
    if (name == "count")
        return into(o.count, {1, 20e6});
    if (name == "warmup")
        return into(o.warmup_seconds, {0, 60});
    if (name == "rate")
        return into(o.rate, {0, 10e6});
    if (name == "peers")
        return into(o.peers, {1, 4e6});
    if (name == "sources")
        return into(o.sources, {0, 60000});
    if (name == "processes")
        return into(o.processes, {0, 1e6});
    if (name == "workers")
        return into(o.workers, {0, 64});
    if (name == "window")
        return into(o.window, {1, 256});
    if (name == "request")
        return into(o.request_bytes, {0, 4096});
    if (name == "hold")
        return into(o.hold_seconds, {0, 600});
    const std::string_view who = text;
    o.closer = who == "server" ? Closer::Server : Closer::Client;
    if (who == "server" || who == "client")
        return true;
    std::fprintf(stderr, "load: --closer %s: wants client or server\n", text);
    return false;
}

/// Fills in missing options; rejects unbounded runs.
bool complete(Options& o) {
    if (o.processes > 0 && o.count == 0) {
        std::fprintf(stderr, "load: --processes needs --count, to share it out\n");
        return false;
    }
    if (o.workers == 0)
        o.workers = static_cast<std::uint32_t>(sysconf(_SC_NPROCESSORS_ONLN));
    if (o.sources == 0) {
        // A (source, destination) pair has 64,000 ports; the search slows down well before they are
        // used up, so a quarter of them is used.
        constexpr double ports_used = 16000, fastest_per_second = 150000;
        const double rate = o.rate ? static_cast<double>(o.rate) : fastest_per_second;
        const double total =
            o.count ? static_cast<double>(o.count) : rate * (o.seconds + o.warmup_seconds);
        o.sources = static_cast<std::uint32_t>(total / (ports_used * o.peers)) + 1;
    }
    return true;
}

} // namespace

std::optional<Options> parse_options(int argc, char** argv, bool& help) {
    static const option long_options[] = {
        {"seconds", 1, nullptr, 0},   {"count", 1, nullptr, 0},   {"warmup", 1, nullptr, 0},
        {"rate", 1, nullptr, 0},      {"peers", 1, nullptr, 0},   {"sources", 1, nullptr, 0},
        {"processes", 1, nullptr, 0}, {"workers", 1, nullptr, 0}, {"window", 1, nullptr, 0},
        {"request", 1, nullptr, 0},   {"closer", 1, nullptr, 0},  {"hold", 1, nullptr, 0},
        {"help", 0, nullptr, 'h'},    {nullptr, 0, nullptr, 0}};
    Options o;
    int index = 0;
    help = false;
    for (int c = 0; (c = getopt_long(argc, argv, "h", long_options, &index)) != -1;) {
        if (c == 'h') {
            help = true;
            std::fputs(usage, stdout);
            return std::nullopt;
        }
        if (c != 0 || !set(o, long_options[index].name, optarg))
            return std::nullopt;
    }
    if (optind != argc) {
        std::fprintf(stderr, "load: %s: not an option; see --help\n", argv[optind]);
        return std::nullopt;
    }
    if (!complete(o))
        return std::nullopt;
    return o;
}

} // namespace load
