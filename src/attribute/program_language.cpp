#include "attribute/program_language.h"

#include <array>
#include <bit>

#include <elf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/fd.h"
#include "util/hash.h"

namespace twtrace {

namespace {

constexpr std::size_t max_names_bytes = 16'384; // Go's own tool chain writes about 300

template <typename Header>
bool read_at(int fd, std::uint64_t offset, Header& header) {
    return pread(fd, &header, sizeof header, static_cast<off_t>(offset)) ==
           static_cast<ssize_t>(sizeof header);
}

bool may_block(int fd) {
    struct statfs system {};
    return fstatfs(fd, &system) != 0 || system.f_type == FUSE_SUPER_MAGIC ||
           system.f_type == NFS_SUPER_MAGIC;
}

} // namespace

std::string_view language_of_file(int fd) {
    constexpr unsigned char own_order =
        std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    Elf64_Ehdr header{};
    Elf64_Shdr names{};
    if (!read_at(fd, 0, header) ||
        std::string_view(ELFMAG) !=
            std::string_view(reinterpret_cast<const char*>(header.e_ident), SELFMAG) ||
        header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != own_order ||
        header.e_shentsize != sizeof names ||
        !read_at(fd, header.e_shoff + std::uint64_t{header.e_shstrndx} * sizeof names, names))
        return {};
    std::string text(std::min<std::uint64_t>(names.sh_size, max_names_bytes), '\0');
    if (pread(fd, text.data(), text.size(), static_cast<off_t>(names.sh_offset)) !=
        static_cast<ssize_t>(text.size()))
        return {};
    using namespace std::string_view_literals;
    return text.find("\0.go.buildinfo\0"sv) != std::string::npos ? "go" : "";
}

std::size_t ProgramLanguages::KeyHash::operator()(const Key& key) const {
    return mix(mix(key.device, key.inode), static_cast<std::uint64_t>(key.changed_ns));
}

std::string_view ProgramLanguages::of(std::uint32_t pid) {
    const std::string path = proc_root_ + "/" + std::to_string(pid) + "/exe";
    struct stat status {};
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
        return {};
    const Key key{status.st_dev, status.st_ino,
                  status.st_mtim.tv_sec * 1'000'000'000 + status.st_mtim.tv_nsec};
    if (const std::string_view* known = known_.find(key))
        return *known;
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    return known_.put(key, file && !may_block(file.get()) ? language_of_file(file.get()) : "");
}

} // namespace twtrace
