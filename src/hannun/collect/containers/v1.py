"""cgroup v1: one folder per controller and group -> Usage (Documentation/admin-guide/cgroup-v1)."""

from __future__ import annotations

from collections.abc import Callable

from hannun.collect.containers.usage import Disk, Usage, amount, as_limit, flat, working_set

Read = Callable[[str, str], str | None]
"""(controller, file) -> its text, None when there is none."""
USER_HZ = 100.0


def usage_of(read: Read) -> Usage:
    """Controllers that do not know the group leave their parts None."""
    usage = Usage()
    _cpu(read, usage)
    _memory(read, usage)
    usage.disks = parse_blkio(
        _first(read, "blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"),
        _first(read, "blkio.throttle.io_serviced_recursive", "blkio.throttle.io_serviced"),
    )
    usage.threads = amount(read("pids", "pids.current"))
    most = amount(read("pids", "pids.max"))
    usage.threads_max = 0.0 if most == float("inf") else most
    return usage


def _first(read: Read, *names: str) -> str:
    return next((text for text in (read("blkio", name) for name in names) if text is not None), "")


def _cpu(read: Read, usage: Usage) -> None:
    each = (read("cpuacct", "cpuacct.usage_percpu") or "").split()
    total = amount(read("cpuacct", "cpuacct.usage"))
    if each and all(one.isdecimal() for one in each):
        # The file goes on with zeros for CPUs that could be plugged in.
        while len(each) > 1 and each[-1] == "0":
            each.pop()
        usage.cpu_s = {f"cpu{number:02d}": float(one) / 1e9 for number, one in enumerate(each)}
    elif total is not None:
        usage.cpu_s = {"total": total / 1e9}
    stat = flat(read("cpuacct", "cpuacct.stat") or "")
    if stat:
        usage.user_s, usage.system_s = stat.get("user", 0.0) / USER_HZ, stat.get("system", 0.0) / USER_HZ
    throttling = flat(read("cpu", "cpu.stat") or "")
    if "nr_periods" in throttling:
        usage.periods = throttling["nr_periods"]
        usage.throttled_periods = throttling.get("nr_throttled", 0.0)
        usage.throttled_s = throttling.get("throttled_time", 0.0) / 1e9
    if "nr_bursts" in throttling:
        usage.burst_periods = throttling["nr_bursts"]
        usage.burst_s = throttling.get("burst_time", 0.0) / 1e9
    quota = amount(read("cpu", "cpu.cfs_quota_us"))
    usage.quota_us = quota if quota is not None and quota > 0 else 0.0
    usage.period_us = amount(read("cpu", "cpu.cfs_period_us"))
    usage.shares = amount(read("cpu", "cpu.shares"))


def _memory(read: Read, usage: Usage) -> None:
    stat = flat(read("memory", "memory.stat") or "")

    def counted(name: str) -> float | None:
        return stat.get(f"total_{name}", stat.get(name))

    usage.memory = amount(read("memory", "memory.usage_in_bytes"))
    usage.memory_max = amount(read("memory", "memory.max_usage_in_bytes"))
    usage.rss, usage.cache, usage.swap = counted("rss"), counted("cache"), counted("swap")
    usage.kernel = amount(read("memory", "memory.kmem.usage_in_bytes"))
    usage.mapped_file = counted("mapped_file")
    usage.active_file, usage.inactive_file = counted("active_file"), counted("inactive_file")
    usage.working_set = working_set(usage.memory, usage.inactive_file)
    usage.failcnt = amount(read("memory", "memory.failcnt"))
    for kind in ("pgfault", "pgmajfault"):
        if kind in stat:
            usage.faults |= {
                (kind, "container"): stat[kind],
                (kind, "hierarchy"): stat.get(f"total_{kind}", stat[kind]),
            }
    usage.oom_kills = flat(read("memory", "memory.oom_control") or "").get("oom_kill")
    usage.limit = as_limit(amount(read("memory", "memory.limit_in_bytes")))
    usage.swap_limit = as_limit(amount(read("memory", "memory.memsw.limit_in_bytes")))
    usage.reservation = as_limit(amount(read("memory", "memory.soft_limit_in_bytes")))


def parse_blkio(bytes_text: str, served_text: str) -> list[Disk]:
    """Lines `8:0 Read 4096`; the last line is a sum over all devices."""
    disks: dict[str, Disk] = {}
    for text, kind in ((bytes_text, "bytes"), (served_text, "served")):
        for line in text.splitlines():
            parts = line.split()
            if len(parts) == 3 and ":" in parts[0] and parts[2].isdecimal():
                disk = disks.setdefault(parts[0], Disk(parts[0]))
                (disk.bytes if kind == "bytes" else disk.served)[parts[1]] = float(parts[2])
    return list(disks.values())
