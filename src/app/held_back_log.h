// Defers log messages while the screen is in use, and prints them to standard error afterwards.
#pragma once

#include <memory>

#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

namespace twtrace {

class HeldBackLog {
  public:
    HeldBackLog() : before_(spdlog::default_logger()) {
        auto logger = std::make_shared<spdlog::logger>("twtrace", held_);
        logger->set_level(before_->level());
        spdlog::set_default_logger(std::move(logger));
    }
    ~HeldBackLog() {
        spdlog::set_default_logger(before_);
        for (const auto& message : held_->last_raw())
            before_->log(message.level, message.payload);
    }
    HeldBackLog(const HeldBackLog&) = delete;
    HeldBackLog& operator=(const HeldBackLog&) = delete;

  private:
    static constexpr std::size_t max_messages = 50;
    std::shared_ptr<spdlog::logger> before_;
    std::shared_ptr<spdlog::sinks::ringbuffer_sink_st> held_ =
        std::make_shared<spdlog::sinks::ringbuffer_sink_st>(max_messages);
};

} // namespace twtrace
