"""cgroup v2: one folder per group -> Usage (Documentation/admin-guide/cgroup-v2.rst)."""

from __future__ import annotations

from collections.abc import Callable

from hannun.collect.containers.usage import Disk, Usage, amount, as_limit, flat, working_set
from hannun.collect.host.pressure import parse_pressure

Read = Callable[[str], str | None]
"""File of the group -> its text, None when there is none."""


def usage_of(read: Read) -> Usage:
    """Files that a group does not have (a controller that is not enabled, the root group) leave their parts None."""
    usage = Usage()
    _cpu(read, usage)
    _memory(read, usage)
    usage.disks = parse_io_stat(read("io.stat") or "")
    usage.threads = amount(read("pids.current"))
    most = amount(read("pids.max"))
    usage.threads_max = 0.0 if most == float("inf") else most
    for resource in ("cpu", "memory", "io"):
        try:
            totals = parse_pressure(read(f"{resource}.pressure") or "")
        except ValueError:
            continue
        usage.pressure_s |= {(resource, kind): total for kind, total in totals.items()}
    return usage


def _cpu(read: Read, usage: Usage) -> None:
    stat = flat(read("cpu.stat") or "")
    if "usage_usec" in stat:
        usage.cpu_s = {"total": stat["usage_usec"] / 1e6}
        usage.user_s = stat.get("user_usec", 0.0) / 1e6
        usage.system_s = stat.get("system_usec", 0.0) / 1e6
    if "nr_periods" in stat:
        usage.periods = stat["nr_periods"]
        usage.throttled_periods = stat.get("nr_throttled", 0.0)
        usage.throttled_s = stat.get("throttled_usec", 0.0) / 1e6
    if "nr_bursts" in stat:
        usage.burst_periods = stat["nr_bursts"]
        usage.burst_s = stat.get("burst_usec", 0.0) / 1e6
    quota, _, period = (read("cpu.max") or "").strip().partition(" ")
    usage.period_us = amount(period) if period else None
    usage.quota_us = (amount(quota) or 0.0) if quota.isdecimal() else 0.0
    weight = amount(read("cpu.weight"))
    if weight is not None:
        usage.shares = float(2 + int((weight - 1) * 262_142 / 9_999))


def _memory(read: Read, usage: Usage) -> None:
    stat = flat(read("memory.stat") or "")
    usage.memory = amount(read("memory.current"))
    usage.memory_max = amount(read("memory.peak"))
    usage.rss = stat.get("anon")
    usage.cache = stat.get("file")
    usage.kernel = stat.get("kernel")
    usage.mapped_file = stat.get("file_mapped")
    usage.active_file = stat.get("active_file")
    usage.inactive_file = stat.get("inactive_file")
    usage.working_set = working_set(usage.memory, usage.inactive_file)
    usage.swap = amount(read("memory.swap.current"))
    for kind in ("pgfault", "pgmajfault"):
        if kind in stat:
            # v2 counts a group with everything below it; cAdvisor shows that under both scopes.
            usage.faults |= {(kind, "container"): stat[kind], (kind, "hierarchy"): stat[kind]}
    events = flat(read("memory.events") or "")
    usage.failcnt = events.get("max")
    usage.oom_kills = events.get("oom_kill")
    usage.limit = as_limit(amount(read("memory.max")))
    usage.swap_limit = as_limit(amount(read("memory.swap.max")))
    usage.reservation = as_limit(amount(read("memory.low")))


def parse_io_stat(text: str) -> list[Disk]:
    """Lines `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`."""
    found: list[Disk] = []
    for line in text.splitlines():
        number, _, rest = line.strip().partition(" ")
        pairs = rest.split()
        values = {key: amount(value) or 0.0 for key, _, value in (pair.partition("=") for pair in pairs)}
        if ":" in number and "rbytes" in values:
            found.append(
                Disk(
                    number,
                    {"Read": values["rbytes"], "Write": values.get("wbytes", 0.0)},
                    {"Read": values.get("rios", 0.0), "Write": values.get("wios", 0.0)},
                )
            )
    return found
