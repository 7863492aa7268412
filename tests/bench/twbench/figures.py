"""From raw results to the figures of the tables."""
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    median: float
    low: float
    high: float

    @staticmethod
    def of(values):
        values = [v for v in values if v is not None]
        return Spread(statistics.median(values), min(values), max(values)) if values else None


def _paired(results, name, base, figure):
    """figure(own, base) for each round in which both ran."""
    return [figure(own, other) for own, other in zip(results.get(name, []), results.get(base, []))]


def closes_lost_percent(results, name, base="none"):
    return Spread.of(_paired(results, name, base, lambda own, other:
                             100 * (1 - own["closes_per_s"] / other["closes_per_s"])))


def cpu_added_percent(results, name, base="none"):
    """Steadier than closes per second on a host that does other work too."""
    return Spread.of(_paired(results, name, base, lambda own, other:
                             100 * (own["cpu_us_per_close"] / other["cpu_us_per_close"] - 1)))


def of_each(results, name, figure):
    return Spread.of([figure(r) for r in results.get(name, [])])


def _run_time(result):
    used = result["tracer"]["programs"]
    return sum(p["run_time_ns"] for p in used), sum(p["run_count"] for p in used)


def kernel_ns_naive(results, name):
    """Run time of all programs of a tracer per connection, less the empty program's."""
    def figure(own, empty):
        return _run_time(own)[0] / own["total"] - _run_time(empty)[0] / empty["total"]
    return Spread.of(_paired(results, name, "empty", figure))


def kernel_ns(results, name):
    """The same, but the cost of the statistics (the run time of the empty program) is subtracted
    once for each hit of each program, because a tool with two programs has it for both."""
    def figure(own, empty):
        empty_ns, empty_hits = _run_time(empty)
        own_ns, own_hits = _run_time(own)
        return (own_ns - own_hits * empty_ns / empty_hits) / own["total"]
    return Spread.of(_paired(results, name, "empty", figure))


def hits(results, name):
    return of_each(results, name, lambda r: _run_time(r)[1] / r["total"])


def reader_cpu_per_million(result):
    return result["tracer"]["cpu_s"] * 1e6 / result["total"] if "tracer" in result else None


def missed(result):
    """Events that the kernel did not pass to the programs, by the programs' counters."""
    return sum(p["missed"] for p in result["tracer"]["programs"])


def lost(result, lines_per_close):
    """Events missing from the output: by counted lines if it prints lines (a tracer of the whole
    host may see more than the load), else as the tracer reports."""
    tracer = result["tracer"]
    if lines_per_close:
        return max(0, result["kernel_tw"] - tracer["lines"] / lines_per_close)
    accounting = tracer.get("accounting")
    return accounting.get("lost") if isinstance(accounting, dict) else None


def is_exact(result):
    accounting = result["tracer"].get("accounting")
    return accounting.get("exact") if isinstance(accounting, dict) else None
