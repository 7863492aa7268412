#include "attribute/program_language.h"

#include <cstring>

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "catch2.h"
#include "util/fd.h"

using namespace twtrace;

namespace {

struct Image {
    Elf64_Ehdr header{};
    Elf64_Shdr sections[2]{};
    char names[64]{};
};

Image image_with(const char* section) {
    Image image;
    std::memcpy(image.header.e_ident, ELFMAG, SELFMAG);
    image.header.e_ident[EI_CLASS] = ELFCLASS64;
    const std::uint16_t one = 1;
    image.header.e_ident[EI_DATA] =
        *reinterpret_cast<const char*>(&one) == 1 ? ELFDATA2LSB : ELFDATA2MSB;
    image.header.e_shoff = offsetof(Image, sections);
    image.header.e_shentsize = sizeof(Elf64_Shdr);
    image.header.e_shnum = 2;
    image.header.e_shstrndx = 1;
    image.sections[1].sh_offset = offsetof(Image, names);
    image.sections[1].sh_size = sizeof image.names;
    std::strcpy(image.names + 1, section);
    return image;
}

std::string language_of(const void* bytes, std::size_t size) {
    const Fd file(memfd_create("program", MFD_CLOEXEC));
    REQUIRE(write(file.get(), bytes, size) == static_cast<ssize_t>(size));
    return std::string(language_of_file(file.get()));
}

} // namespace

TEST_CASE("program language: Go programs have a section of their tool chain") {
    Image image = image_with(".go.buildinfo");
    CHECK(language_of(&image, sizeof image) == "go");
    image = image_with(".not.go.buildinfo");
    CHECK(language_of(&image, sizeof image).empty());
    image = image_with(".text");
    CHECK(language_of(&image, sizeof image).empty());
}

TEST_CASE("program language: unknown for a file that is not ELF, and for a hostile one") {
    CHECK(language_of("", 0).empty());
    CHECK(language_of("#!/bin/sh\n", 10).empty());
    Image image = image_with(".go.buildinfo");
    CHECK(language_of(&image, sizeof image.header).empty());
    image.sections[1].sh_size = ~std::uint64_t{0};
    CHECK(language_of(&image, sizeof image).empty());
    image = image_with(".go.buildinfo");
    image.sections[1].sh_offset = ~std::uint64_t{0};
    CHECK(language_of(&image, sizeof image).empty());
    image = image_with(".go.buildinfo");
    image.header.e_shoff = ~std::uint64_t{0};
    CHECK(language_of(&image, sizeof image).empty());
}

TEST_CASE("program language: of a living process, and of one that has ended") {
    ProgramLanguages languages;
    CHECK(languages.of(static_cast<std::uint32_t>(getpid())).empty());
    CHECK(languages.of(static_cast<std::uint32_t>(getpid())).empty());
    CHECK(languages.of(0).empty());
}
