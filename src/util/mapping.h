// A mapped part of a file or of kernel memory, unmapped by the destructor.
#pragma once

#include <cstddef>
#include <span>
#include <sys/mman.h>
#include <utility>

namespace twtrace {

class Mapping {
  public:
    /// access and flags as for mmap(); on failure there are no bytes, and errno is set.
    Mapping(int fd, std::size_t bytes, int access, int flags, std::size_t offset = 0) {
        void* at = mmap(nullptr, bytes, access, flags, fd, static_cast<off_t>(offset));
        if (at != MAP_FAILED)
            bytes_ = {static_cast<std::byte*>(at), bytes};
    }
    Mapping() = default;
    Mapping(Mapping&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    Mapping& operator=(Mapping&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;
    ~Mapping() {
        if (!bytes_.empty())
            munmap(bytes_.data(), bytes_.size());
    }

    [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }
    explicit operator bool() const { return !bytes_.empty(); }

  private:
    std::span<std::byte> bytes_;
};

} // namespace twtrace
