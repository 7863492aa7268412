#include "app/open_source.h"

#include "app/live_run.h"
#include "app/replay.h"

namespace twtrace {

Result<std::unique_ptr<EventSource>> open_source(const Options& options, const Wanted& wanted) {
    if (!options.from.empty()) {
        auto replay = Replay::open(options);
        if (!replay)
            return tl::unexpected(replay.error());
        return std::unique_ptr<EventSource>(*std::move(replay));
    }
    auto run = LiveRun::start(options, wanted);
    if (!run)
        return tl::unexpected(run.error());
    return std::unique_ptr<EventSource>(std::make_unique<LiveRun>(*std::move(run)));
}

} // namespace twtrace
