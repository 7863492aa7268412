#include "http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cctype>
#include <cstdio>

#include "errors.h"

namespace live {

namespace {

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

} // namespace

Fd connect_to_port(std::uint16_t port) {
    Fd fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    const timeval patience{10, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    const sockaddr_in address = loopback(port);
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fd.reset();
    }
    return fd;
}

HttpAnswer http_get(std::uint16_t port, const std::string& path, const std::string& fields) {
    HttpAnswer answer;
    const Fd fd = connect_to_port(port);
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" + fields + "\r\n";
    if (!fd || send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
        return answer;
    }
    std::string text;
    std::array<char, 65536> buffer{};
    ssize_t got = 0;
    while ((got = recv(fd.get(), buffer.data(), buffer.size(), 0)) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos || text.size() < 12) {
        return answer;
    }
    answer.status = std::stoi(text.substr(9, 3));
    answer.head = text.substr(0, end);
    answer.body = text.substr(end + 4);
    return answer;
}

std::uint16_t free_port() {
    const Fd fd(check_call(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in address = loopback(0);
    socklen_t length = sizeof address;
    check_call(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length), "bind");
    check_call(getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length),
               "getsockname");
    return ntohs(address.sin_port);
}

std::string url_encode(const std::string& text) {
    std::string encoded;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            encoded += c;
            continue;
        }
        std::array<char, 4> code{};
        (void)std::snprintf(code.data(), code.size(), "%%%02X", static_cast<unsigned char>(c));
        encoded += code.data();
    }
    return encoded;
}

} // namespace live
