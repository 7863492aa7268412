// The network namespaces of a recording at the time that is replayed.
#pragma once

#include <algorithm>
#include <vector>

#include "app/replay.h"

namespace twtrace {

class ReplayedNamespaces : public NamespaceViews {
  public:
    ReplayedNamespaces(const Replay& replay, std::vector<std::uint32_t> chosen)
        : replay_(replay), chosen_(std::move(chosen)) {}

    void find() override {
        for (const auto& [inode, known] : replay_.netns())
            if (chosen_.empty() ||
                std::find(chosen_.begin(), chosen_.end(), inode) != chosen_.end())
                views_[inode].settings = known.record.settings;
    }
    void count() override {
        for (auto& [inode, view] : views_)
            view.counts = replay_.netns().at(inode).counts;
    }
    /// Not known: a recorder notes the settings that it could read.
    [[nodiscard]] std::optional<NetSettings> usual_settings() const override { return {}; }
    [[nodiscard]] std::string name_of(std::uint32_t inode) override {
        const auto found = replay_.netns().find(inode);
        return found == replay_.netns().end() || found->second.record.name.empty()
                   ? std::to_string(inode)
                   : found->second.record.name;
    }

  private:
    const Replay& replay_;
    std::vector<std::uint32_t> chosen_;
};

} // namespace twtrace
