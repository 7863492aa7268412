// The table of the sources of container names: one row for each runtime and path. The readers, the
// table in docs/services.md and the tests use it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "attribute/cgroup_path.h"
#include "attribute/runtime_names/beneath.h"
#include "attribute/runtime_names/container_names.h"

namespace twtrace {

/// One container, and the location of the host's files.
struct RuntimeQuery {
    const CgroupName& cgroup;
    std::string_view cgroup_path;
    /// Directory that the paths of the table are below: "/", or where the host's root is mounted.
    const std::string& root;
    std::string_view node; ///< the host's name
};

struct RuntimeRow {
    std::string_view runtime; ///< as in CgroupName; shown in the documentation
    std::string_view path;    ///< below the root; words in capitals are placeholders
    std::string_view reads;
    std::string_view shows;
    /// Adds what it finds to `names`, and keeps what is already there.
    void (*read)(const RuntimeQuery& query, ContainerNames& names);
    bool (*applies)(const CgroupName& cgroup);
};

std::span<const RuntimeRow> runtime_table();

} // namespace twtrace
