"""How long tasks ran and waited on each CPU."""

from __future__ import annotations

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family


def parse_schedstat(text: str) -> dict[str, tuple[float, float, float]]:
    """{cpu: (running s, waiting s, timeslices)}: the last three of nine numbers, times in nanoseconds."""
    found: dict[str, tuple[float, float, float]] = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 10 and words[0].startswith("cpu"):
            running, waiting, slices = words[7:10]
            found[words[0][3:]] = (int(running) / 1e9, int(waiting) / 1e9, float(slices))
    return found


@collector("schedstat")
def schedstat(roots: Roots) -> list[Family]:
    """Raises NoData where the kernel was built without it."""
    try:
        told = parse_schedstat(roots.proc("schedstat"))
    except FileNotFoundError as err:
        raise NoData("this kernel has no /proc/schedstat") from err
    built = Builder()
    for cpu, (running, waiting, slices) in told.items():
        labels = (("cpu", cpu),)
        text = "Number of seconds CPU spent running a process."
        built.counter("node_schedstat_running_seconds_total", text, labels, running)
        built.counter("node_schedstat_timeslices_total", "Number of timeslices executed by CPU.", labels, slices)
        text = "Number of seconds spent by processing waiting for this CPU."
        built.counter("node_schedstat_waiting_seconds_total", text, labels, waiting)
    return built.families()
