"""Pressure stall information: how long tasks waited for CPU, memory and I/O."""

from __future__ import annotations

from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

# (resource, line of its file) -> what the counter is called and means. The CPU's "full" line is always 0 for a host.
COUNTERS = {
    ("cpu", "some"): ("cpu_waiting", "Total time in seconds that processes have waited for CPU time"),
    ("io", "some"): ("io_waiting", "Total time in seconds that processes have waited due to IO congestion"),
    ("io", "full"): ("io_stalled", "Total time in seconds no process could make progress due to IO congestion"),
    ("memory", "some"): ("memory_waiting", "Total time in seconds that processes have waited for memory"),
    ("memory", "full"): (
        "memory_stalled",
        "Total time in seconds no process could make progress due to memory congestion",
    ),
    ("irq", "full"): ("irq_stalled", "Total time in seconds no process could make progress due to IRQ congestion"),
}


def parse_pressure(text: str) -> dict[str, float]:
    """{"some": seconds, "full": seconds} of one file of /proc/pressure, whose totals are microseconds."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(" ")
        _, separator, total = rest.rpartition("total=")
        if separator:
            found[kind] = int(total) / 1e6
    return found


@collector("pressure")
def pressure(roots: Roots) -> list[Family]:
    """Raises NoData where the kernel has no PSI, or was started with psi=0 (reading then fails with EOPNOTSUPP)."""
    totals: dict[tuple[str, str], float] = {}
    for resource in ("cpu", "io", "memory", "irq"):
        try:
            found = parse_pressure(roots.proc(f"pressure/{resource}"))
        except OSError:
            continue
        totals.update({(resource, kind): total for kind, total in found.items()})
    if not totals:
        raise NoData("no pressure stall information: Linux 4.20 or newer and psi=1 needed")
    return [
        Family.single(f"node_pressure_{name}_seconds_total", "counter", text, totals[key])
        for key, (name, text) in COUNTERS.items()
        if key in totals
    ]
