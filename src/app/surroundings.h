// What a live view shows besides events: namespaces, their limits and ports, and the accounting.
#pragma once

#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "app/event_source.h"
#include "cli/options.h"
#include "top/picture.h"

namespace twtrace {

class Surveyor {
  public:
    Surveyor(const Options& options, const EventSource& source);

    /// Updates what is due. Takes at most half a percent of the time, however many namespaces there
    /// are.
    void update(const Accounting& accounting, const Flows& flows, std::uint64_t now_ns);
    [[nodiscard]] const Surroundings& surroundings() const { return surroundings_; }

  private:
    void notice_new(const Flows& flows);
    void find_namespaces();
    void count_sockets();
    void measure(std::uint64_t now_ns);
    void count_entries(std::uint64_t until_ns);

    struct Sample {
        std::uint64_t until_ns;
        std::uint64_t entered; ///< captured + lost + missed
    };
    const EventSource& source_;
    std::unique_ptr<NamespaceViews> watch_;
    std::unordered_map<std::uint32_t, std::string> name_of_;
    std::unordered_set<std::uint32_t> searched_; ///< each is searched for once
    bool has_new_ = false;
    std::uint64_t next_find_ns_ = 0;
    std::uint64_t find_soonest_ns_ = 0;
    std::uint64_t next_count_ns_ = 0;
    std::deque<Sample> samples_; ///< of the last five seconds
    Surroundings surroundings_;
};

} // namespace twtrace
