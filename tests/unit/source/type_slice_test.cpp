#include "catch2.h"

#include <cstdlib>
#include <regex>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "source/try_attach.h"
#include "source/type_slice.h"
#include "util/file.h"

using namespace twtrace;

namespace {

std::span<const std::byte> bytes_of(const btf* types) {
    std::uint32_t size = 0;
    const void* data = btf__raw_data(types, &size);
    return {static_cast<const std::byte*>(data), size};
}

Btf parse(std::span<const std::byte> bytes) {
    return Btf(btf__new(bytes.data(), static_cast<std::uint32_t>(bytes.size())));
}

Btf slice_of(const btf* kernel, const std::unordered_set<std::string_view>& names) {
    const auto bytes = slice_types(bytes_of(kernel), names);
    REQUIRE(bytes.has_value());
    Btf slice = parse(*bytes);
    REQUIRE(slice != nullptr); // libbpf accepts it
    return slice;
}

// struct other; enum color { RED = 7 }; struct inner { const int bits : 3; };
// struct outer { struct inner inner; struct other* link; color_t colors[4]; }; int idle(void);
Btf small_kernel() {
    Btf types(btf__new_empty());
    btf* to = types.get();
    const int number = btf__add_int(to, "int", 4, BTF_INT_SIGNED);
    const int other = btf__add_struct(to, "other", 4);
    btf__add_field(to, "unwanted", number, 0, 0);
    const int link = btf__add_ptr(to, other);
    const int color = btf__add_enum(to, "color", 4);
    btf__add_enum_value(to, "RED", 7);
    const int color_name = btf__add_typedef(to, "color_t", color);
    const int colors = btf__add_array(to, number, color_name, 4);
    const int constant = btf__add_const(to, number);
    const int inner = btf__add_struct(to, "inner", 4);
    btf__add_field(to, "bits", constant, 5, 3);
    btf__add_struct(to, "outer", 32);
    btf__add_field(to, "inner", inner, 0, 0);
    btf__add_field(to, "link", link, 64, 0);
    btf__add_field(to, "colors", colors, 128, 0);
    const int prototype = btf__add_func_proto(to, number);
    btf__add_func(to, "idle", BTF_FUNC_STATIC, prototype);
    const int variable = btf__add_var(to, "variable", BTF_VAR_STATIC, number);
    btf__add_datasec(to, ".data", 4);
    btf__add_datasec_var_info(to, variable, 0, 4);
    btf__add_enum64(to, "large", 8, false);
    btf__add_enum64_value(to, "LARGE", 1ULL << 40U);
    return types;
}

// The part of a type that a relocation depends on: everything but the targets of pointers, as text.
std::string shape(const btf* types, std::uint32_t id, int depth = 0) {
    const btf_type* type = btf__type_by_id(types, id);
    const std::string name = btf__name_by_offset(types, type->name_off);
    std::ostringstream text;
    text << btf_kind(type) << ' ' << name;
    switch (btf_kind(type)) {
    case BTF_KIND_TYPEDEF:
    case BTF_KIND_CONST:
    case BTF_KIND_VOLATILE:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_TYPE_TAG:
        text << " = " << (type->type == 0 ? "void" : shape(types, type->type, depth + 1));
        break;
    case BTF_KIND_ARRAY:
        text << '[' << btf_array(type)->nelems << "] "
             << shape(types, btf_array(type)->type, depth + 1);
        break;
    case BTF_KIND_INT:
        text << ' ' << type->size << ' ' << int{btf_int_encoding(type)} << ' '
             << int{btf_int_bits(type)};
        break;
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        text << ' ' << type->size << " {";
        for (std::uint32_t i = 0; i < btf_vlen(type); ++i) {
            const btf_member& member = btf_members(type)[i];
            text << '\n'
                 << std::string(static_cast<std::size_t>(depth) + 1, ' ')
                 << btf__name_by_offset(types, member.name_off) << " @ "
                 << btf_member_bit_offset(type, i) << ':' << btf_member_bitfield_size(type, i)
                 << ' ' << shape(types, member.type, depth + 1);
        }
        text << '}';
        break;
    case BTF_KIND_ENUM:
        for (std::uint32_t i = 0; i < btf_vlen(type); ++i)
            text << ' ' << btf__name_by_offset(types, btf_enum(type)[i].name_off) << '='
                 << btf_enum(type)[i].val;
        break;
    case BTF_KIND_ENUM64:
        for (std::uint32_t i = 0; i < btf_vlen(type); ++i)
            text << ' ' << btf__name_by_offset(types, btf_enum64(type)[i].name_off) << '='
                 << btf_enum64_value(&btf_enum64(type)[i]);
        break;
    default: // a pointer, or a type without further details
        break;
    }
    return text.str();
}

bool is_candidate(const btf_type* type) {
    return btf_is_composite(type) || btf_is_any_enum(type) || btf_is_typedef(type);
}

// The shapes of all types of that name, in the order of their ids.
std::vector<std::string> shapes(const btf* types, const std::string& name) {
    std::vector<std::string> found;
    for (std::uint32_t id = 1; id < btf__type_cnt(types); ++id) {
        const btf_type* type = btf__type_by_id(types, id);
        if (is_candidate(type) && btf__name_by_offset(types, type->name_off) == name)
            found.push_back(shape(types, id));
    }
    return found;
}

} // namespace

TEST_CASE("type slice: contains the types of members, not those behind pointers", "[source]") {
    const Btf kernel = small_kernel();
    const Btf slice = slice_of(kernel.get(), {"outer", "absent"});
    REQUIRE(shapes(kernel.get(), "outer").size() == 1);
    CHECK(shapes(slice.get(), "outer") == shapes(kernel.get(), "outer"));
    CHECK(shapes(slice.get(), "inner") == shapes(kernel.get(), "inner"));
    CHECK(shapes(slice.get(), "color_t") == shapes(kernel.get(), "color_t"));
    CHECK(shapes(slice.get(), "other").empty());
    CHECK(shapes(slice.get(), "large").empty());
    CHECK(btf__find_by_name(slice.get(), "unwanted") < 0);
    const int outer = btf__find_by_name_kind(slice.get(), "outer", BTF_KIND_STRUCT);
    REQUIRE(outer > 0);
    const btf_type* type = btf__type_by_id(slice.get(), static_cast<std::uint32_t>(outer));
    const btf_type* link = btf__type_by_id(slice.get(), btf_members(type)[1].type);
    CHECK(btf_is_ptr(link));
    CHECK(link->type == 0);
}

TEST_CASE("type slice: a flavour asks for the kernel's type, and finds all of that name",
          "[source]") {
    CHECK(essential_name("file___up_to_6_12") == "file");
    CHECK(essential_name("file") == "file");
    CHECK(essential_name("a___b___c") == "a");
    CHECK(essential_name("___file") == "___file"); // libbpf: a name must precede the underscores
    const Btf kernel = small_kernel();
    btf__add_union(kernel.get(), "other", 8);
    const Btf slice = slice_of(kernel.get(), {"other", "large"});
    CHECK(shapes(slice.get(), "other").size() == 2);
    CHECK(shapes(slice.get(), "other") == shapes(kernel.get(), "other"));
    CHECK(shapes(slice.get(), "large") == shapes(kernel.get(), "large"));
    CHECK(shapes(slice.get(), "outer").empty());
}

TEST_CASE("type slice: damaged input is refused", "[source]") {
    const Btf kernel = small_kernel();
    const auto whole = bytes_of(kernel.get());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        INFO(length);
        // A separate copy, so that the address sanitizer detects reads past its end.
        const std::vector<std::byte> part(whole.begin(),
                                          whole.begin() + static_cast<std::ptrdiff_t>(length));
        CHECK_FALSE(slice_types(part, {"outer"}).has_value());
    }
    std::vector<std::byte> foreign(whole.begin(), whole.end());
    std::swap(foreign[0], foreign[1]); // the other byte order
    CHECK_FALSE(slice_types(foreign, {"outer"}).has_value());
    std::vector<std::byte> newer(whole.begin(), whole.end());
    newer[sizeof(btf_header) + 7] = std::byte{31}; // the kind of the first type
    CHECK_FALSE(slice_types(newer, {"outer"}).has_value());
}

// With any bytes: no read out of bounds, and no endless loop.
TEST_CASE("type slice: every byte may be damaged", "[source]") {
    const Btf kernel = small_kernel();
    const auto whole = bytes_of(kernel.get());
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::vector<std::byte> wrong(whole.begin(), whole.end());
        for (const unsigned value : {0U, 1U, 3U, 0x7fU, 0xffU}) {
            wrong[at] = static_cast<std::byte>(value);
            const auto slice = slice_types(wrong, {"outer", "color_t", "large"});
            CHECK((!slice.has_value() || slice->size() < 8 * whole.size()));
        }
    }
}

TEST_CASE("type slice: equals all types for the running kernel", "[source]") {
    const Btf kernel(btf__load_vmlinux_btf());
    if (kernel == nullptr) {
        const char* required = std::getenv("TWTRACE_REQUIRE_BPF");
        REQUIRE((required == nullptr || std::string_view(required) != "1"));
        WARN("SKIP: no type information of a kernel here");
        return;
    }
    const std::string header = read_file(TWTRACE_SOURCE "/vmlinux/vmlinux.h").value();
    std::vector<std::string> names;
    const std::regex definition(R"((?:struct|enum) (\w+) \{)");
    for (std::sregex_iterator found(header.begin(), header.end(), definition), end; found != end;
         ++found) {
        const std::string name = (*found)[1];
        names.emplace_back(essential_name(name));
    }
    REQUIRE(names.size() > 30);
    const Btf slice =
        slice_of(kernel.get(), std::unordered_set<std::string_view>(names.begin(), names.end()));
    CHECK(btf__type_cnt(slice.get()) * 20 < btf__type_cnt(kernel.get()));
    for (const std::string& name : names) {
        INFO(name);
        const auto wanted = shapes(kernel.get(), name);
        CHECK_FALSE(wanted.empty());
        CHECK(shapes(slice.get(), name) == wanted);
    }
}
