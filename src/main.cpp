#include <cstdio>

#include "app/run.h"

int main(int argc, char** argv) {
    const auto done = twtrace::run(argc, argv);
    if (done)
        return static_cast<int>(*done);
    std::fprintf(stderr, "twtrace: %s\n", done.error().message.c_str());
    return static_cast<int>(done.error().exit_code);
}
