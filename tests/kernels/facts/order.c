/* Makes a few closes of each kind, and reports what order.bpf.c counted. */
#include <bpf/libbpf.h>
#include <string.h>

#include "order.skel.h"
#include "sockets.h"

enum { PORT = 7200, TIMES = 20 };

static struct order_bpf* skeleton;

static void reset_counts(void) {
    memset(skeleton->bss, 0, sizeof *skeleton->bss);
}

static void dead_closes(int listening) {
    reset_counts();
    for (int i = 0; i < TIMES; i++) {
        struct pair pair = join(listening, PORT, -1);
        close(pair.client);
        close(pair.server);
    }
    settle();
    printf("@@ fact closed by both: tcp_destroy_sock is next on that CPU = %llu of %llu\n",
           skeleton->bss->destroyed_next, skeleton->bss->dead_closes);
}

static void shut_down(int listening) {
    struct pair pair = join(listening, PORT, -1);
    unsigned long long before;

    reset_counts();
    shutdown(pair.client, SHUT_WR);
    settle();
    shutdown(pair.server, SHUT_WR);
    settle();
    before = skeleton->bss->destroyed_next + skeleton->bss->destroyed_apart;
    close(pair.client);
    close(pair.server);
    settle();
    printf("@@ fact shut down by both: tcp_destroy_sock comes with close() = %s\n",
           before == 0 && skeleton->bss->destroyed_apart + skeleton->bss->destroyed_next == 2
               ? "yes"
               : "no");
}

/* The kernel leaves FIN_WAIT2 at once and answers with a reset. */
static void linger2(int listening) {
    int never = -1;

    reset_counts();
    for (int i = 0; i < TIMES; i++) {
        struct pair pair = join(listening, PORT, -1);
        setsockopt(pair.client, IPPROTO_TCP, TCP_LINGER2, &never, sizeof never);
        close(pair.client);
        settle();
        close(pair.server);
    }
    settle();
    printf("@@ fact TCP_LINGER2 < 0: CLOSE, destroy, reset = %llu of %d\n",
           skeleton->bss->reset_after_destroy, TIMES);
    printf("@@ fact TCP_LINGER2 < 0: CLOSE, reset, destroy = %llu of %d\n",
           skeleton->bss->reset_before_destroy, TIMES);
}

static void resets(int listening) {
    struct sockaddr_in nobody = loopback(PORT + 1);
    struct pair pair = join(listening, PORT, -1);
    int fd = ensure(socket(AF_INET, SOCK_STREAM, 0), "socket");

    reset_counts();
    connect(fd, (void*)&nobody, sizeof nobody);
    close(fd);
    close(pair.client);
    settle();
    send(pair.server, "x", 1, MSG_NOSIGNAL); /* to a minisock in FIN_WAIT2: data nobody will read */
    settle();
    close(pair.server);
    printf("@@ fact tcp_send_reset comes without a sock = %s\n",
           skeleton->bss->reset_without_sock ? "yes" : "no");
    printf("@@ fact tcp_send_reset comes with a minisock = %s\n",
           skeleton->bss->reset_of_minisock ? "yes" : "no");
}

int main(void) {
    int listening = listener(PORT);

    skeleton = order_bpf__open_and_load();
    if (!skeleton || order_bpf__attach(skeleton)) {
        puts("order.bpf.c does not load");
        return 1;
    }
    dead_closes(listening);
    shut_down(listening);
    linger2(listening);
    resets(listening);
    order_bpf__destroy(skeleton);
    return 0;
}
