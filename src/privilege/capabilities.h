// Capabilities of this process (capabilities(7)).
#pragma once

#include <string>
#include <vector>

#include "privilege/duties.h"
#include "util/result.h"

namespace twtrace {

/// For the calling thread. capability: a constant of linux/capability.h.
bool has_capability(unsigned capability);

/// Makes a permitted capability effective for the calling thread, as long as the object lives.
class RaisedCapability {
  public:
    explicit RaisedCapability(unsigned capability);
    ~RaisedCapability();
    RaisedCapability(const RaisedCapability&) = delete;
    RaisedCapability& operator=(const RaisedCapability&) = delete;

  private:
    unsigned capability_;
    bool raised_ = false;
};

/// The capabilities (linux/capability.h) that the duties require, whether held or not.
std::vector<unsigned> capabilities_for(const Duties& duties);

/// Drops every other capability from the calling thread's sets and, if permitted, its bounding set.
/// CAP_SYS_ADMIN stays permitted, and is effective only while a RaisedCapability exists.
/// Threads that it starts later inherit this. Returns the names of the remaining ones, such as
/// "bpf"; error: none could be dropped.
Result<std::vector<std::string>> keep_capabilities(const Duties& duties);

/// Empties the calling thread's bounding set, if permitted: it limits what execve() could give.
void drop_bounding_set();

} // namespace twtrace
