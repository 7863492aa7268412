#include <cstdio>

#include "app/run.h"
#include "util/standard_fds.h"

int main(int argc, char** argv) {
    twtrace::fill_standard_fds();
    const auto done = twtrace::run(argc, argv);
    if (done)
        return static_cast<int>(*done);
    std::fprintf(stderr, "twtrace: %s\n", done.error().message.c_str());
    return static_cast<int>(done.error().exit_code);
}
