// What the doctor knows of a host beside the events, live or of a recording.
#pragma once

#include <memory>

#include "app/doctor_look.h"
#include "app/event_source.h"
#include "app/replay.h"
#include "app/replayed_facts.h"

namespace twtrace {

class HostFacts {
  public:
    /// Where the span begins. Error: as of DoctorLook::begin().
    static Result<std::unique_ptr<HostFacts>> begin(const Options& options,
                                                    const EventSource& source) {
        std::unique_ptr<HostFacts> facts(new HostFacts(options.filter));
        if (const auto* replay = dynamic_cast<const Replay*>(&source)) {
            facts->replayed_.emplace(*replay);
            facts->replay_ = replay;
        } else if (auto begun = facts->look_.begin(); !begun) {
            return tl::unexpected(begun.error());
        }
        return facts;
    }
    /// At its end. seen has its flows already.
    void end(doctor::Observations& seen) {
        if (replayed_)
            replayed_->fill(seen);
        else
            look_.end(seen);
    }
    [[nodiscard]] std::vector<std::string> notes() const {
        return replay_ != nullptr ? replay_->notes() : look_.notes();
    }

  private:
    explicit HostFacts(const Filter& filter) : look_(filter) {}
    doctor::DoctorLook look_;
    std::optional<ReplayedFacts> replayed_;
    const Replay* replay_ = nullptr;
};

} // namespace twtrace
