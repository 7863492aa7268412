/* Loopback connections and sysctls for the probes. Any failure ends the probe. */
#pragma once
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct pair {
    int client, server;
};

static inline int ensure(int result, const char* what) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static inline struct sockaddr_in loopback(int port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static inline int bound(int port) {
    int fd = ensure(socket(AF_INET, SOCK_STREAM, 0), "socket"), on = 1;
    struct sockaddr_in address = loopback(port);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ensure(bind(fd, (void*)&address, sizeof address), "bind");
    return fd;
}

static inline int listener(int port) {
    int fd = bound(port);

    ensure(listen(fd, 64), "listen");
    return fd;
}

static inline void settle(void) {
    usleep(100000);
}

/* client: a socket to connect, or -1 for a new one. */
static inline struct pair join(int listening, int port, int client) {
    struct sockaddr_in address = loopback(port);
    struct pair pair = {client, -1};

    if (client < 0)
        pair.client = ensure(socket(AF_INET, SOCK_STREAM, 0), "socket");
    ensure(connect(pair.client, (void*)&address, sizeof address), "connect");
    pair.server = ensure(accept(listening, 0, 0), "accept");
    return pair;
}

static inline void set_sysctl(const char* name, const char* value) {
    char path[128];
    FILE* file;

    snprintf(path, sizeof path, "/proc/sys/net/ipv4/%s", name);
    file = fopen(path, "w");
    ensure(file ? 0 : -1, path);
    fputs(value, file);
    ensure(fclose(file), path);
}
