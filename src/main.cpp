#include <clocale>
#include <cstdio>

#include "app/run.h"
#include "util/standard_fds.h"

int main(int argc, char** argv) {
    twtrace::fill_standard_fds();
    // wcwidth() needs a UTF-8 locale; output is UTF-8 in every locale.
    std::setlocale(LC_CTYPE, "C.UTF-8");
    const auto done = twtrace::run(argc, argv);
    if (done)
        return static_cast<int>(*done);
    std::fprintf(stderr, "twtrace: %s\n", done.error().message.c_str());
    return static_cast<int>(done.error().exit_code);
}
