// The network namespaces that this host has now.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "account/namespace_views.h"
#include "attribute/netns_names.h"

namespace twtrace {

class NamespaceWatch : public NamespaceViews {
  public:
    /// chosen: inodes; empty: all.
    explicit NamespaceWatch(std::vector<std::uint32_t> chosen = {}) : chosen_(std::move(chosen)) {}

    void find() override;
    void count() override;
    [[nodiscard]] std::optional<NetSettings> usual_settings() const override {
        return default_net_settings();
    }
    [[nodiscard]] std::string name_of(std::uint32_t inode) override {
        return names_.table_name(inode);
    }

  private:
    [[nodiscard]] bool wanted(std::uint32_t inode) const;

    std::vector<std::uint32_t> chosen_;
    std::map<std::uint32_t, std::string> files_; // the files through which they can be entered
    NetnsNames names_;
};

} // namespace twtrace
