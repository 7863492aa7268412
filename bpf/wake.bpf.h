/* Wakes the reader, in every object that sends to its ring. */
#ifndef TWTRACE_WAKE_BPF_H
#define TWTRACE_WAKE_BPF_H

/* Set while user space waits for the next record. The objects share one .bss, which begins with
 * this variable (src/source/ends.cpp). */
__u32 reader_sleeps = 0;

/* A wake-up per record would cost more than everything else together. While records arrive the
 * reader drains on a timer, and only the first record after a pause wakes it. */
static __always_inline __u64 wake_up_once(void) {
    if (!reader_sleeps)
        return BPF_RB_NO_WAKEUP;
    reader_sleeps = 0;
    return BPF_RB_FORCE_WAKEUP;
}

#endif
