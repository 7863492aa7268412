#include "privilege/capabilities.h"

#include <cap-ng.h>
#include <linux/capability.h>

namespace twtrace {

namespace {

bool change_effective(capng_act_t action, unsigned capability) {
    return capng_update(action, CAPNG_EFFECTIVE, capability) == 0 &&
           capng_apply(CAPNG_SELECT_CAPS) == 0;
}

} // namespace

bool has_capability(unsigned capability) {
    return capng_get_caps_process() == 0 && capng_have_capability(CAPNG_EFFECTIVE, capability) == 1;
}

RaisedCapability::RaisedCapability(unsigned capability) : capability_(capability) {
    raised_ = capng_get_caps_process() == 0 &&
              capng_have_capability(CAPNG_EFFECTIVE, capability) == 0 &&
              capng_have_capability(CAPNG_PERMITTED, capability) == 1 &&
              change_effective(CAPNG_ADD, capability);
}

RaisedCapability::~RaisedCapability() {
    if (raised_)
        change_effective(CAPNG_DROP, capability_);
}

std::vector<unsigned> capabilities_for(const Duties& duties) {
    std::vector<unsigned> wanted;
    if (duties.reads_maps)
        wanted.push_back(CAP_BPF);
    if (duties.reads_processes)
        wanted.push_back(CAP_SYS_PTRACE);
    if (duties.reads_anywhere)
        wanted.push_back(CAP_DAC_READ_SEARCH);
    if (duties.enters_namespaces)
        wanted.push_back(CAP_SYS_ADMIN);
    if (duties.writes_anywhere)
        wanted.push_back(CAP_DAC_OVERRIDE);
    if (duties.has_child)
        wanted.push_back(CAP_KILL);
    return wanted;
}

Result<std::vector<std::string>> keep_capabilities(const Duties& duties) {
    if (capng_get_caps_process() != 0)
        return fail("capabilities are kept: they cannot be read");
    std::vector<unsigned> kept;
    for (const unsigned capability : capabilities_for(duties))
        if (capng_have_capability(CAPNG_PERMITTED, capability) == 1)
            kept.push_back(capability);
    const bool may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1;
    capng_clear(CAPNG_SELECT_ALL);
    std::vector<std::string> names;
    for (const unsigned capability : kept) {
        capng_update(CAPNG_ADD, static_cast<capng_type_t>(CAPNG_PERMITTED | CAPNG_BOUNDING_SET),
                     capability);
        if (capability != CAP_SYS_ADMIN)
            capng_update(CAPNG_ADD, CAPNG_EFFECTIVE, capability);
        names.emplace_back(capng_capability_to_name(capability));
    }
    // The bounding set only limits what execve() could give back, and nothing is executed.
    if (may_bound)
        capng_apply(CAPNG_SELECT_BOUNDS);
    if (capng_apply(CAPNG_SELECT_CAPS) != 0)
        return fail("capabilities are kept: the kernel refuses to drop them");
    return names;
}

void drop_bounding_set() {
    if (capng_get_caps_process() != 0)
        return;
    capng_clear(CAPNG_SELECT_BOUNDS);
    capng_apply(CAPNG_SELECT_BOUNDS);
}

} // namespace twtrace
