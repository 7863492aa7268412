// Surveys, in a separate thread, the listeners of this host and the owners of its network
// namespaces: the names of remote ends (HostServices).
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "attribute/host_services.h"
#include "attribute/listener_lists.h"

namespace twtrace {

/// One survey: a walk over /proc for the namespaces, another for the holders of the listening
/// sockets. root: directory that the files of container runtimes are below.
std::shared_ptr<const HostServices> survey_host(const std::string& root, ListenerLists& lists);

class HostSurvey {
  public:
    explicit HostSurvey(std::string root);
    /// Starts the thread. It surveys at once, then every five seconds while there are events,
    /// sooner on request, and less often if the surveys take more than half a percent of the time.
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
