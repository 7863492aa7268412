/* Waking the reader, in every object that sends to its ring. */
#ifndef TWTRACE_WAKE_BPF_H
#define TWTRACE_WAKE_BPF_H

/* User space waits for the next record, and for nothing else. The objects share one .bss, which
 * this begins (src/source/ends.cpp). */
__u32 reader_sleeps = 0;

/* A wake-up a record would cost more than everything else together: while they come the reader
 * drains on a timer, and only the first after a pause wakes it. */
static __always_inline __u64 wake_up_once(void) {
    if (!reader_sleeps)
        return BPF_RB_NO_WAKEUP;
    reader_sleeps = 0;
    return BPF_RB_FORCE_WAKEUP;
}

#endif
