// Looks, in a thread of its own, at who listens on this host and whose the network namespaces are:
// the names of the other ends (HostServices).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "attribute/host_services.h"

namespace twtrace {

/// One look: a walk over /proc for the namespaces, another for the holders of the listening
/// sockets. root: what the files of container runtimes lie below.
std::shared_ptr<const HostServices> survey_host(const std::string& root);

class HostSurvey {
  public:
    explicit HostSurvey(std::string root);
    /// Starts the thread: a look at once, then every five seconds while there are events, sooner
    /// where somebody wants it, and less often where it costs more than half a percent of the time.
    void begin();
    ~HostSurvey();
    HostSurvey(const HostSurvey&) = delete;
    HostSurvey& operator=(const HostSurvey&) = delete;

    [[nodiscard]] const std::shared_ptr<HostServicesBox>& box() const { return box_; }

  private:
    void work();
    bool sleep(std::uint64_t cost_ns);

    std::string root_;
    std::shared_ptr<HostServicesBox> box_ = std::make_shared<HostServicesBox>();
    std::mutex mutex_;
    std::condition_variable stopped_;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace twtrace
