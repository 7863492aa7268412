// Events of time-wait minisocks, on hosts that allow fentry (bpf/ends.bpf.c).
#pragma once

#include <cstdint>
#include <memory>

#include "twtrace/wire.h"
#include "util/result.h"

namespace twtrace {

/// Success if it would work here, else the kernel function that can't be traced, and the kernel's
/// error. Attaches a program that does nothing, for a moment; only one, because the kernel waits
/// for a grace period with each.
Result<void> probe_ends();

class EndsSource {
  public:
    /// The shared parts of the main object.
    struct Shared {
        int ring;     ///< the ring for the records
        int sleeping; ///< the .bss, which begins with reader_sleeps
    };
    /// Loads and attaches. Reports only the network namespaces of the gate: closers are not known
    /// elsewhere.
    static Result<EndsSource> open(Shared shared, const twtrace_config& gate);

    EndsSource(EndsSource&&) noexcept;
    EndsSource& operator=(EndsSource&&) noexcept;
    EndsSource(const EndsSource&) = delete;
    EndsSource& operator=(const EndsSource&) = delete;
    ~EndsSource();

    void detach();
    /// Records that found the ring full, and runs that the kernel skipped.
    [[nodiscard]] std::uint64_t lost() const;

  private:
    struct Impl;
    explicit EndsSource(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace twtrace
