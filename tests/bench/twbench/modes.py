"""The table of compared tracers. A new mode of twtrace is one row."""
from dataclasses import dataclass

BPFTRACE_PROGRAM = """
tracepoint:sock:inet_sock_set_state {
  if (args->newstate == 4) { @comm[args->skaddr] = comm; @pid[args->skaddr] = pid; }
  if (args->newstate == 7 && (args->oldstate == 5 || args->oldstate == 11)) {
    printf("%d %s %s:%d %s:%d\\n", @pid[args->skaddr], @comm[args->skaddr], ntop(args->saddr),
           args->sport, ntop(args->daddr), args->dport);
    delete(@pid[args->skaddr]); delete(@comm[args->skaddr]);
  }
}"""


@dataclass(frozen=True)
class Mode:
    name: str
    command: tuple = ()
    kind: str = "other"  # none, reference, twtrace, other
    lines_per_close: int = 0  # 0: its output is not one line for each event
    terminal: bool = False  # needs a terminal on standard output
    announces: bool = False  # prints "tracing" on stderr when it is attached
    title: str = ""


def _twtrace(name, *arguments, **more):
    return Mode(name, ("{twtrace}", *arguments, "-v"), "twtrace", announces=True,
                title="`twtrace " + " ".join(arguments) + "`", **more)


def _reference(name, title):
    return Mode(name, ("{reference}", name), "reference", announces=True, title=title)


MODES = (
    Mode("none", kind="none", title="no tracer"),
    _reference("empty", "empty tp_btf program"),
    _twtrace("trace-json", "trace", "-o", "json", lines_per_close=1),
    _twtrace("trace-table", "trace", lines_per_close=1),
    _twtrace("summary", "summary", "-o", "json"),
    _twtrace("top", "top", terminal=True),
    _twtrace("exporter", "exporter"),
    _reference("lru", "usual design, LRU hash"),
    _reference("sk_storage", "usual design, sk_storage"),
    Mode("bpftrace", ("bpftrace", "-e", BPFTRACE_PROGRAM), lines_per_close=1,
         title="bpftrace, equivalent one-liner"),
    Mode("tcplife", ("tcplife",), lines_per_close=2, title="libbpf-tools tcplife"),
    Mode("tcpstates", ("tcpstates",), lines_per_close=10, title="libbpf-tools tcpstates"),
)

# Not compared with the others: it has a separate table.
RECORD = Mode("record", ("{twtrace}", "record", "-o", "{recording}", "-v"), "twtrace", announces=True,
              title="`twtrace record`")

BY_NAME = {mode.name: mode for mode in MODES}
