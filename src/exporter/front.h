// The process that faces the network: it parses requests, checks passwords and answers, without
// privileges (privilege/sandbox.h). It asks the publisher for the pages.
#pragma once

#include <array>
#include <optional>

#include "exporter/credentials.h"
#include "exporter/http_server.h"
#include "exporter/page_channel.h"
#include "privilege/sandbox.h"
#include "util/result.h"

namespace twtrace {

class Front {
  public:
    /// `server` and `credentials` are moved to the child.
    static Result<Sandbox> start(HttpServer server, std::optional<Credentials> credentials);

    /// `channel` leads to the publisher.
    Front(HttpServer& server, const std::optional<Credentials>& credentials, int channel)
        : server_(server), credentials_(credentials), channel_(channel) {}
    /// Answers until the publisher closes the channel.
    void run();

  private:
    struct Kept {
        PageReply reply;
        HttpServer::Clock::time_point until;
    };
    HttpReply answer(const HttpRequest& request);
    HttpReply page(Page page, std::string_view type);

    HttpServer& server_;
    const std::optional<Credentials>& credentials_;
    int channel_;
    bool publisher_gone_ = false;
    std::map<Page, Kept> kept_;
};

} // namespace twtrace
