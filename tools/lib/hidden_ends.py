"""A part of tools/soak: counts what the machine hides from BPF."""
import glob
import os
import subprocess


def write(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


class HiddenEnds:
    """Some hosts hide a process from BPF, but not from tracefs: ends of sockets in its context are unaccounted
    (docs/decisions/hidden-process.md)."""

    def __init__(self, name):
        hidden = [path for path in glob.glob("/proc/[0-9]*") if self.is_hidden(path)]
        self.instance = None
        if not hidden:
            return
        mount = ["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"]
        if not os.path.isdir("/sys/kernel/tracing/instances") and subprocess.run(mount, check=False).returncode != 0:
            return
        self.instance = f"/sys/kernel/tracing/instances/{name}"
        os.mkdir(self.instance)
        threads = [thread for path in hidden for thread in os.listdir(path + "/task")]
        write(self.instance + "/set_event_pid", " ".join(threads))
        write(self.instance + "/options/event-fork", 1)
        write(self.instance + "/events/sock/inet_sock_set_state/filter", "newstate == 7")
        write(self.instance + "/events/sock/inet_sock_set_state/enable", 1)

    @staticmethod
    def is_hidden(path):
        try:
            os.readlink(path + "/exe")
        except PermissionError:
            return True
        except OSError:
            pass
        return False

    def count(self):
        if not self.instance:
            return 0
        with open(self.instance + "/trace", encoding="utf-8", errors="replace") as file:
            return sum(not line.startswith("#") for line in file)
