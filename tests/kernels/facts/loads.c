/* Loads each program of loads.bpf.c alone, attaches those whose fact is about attaching, and
 * reports `@@ fact NAME = yes|no`. */
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "loads.skel.h"

static int quiet(enum libbpf_print_level level, const char* format, va_list args) {
    (void)level, (void)format, (void)args;
    return 0;
}

static int verbose(enum libbpf_print_level level, const char* format, va_list args) {
    return level == LIBBPF_DEBUG ? 0 : vprintf(format, args);
}

/* Map m_X belongs to program q_X; libbpf's maps for global data belong to all programs. */
static bool belongs(const char* map, const char* program) {
    return strncmp(map, "m_", 2) != 0 || strcmp(map + 2, program + 2) == 0;
}

/* A kernel may refuse a loaded program only when it is attached. */
static bool attaches(const struct bpf_program* program) {
    struct bpf_link* link = bpf_program__attach(program);
    bool ok = link != NULL;
    bpf_link__destroy(link);
    return ok;
}

static bool loads(const char* name) {
    struct loads_bpf* skeleton = loads_bpf__open();
    struct bpf_program* program;
    struct bpf_map* map;
    bool ok;

    bpf_object__for_each_program(program, skeleton->obj)
        bpf_program__set_autoload(program, strcmp(bpf_program__name(program), name) == 0);
    bpf_object__for_each_map(map, skeleton->obj)
        bpf_map__set_autocreate(map, belongs(bpf_map__name(map), name));
    ok = loads_bpf__load(skeleton) == 0;
    if (ok && strncmp(name, "q_attaches", strlen("q_attaches")) == 0)
        ok = attaches(bpf_object__find_program_by_name(skeleton->obj, name));
    loads_bpf__destroy(skeleton);
    return ok;
}

int main(int argc, char** argv) {
    struct loads_bpf* all = loads_bpf__open();
    struct bpf_program* program;

    libbpf_set_print(argc > 1 && strcmp(argv[1], "-v") == 0 ? verbose : quiet);
    if (!all)
        return 1;
    bpf_object__for_each_program(program, all->obj) {
        const char* name = bpf_program__name(program);
        printf("@@ fact %s = %s\n", name + 2, loads(name) ? "yes" : "no");
        fflush(stdout);
    }
    loads_bpf__destroy(all);
    return 0;
}
