"""One tracer under test: starts it, waits until it is attached, measures it, stops it."""
import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from . import programs

_ATTACH_SECONDS = 20


class Failed(Exception):
    pass


def _cpu_seconds(pid):
    """Of all live threads. schedstat counts nanoseconds, /proc/PID/stat only ticks of 10 ms. A thread that ended
    since its directory was listed has no file (ENOENT), or one that can't be read any more (ESRCH)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_kib(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    return 0


class Tracer:
    def __init__(self, mode, paths):
        self._mode = mode
        self._command = [part.format(**paths) if part.startswith("{") else part
                         for part in mode.command]
        self._output = tempfile.NamedTemporaryFile(prefix="twtrace-bench-")
        self._errors = b""
        self._attached = threading.Event()

    def __enter__(self):
        output, terminal = self._output, None
        if self._mode.terminal:
            terminal, output = pty.openpty()
            threading.Thread(target=self._drain, args=(terminal,), daemon=True).start()
        started = time.monotonic()
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=output,
                                         stderr=subprocess.PIPE, env=dict(os.environ, TERM="xterm"))
        if terminal is not None:
            os.close(output)
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()
        try:
            self._wait_attached()
        except Failed:
            self._process.kill()
            self._process.wait()
            raise
        self.attach_ms = (time.monotonic() - started) * 1e3
        self._ids = programs.ids_of(self._process.pid)
        self._cpu_before = self.cpu_seconds()
        return self

    @staticmethod
    def _drain(terminal):
        with contextlib.suppress(OSError):
            while os.read(terminal, 65536):
                pass

    def _read_errors(self):
        for line in self._process.stderr:
            self._errors = (self._errors + line)[-2000:]
            if b"tracing" in line:
                self._attached.set()

    def _wait_attached(self):
        deadline = time.monotonic() + _ATTACH_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._reader.join(1)
                last = (self._errors.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
                raise Failed(f"{self._mode.name}: ended with {self._process.returncode}: {last}")
            if self._mode.announces and self._attached.wait(0.0005):
                return
            if not self._mode.announces:
                # It does not report that it is attached: wait until it stops loading programs.
                now = programs.ids_of(self._process.pid)
                time.sleep(1)
                if now and now == programs.ids_of(self._process.pid):
                    return
        raise Failed(f"{self._mode.name}: not attached after {_ATTACH_SECONDS} s")

    def cpu_seconds(self):
        return _cpu_seconds(self._process.pid)

    def program_counters(self):
        return [p for p in map(programs.read, sorted(self._ids)) if p]

    def finish(self):
        """Stops it and returns what it did. To be called once, after the load."""
        pid = self._process.pid
        time.sleep(0.15)  # until a reader with a timer has drained its ring
        result = {"cpu_s": self.cpu_seconds() - self._cpu_before,
                  "rss_mib": memory_kib(pid, "VmRSS") / 1024,
                  "peak_mib": memory_kib(pid, "VmHWM") / 1024,
                  "programs": [vars(p) for p in self.program_counters()]}
        self._stop()
        result.update(self._output_facts())
        return result

    def _stop(self):
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(1)

    def _output_facts(self):
        facts = {}
        if self._mode.lines_per_close:
            self._output.seek(0)
            facts["lines"] = sum(block.count(b"\n") for block in iter(lambda: self._output.read(1 << 20), b""))
            facts["said_missing"] = self._said_missing()
        elif not self._mode.terminal:
            self._output.seek(0)
            with contextlib.suppress(ValueError):
                document = json.loads(self._output.read())
                facts["accounting"] = document.get("accounting", document)
        return facts

    def _said_missing(self):
        """The number of missing lines that `twtrace trace` itself reports."""
        said = re.search(r"\+ lost (\d+) \+ missed (\d+)", self._errors.decode(errors="replace"))
        unaccounted = re.search(r"not exact: (\d+) of", self._errors.decode(errors="replace"))
        return sum(map(int, said.groups())) + (int(unaccounted[1]) if unaccounted else 0) if said else None

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._stop()
        self._output.close()
