// THE table of where names of containers come from: one row for each runtime and place. The reader,
// the table in docs/services.md and the tests are made from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "attribute/cgroup_path.h"
#include "attribute/runtime_names/beneath.h"
#include "attribute/runtime_names/container_names.h"

namespace twtrace {

/// One container, and where the host's files are.
struct RuntimeQuery {
    const CgroupName& cgroup;
    std::string_view cgroup_path;
    const std::string& root; ///< what the paths of the table lie below: "/", or where the host's
                             ///< root is mounted
    std::string_view node;   ///< the host's name
};

struct RuntimeRow {
    std::string_view runtime; ///< as in CgroupName; shown in the documentation
    std::string_view path;    ///< below the root; capital words stand for what differs
    std::string_view reads;
    std::string_view shows;
    /// Adds what it finds to `names`, and leaves alone what is there already.
    void (*read)(const RuntimeQuery& query, ContainerNames& names);
    bool (*applies)(const CgroupName& cgroup);
};

std::span<const RuntimeRow> runtime_table();

} // namespace twtrace
