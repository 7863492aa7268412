#include "source/relocation_types.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_set>
#include <utility>
#include <vector>

#include <bpf/btf.h>
#include <fmt/format.h>

#include "source/preflight.h"
#include "source/type_slice.h"
#include "util/file.h"
#include "util/mapping.h"

namespace twtrace {

namespace {

constexpr std::size_t max_bytes = std::size_t{64} << 20U;

tl::unexpected<Error> failed(const char* what) {
    return fail(fmt::format("{}: {}", what, std::strerror(errno)));
}

// Mapped from Linux 6.16 on; before, it is read in 1,300 pieces.
class KernelBlob {
  public:
    static Result<KernelBlob> open() {
        const Fd file(::open(kernel_btf_path, O_RDONLY | O_CLOEXEC));
        struct stat status {};
        if (!file || fstat(file.get(), &status) != 0)
            return failed(kernel_btf_path);
        KernelBlob blob;
        blob.map_ =
            Mapping(file.get(), static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE);
        if (blob.map_)
            return blob;
        auto text = read_again(file, max_bytes);
        if (!text)
            return failed(kernel_btf_path);
        blob.text_ = *std::move(text);
        return blob;
    }

    [[nodiscard]] std::span<const std::byte> bytes() const {
        return map_ ? map_.bytes() : std::as_bytes(std::span(text_));
    }

  private:
    Mapping map_;
    std::string text_;
};

// All names, because libbpf does not expose which types its relocations refer to.
std::unordered_set<std::string_view> names_in(const btf* types) {
    std::unordered_set<std::string_view> names;
    for (std::uint32_t id = 1; id < btf__type_cnt(types); ++id)
        names.insert(
            essential_name(btf__name_by_offset(types, btf__type_by_id(types, id)->name_off)));
    return names;
}

// From 6.3 on the kernel expects a flag that the file is not executable; older kernels do not know
// the flag.
Fd file_in_memory() {
    constexpr unsigned no_program = 8; // MFD_NOEXEC_SEAL
    Fd file(memfd_create("twtrace-types", MFD_CLOEXEC | no_program));
    return file || errno != EINVAL ? std::move(file)
                                   : Fd(memfd_create("twtrace-types", MFD_CLOEXEC));
}

} // namespace

Result<RelocationTypes> RelocationTypes::create() {
    RelocationTypes types;
    types.file_ = file_in_memory();
    if (!types.file_)
        return failed("memfd_create");
    types.path_ = fmt::format("/proc/self/fd/{}", types.file_.get());
    if (!Fd(open(types.path(), O_RDONLY | O_CLOEXEC))) // as libbpf does later
        return failed(types.path());
    return types;
}

Result<void> RelocationTypes::fill(const btf* own) {
    const auto kernel = KernelBlob::open();
    if (!kernel)
        return tl::unexpected(kernel.error());
    const auto slice = slice_types(kernel->bytes(), names_in(own));
    if (!slice)
        return tl::unexpected(slice.error());
    if (!write_all(file_, {reinterpret_cast<const char*>(slice->data()), slice->size()}))
        return failed(path());
    return {};
}

} // namespace twtrace
