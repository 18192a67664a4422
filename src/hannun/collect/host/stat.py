"""Kernel totals since boot: forks, context switches, interrupts, runnable and blocked tasks."""

from __future__ import annotations

from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

FIELDS = {
    "btime": ("node_boot_time_seconds", "gauge", "Node boot time, in unixtime."),
    "ctxt": ("node_context_switches_total", "counter", "Total number of context switches."),
    "processes": ("node_forks_total", "counter", "Total number of forks."),
    "intr": ("node_intr_total", "counter", "Total number of interrupts serviced."),
    "procs_blocked": ("node_procs_blocked", "gauge", "Number of processes blocked waiting for I/O to complete."),
    "procs_running": ("node_procs_running", "gauge", "Number of processes in runnable state."),
}


def parse_stat(text: str) -> dict[str, float]:
    """First number of each line of `/proc/stat` that FIELDS names."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(" ")
        if name in FIELDS:
            found[name] = float(rest.split(maxsplit=1)[0])
    return found


@collector("stat")
def stat(roots: Roots) -> list[Family]:
    found = parse_stat(roots.proc("stat"))
    return [Family.single(*FIELDS[name], value) for name, value in found.items()]
