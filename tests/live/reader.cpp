#include "reader.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

#include "errors.h"
#include "fd.h"

namespace live {

namespace {

Fd listen_here() {
    Fd fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(Reader::port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check_call(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    check_call(listen(fd.get(), 1024), "listen");
    return fd;
}

} // namespace

Reader::Reader(const TestNamespace& ns) {
    std::array<int, 2> ends{};
    check_call(pipe2(ends.data(), O_CLOEXEC), "pipe2");
    const Fd in(ends[0]);
    Fd out(ends[1]);
    server_.emplace([&]() -> std::string {
        ns.enter();
        const Fd listening = listen_here();
        write_all(out.get(), "ready");
        out.reset();
        for (;;) {
            const Fd client(
                check_call(accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
            read_all(client.get());
        }
    });
    out.reset();
    check(read_all(in.get()) == "ready", "the server did not begin to listen");
}

std::string Reader::closes(int times) {
    return "for ((i = 0; i < " + std::to_string(times) + "; i++)); do exec 3<>/dev/tcp/127.0.0.1/" +
           std::to_string(port) + "; exec 3>&-; done";
}

} // namespace live
