# limit: 120
# A command's descendants are followed with every set of cgroup hierarchies: v1 alone, v1 and v2, v2 alone.
. /lib/common.sh
echo '. /lib/common.sh; closes 5; exit 3' >/tmp/command

# enter LAYOUT: mounts the hierarchies and moves this shell into a cgroup of each.
enter() {
    for mounted in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
        ! grep -q " $mounted " /proc/mounts || umount "$mounted"
    done
    if [ "$1" = v2 ]; then
        mount -t cgroup2 cgroup /sys/fs/cgroup
        mkdir -p /sys/fs/cgroup/test.scope && echo $$ >/sys/fs/cgroup/test.scope/cgroup.procs
        return
    fi
    mount -t tmpfs cgroup /sys/fs/cgroup
    mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd || return
    mkdir -p /sys/fs/cgroup/systemd/test.scope && echo $$ >/sys/fs/cgroup/systemd/test.scope/cgroup.procs
    if [ "$1" = hybrid ]; then
        mount -t cgroup2 cgroup /sys/fs/cgroup/unified
        echo $$ >/sys/fs/cgroup/unified/cgroup.procs
    fi
}

for layout in v1 hybrid v2; do
    if ! enter $layout; then
        echo "$layout: this kernel has no cgroup v1"
        continue
    fi
    twtrace summary -o json --output-file /tmp/out -- sh /tmp/command 2>/tmp/err
    status=$?
    [ $status -eq 3 ] || fail "$layout: twtrace summary -- sh ended with $status"
    tr -d ' \n' </tmp/out >/tmp/flat
    grep -q '"totals":{[^}]*"time_wait":5[,}]' /tmp/flat || fail "$layout: not five: $(grep -o '"totals":{[^}]*}' /tmp/flat)"
    echo "$layout: five"
done
# The other scenarios expect the unified hierarchy.
echo $$ >/sys/fs/cgroup/cgroup.procs
rmdir /sys/fs/cgroup/test.scope
