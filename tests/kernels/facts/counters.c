/* Reports the rise of the kernel's counters in each step of a close (TcpExt, and `tw` of sockstat):
 * `@@ fact WHAT = TW+1 tw+1`. It waits for TIME_WAITs of 60 s, so --fast-time is advisable. */
#include <string.h>

#include "sockets.h"

enum { PORT = 7100, OTHER_PORT = 7101 };
static const char* const names[] = {"TW", "TWRecycled", "TWKilled", "TCPTimeWaitOverflow", "tw"};
enum { COUNTERS = sizeof names / sizeof *names, SOCKSTAT = COUNTERS - 1 };

struct counters {
    long value[COUNTERS]; /* -1: this kernel has no such counter */
};

static struct counters previous;

/* /proc/net/netstat has a line of names and a line of values, both after "TcpExt:". */
static void read_netstat(struct counters* now) {
    static char keys[8192], values[8192];
    FILE* file = fopen("/proc/self/net/netstat", "r");
    char *key, *value, *key_rest, *value_rest;

    while (fgets(keys, sizeof keys, file) && fgets(values, sizeof values, file)) {
        if (strncmp(keys, "TcpExt:", 7) != 0)
            continue;
        key = strtok_r(keys, " \n", &key_rest);
        value = strtok_r(values, " \n", &value_rest);
        for (; key && value;
             key = strtok_r(0, " \n", &key_rest), value = strtok_r(0, " \n", &value_rest))
            for (int i = 0; i < SOCKSTAT; i++)
                if (strcmp(key, names[i]) == 0)
                    now->value[i] = atol(value);
    }
    fclose(file);
}

static void read_sockstat(struct counters* now) {
    FILE* file = fopen("/proc/self/net/sockstat", "r");
    char line[256], *tw;

    while (fgets(line, sizeof line, file))
        if (strncmp(line, "TCP:", 4) == 0 && (tw = strstr(line, " tw ")))
            now->value[SOCKSTAT] = atol(tw + 4);
    fclose(file);
}

static struct counters read_counters(void) {
    struct counters now;

    for (int i = 0; i < COUNTERS; i++)
        now.value[i] = -1;
    read_netstat(&now);
    read_sockstat(&now);
    return now;
}

/* Prints the changes since the last report. */
static void report(const char* fact) {
    struct counters now;
    int changes = 0;

    settle();
    now = read_counters();
    printf("@@ fact %s =", fact);
    for (int i = 0; i < COUNTERS; i++)
        if (now.value[i] != previous.value[i])
            changes += printf(" %s%+ld", names[i], now.value[i] - previous.value[i]);
    printf(changes ? "\n" : " nothing\n");
    fflush(stdout);
    previous = now;
}

static void pass_seconds(int seconds) {
    for (int i = 0; i < seconds * 10; i++)
        settle();
}

/* Closes with an RST, which leaves no TIME_WAIT at either end. */
static void reset(int fd) {
    struct linger hard = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    settle();
}

/* The limit between TW and TWKilled. */
static void border(int listening) {
    static const char* const timeouts[] = {"4", "5"};
    char fact[128];

    for (unsigned i = 0; i < sizeof timeouts / sizeof *timeouts; i++) {
        struct pair pair = join(listening, PORT, -1);
        set_sysctl("tcp_fin_timeout", timeouts[i]);
        previous = read_counters();
        close(pair.client);
        snprintf(fact, sizeof fact, "tcp_fin_timeout %s: one side closes", timeouts[i]);
        report(fact);
        pass_seconds(8);
        snprintf(fact, sizeof fact, "tcp_fin_timeout %s: nothing more comes", timeouts[i]);
        report(fact);
        close(pair.server);
    }
    set_sysctl("tcp_fin_timeout", "60");
}

/* fin_timeout is the life of a minisock in FIN_WAIT2; 4 s and less are counted in TWKilled. */
static void half_close(int listening, const char* fin_timeout) {
    struct pair pair;
    char fact[128];

    set_sysctl("tcp_fin_timeout", fin_timeout);
#define STEP(text)                                                                                 \
    (snprintf(fact, sizeof fact, "tcp_fin_timeout %s: " text, fin_timeout), report(fact))
    pair = join(listening, PORT, -1);
    close(pair.client);
    STEP("one side closes");
    close(pair.server);
    STEP("then the FIN comes");
    pass_seconds(62);
    STEP("then 60 s pass");

    pair = join(listening, PORT, -1);
    close(pair.client);
    STEP("one side closes, again");
    pass_seconds(62);
    STEP("nothing more comes for 60 s");
    close(pair.server); /* its FIN finds no minisock */
    STEP("a late FIN");

    pair = join(listening, PORT, -1);
    close(pair.client);
    settle();
    previous = read_counters();
    reset(pair.server);
    STEP("an RST comes in FIN_WAIT2");
#undef STEP
    set_sysctl("tcp_fin_timeout", "60");
}

/* Leaves a TIME_WAIT older than a second, as tcp_tw_reuse requires. */
static void leave_time_wait(int first, int second) {
    close(first);
    settle();
    close(second);
    pass_seconds(3);
    previous = read_counters();
}

static void reuse(int listening) {
    struct pair pair;

    set_sysctl("tcp_tw_reuse", "1");
    set_sysctl("ip_local_port_range",
               "40000 40000"); /* connect() has no other choice; a bound port would not be reused */
    pair = join(listening, PORT, -1);
    leave_time_wait(pair.client, pair.server);
    pair = join(listening, PORT, -1);
    report("connect() takes over a TIME_WAIT");
    reset(pair.client);
    close(pair.server);
    set_sysctl("ip_local_port_range", "32768 60999");

    pair = join(listening, PORT, bound(OTHER_PORT));
    leave_time_wait(pair.server, pair.client);
    pair = join(listening, PORT, bound(OTHER_PORT));
    report("a SYN takes over a TIME_WAIT");
    reset(pair.client);
    close(pair.server);
}

static void overflow(int listening) {
    struct pair pair = join(listening, PORT, -1);

    set_sysctl("tcp_max_tw_buckets", "0");
    previous = read_counters();
    close(pair.client);
    close(pair.server);
    report("both close, over tcp_max_tw_buckets");
    set_sysctl("tcp_max_tw_buckets", "4096");
}

int main(void) {
    int listening = listener(PORT);

    pass_seconds(62); /* what other probes left behind is to be over */
    previous = read_counters();
    for (int i = 0; i < SOCKSTAT; i++)
        printf("@@ fact there is a counter %s = %s\n", names[i],
               previous.value[i] < 0 ? "no" : "yes");
    half_close(listening, "60");
    half_close(listening, "3");
    border(listening);
    overflow(listening);
    reuse(listening);
    return 0;
}
