#include "source/type_slice.h"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>

#include <bpf/btf.h>

namespace twtrace {

namespace {

using Bytes = std::span<const std::byte>;

tl::unexpected<Error> damaged(const char* what) {
    return fail(std::string("kernel type information: ") + what);
}

// Size of the data after struct btf_type; none: unknown kind.
std::optional<std::size_t> trailing_bytes(const btf_type& type) {
    const std::size_t count = btf_vlen(&type);
    switch (btf_kind(&type)) {
    case BTF_KIND_PTR:
    case BTF_KIND_FWD:
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_CONST:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_FUNC:
    case BTF_KIND_FLOAT:
    case BTF_KIND_TYPE_TAG:
        return 0;
    case BTF_KIND_INT:
        return sizeof(std::uint32_t);
    case BTF_KIND_ARRAY:
        return sizeof(struct btf_array); // libbpf has functions of these names
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        return count * sizeof(btf_member);
    case BTF_KIND_ENUM:
        return count * sizeof(struct btf_enum);
    case BTF_KIND_ENUM64:
        return count * sizeof(struct btf_enum64);
    case BTF_KIND_FUNC_PROTO:
        return count * sizeof(btf_param);
    case BTF_KIND_VAR:
        return sizeof(struct btf_var);
    case BTF_KIND_DATASEC:
        return count * sizeof(btf_var_secinfo);
    case BTF_KIND_DECL_TAG:
        return sizeof(struct btf_decl_tag);
    default:
        return std::nullopt;
    }
}

// Whether a program can be relocated against this type.
bool is_root(const btf_type& type) {
    return btf_is_composite(&type) || btf_is_any_enum(&type) || btf_is_typedef(&type);
}

// Whether the type has a size, so that another type can contain it.
bool is_object(const btf_type& type) {
    switch (btf_kind(&type)) {
    case BTF_KIND_FUNC:
    case BTF_KIND_FUNC_PROTO:
    case BTF_KIND_VAR:
    case BTF_KIND_DATASEC:
    case BTF_KIND_DECL_TAG:
        return false;
    default:
        return true;
    }
}

// All types of the kernel, with the offset of each.
class KernelTypes {
  public:
    static Result<KernelTypes> of(Bytes kernel);

    [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(at_.size()); }
    [[nodiscard]] const btf_type& type(std::uint32_t id) const {
        return *reinterpret_cast<const btf_type*>(types_.data() + at_[id]);
    }
    [[nodiscard]] Bytes record(std::uint32_t id) const {
        const std::size_t end = id + 1 < at_.size() ? at_[id + 1] : types_.size();
        return types_.subspan(at_[id], end - at_[id]);
    }
    [[nodiscard]] std::string_view name(std::uint32_t offset) const {
        return offset < strings_.size() ? reinterpret_cast<const char*>(strings_.data() + offset)
                                        : std::string_view();
    }

  private:
    Bytes types_;
    Bytes strings_; // each string ends with a zero byte, the last one included
    std::vector<std::uint32_t> at_;
};

Result<KernelTypes> KernelTypes::of(Bytes kernel) {
    btf_header header{};
    if (kernel.size() < sizeof(header))
        return damaged("no header");
    std::memcpy(&header, kernel.data(), sizeof(header));
    if (header.magic != BTF_MAGIC || header.version != BTF_VERSION ||
        header.hdr_len < sizeof(header) || header.hdr_len % alignof(btf_type) != 0 ||
        header.type_off % alignof(btf_type) != 0)
        return damaged("unknown header");
    const std::uint64_t end_of_types =
        std::uint64_t{header.hdr_len} + header.type_off + header.type_len;
    const std::uint64_t strings = std::uint64_t{header.hdr_len} + header.str_off;
    if (end_of_types > kernel.size() || strings + header.str_len > kernel.size())
        return damaged("truncated");
    KernelTypes all;
    all.types_ = kernel.subspan(header.hdr_len + header.type_off, header.type_len);
    all.strings_ = kernel.subspan(strings, header.str_len);
    if (all.strings_.empty() || all.strings_.back() != std::byte{0})
        return damaged("unterminated strings");
    all.at_.reserve(header.type_len / 24); // average size of a type
    all.at_.push_back(0);                  // void, which is not stored
    for (std::size_t at = 0; at < all.types_.size();) {
        if (all.types_.size() - at < sizeof(btf_type))
            return damaged("half a type");
        const auto& type = *reinterpret_cast<const btf_type*>(all.types_.data() + at);
        const auto trailing = trailing_bytes(type);
        if (!trailing)
            return damaged("unknown kind of type");
        all.at_.push_back(static_cast<std::uint32_t>(at));
        at += sizeof(type) + *trailing;
        if (at > all.types_.size())
            return damaged("half a type");
    }
    return all;
}

// The selected types, numbered in the order of their requests.
class Slice {
  public:
    explicit Slice(const KernelTypes& kernel) : kernel_(kernel), ids_(kernel.count()) {}

    // The id in the slice of one of the kernel's types, which is added if it is new.
    std::uint32_t id_of(std::uint32_t kernel_id) {
        if (kernel_id == 0 || kernel_id >= ids_.size() || !is_object(kernel_.type(kernel_id)))
            return 0;
        if (ids_[kernel_id] == 0) {
            requested_.push_back(kernel_id);
            ids_[kernel_id] = static_cast<std::uint32_t>(requested_.size());
        }
        return ids_[kernel_id];
    }

    std::vector<std::byte> write() {
        for (std::size_t index = 0; index < requested_.size(); ++index)
            append(requested_[index]);
        btf_header header{};
        header.magic = BTF_MAGIC;
        header.version = BTF_VERSION;
        header.hdr_len = sizeof(header);
        header.type_len = static_cast<std::uint32_t>(types_.size());
        header.str_off = header.type_len;
        header.str_len = static_cast<std::uint32_t>(strings_.size());
        std::vector<std::byte> blob(sizeof(header));
        std::memcpy(blob.data(), &header, sizeof(header));
        blob.insert(blob.end(), types_.begin(), types_.end());
        const auto strings = std::as_bytes(std::span(strings_));
        blob.insert(blob.end(), strings.begin(), strings.end());
        return blob;
    }

  private:
    std::uint32_t name(std::uint32_t kernel_offset) {
        const auto [known, is_new] =
            names_.emplace(kernel_offset, static_cast<std::uint32_t>(strings_.size()));
        if (is_new) {
            strings_ += kernel_.name(kernel_offset);
            strings_ += '\0';
        }
        return known->second;
    }

    void append(std::uint32_t kernel_id) {
        const Bytes record = kernel_.record(kernel_id);
        const std::size_t at = types_.size();
        types_.insert(types_.end(), record.begin(), record.end());
        auto& type = *reinterpret_cast<btf_type*>(types_.data() + at);
        type.name_off = name(type.name_off);
        switch (btf_kind(&type)) {
        case BTF_KIND_PTR:
            type.type = 0;
            break;
        case BTF_KIND_TYPEDEF:
        case BTF_KIND_VOLATILE:
        case BTF_KIND_CONST:
        case BTF_KIND_RESTRICT:
        case BTF_KIND_TYPE_TAG:
            type.type = id_of(type.type);
            break;
        case BTF_KIND_ARRAY:
            btf_array(&type)->type = id_of(btf_array(&type)->type);
            btf_array(&type)->index_type = id_of(btf_array(&type)->index_type);
            break;
        case BTF_KIND_STRUCT:
        case BTF_KIND_UNION:
            for (auto& member : std::span(btf_members(&type), btf_vlen(&type))) {
                member.name_off = name(member.name_off);
                member.type = id_of(member.type);
            }
            break;
        case BTF_KIND_ENUM:
            for (auto& value : std::span(btf_enum(&type), btf_vlen(&type)))
                value.name_off = name(value.name_off);
            break;
        case BTF_KIND_ENUM64:
            for (auto& value : std::span(btf_enum64(&type), btf_vlen(&type)))
                value.name_off = name(value.name_off);
            break;
        default: // refers to nothing
            break;
        }
    }

    const KernelTypes& kernel_;
    std::vector<std::uint32_t> ids_;       // by the kernel's id; 0: not requested
    std::vector<std::uint32_t> requested_; // the kernel's id, by slice id - 1
    std::vector<std::byte> types_;
    std::string strings_ = std::string(1, '\0');
    std::unordered_map<std::uint32_t, std::uint32_t> names_{{0, 0}}; // kernel offset, slice offset
};

} // namespace

std::string_view essential_name(std::string_view name) {
    return name.substr(0, name.find("___", 1));
}

Result<std::vector<std::byte>> slice_types(Bytes kernel,
                                           const std::unordered_set<std::string_view>& names) {
    const auto types = KernelTypes::of(kernel);
    if (!types)
        return tl::unexpected(types.error());
    Slice slice(*types);
    for (std::uint32_t id = 1; id < types->count(); ++id) {
        const btf_type& type = types->type(id);
        if (type.name_off != 0 && is_root(type) &&
            names.contains(essential_name(types->name(type.name_off))))
            slice.id_of(id);
    }
    return slice.write();
}

} // namespace twtrace
