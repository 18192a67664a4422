"""The basics on systems that are not Linux, through psutil, under node_exporter's names for Linux.

One set of names everywhere is worth more here than node_exporter's own names for macOS: the same page and the same
rules then work on a developer's laptop. `HostCollector` turns to these where there is no /proc.
"""

from __future__ import annotations

from collections.abc import Callable

import psutil

from hannun.collect.host.builder import Builder
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

MODES = ("user", "nice", "system", "idle", "irq", "interrupt", "dpc")
_MODE_NAMES = {"interrupt": "irq", "dpc": "softirq"}


def cpu(_roots: Roots) -> list[Family]:
    built = Builder()
    for number, times in enumerate(psutil.cpu_times(percpu=True)):
        for mode in MODES:
            labels = (("cpu", str(number)), ("mode", _MODE_NAMES.get(mode, mode)))
            text = "Seconds the CPUs spent in each mode."
            built.counter("node_cpu_seconds_total", text, labels, getattr(times, mode, None))
    built.gauge("node_boot_time_seconds", "Node boot time, in unixtime.", (), psutil.boot_time())
    return built.families()


def memory(_roots: Roots) -> list[Family]:
    told, swap = psutil.virtual_memory(), psutil.swap_memory()
    values = {
        "MemTotal_bytes": told.total,
        "MemAvailable_bytes": told.available,
        "MemFree_bytes": told.free,
        "Active_bytes": getattr(told, "active", None),
        "Inactive_bytes": getattr(told, "inactive", None),
        "SwapTotal_bytes": swap.total,
        "SwapFree_bytes": swap.free,
    }
    return [
        Family.single(f"node_memory_{name}", "gauge", f"Memory information field {name}.", float(value))
        for name, value in values.items()
        if value is not None
    ]


def load(_roots: Roots) -> list[Family]:
    minutes = zip((1, 5, 15), psutil.getloadavg(), strict=True)
    return [Family.single(f"node_load{span}", "gauge", f"{span}m load average.", value) for span, value in minutes]


def filesystem(_roots: Roots) -> list[Family]:
    built = Builder()
    for part in psutil.disk_partitions(all=False):
        labels = (("device", part.device), ("fstype", part.fstype), ("mountpoint", part.mountpoint))
        text = "Whether an error occurred while getting statistics for the given device."
        try:
            usage = psutil.disk_usage(part.mountpoint)
        except OSError:
            built.gauge("node_filesystem_device_error", text, labels, 1.0)
            continue
        built.gauge("node_filesystem_device_error", text, labels, 0.0)
        built.gauge("node_filesystem_size_bytes", "Filesystem size in bytes.", labels, float(usage.total))
        built.gauge("node_filesystem_free_bytes", "Filesystem free space in bytes.", labels, float(usage.free))
        text = "Filesystem space available to non-root users in bytes."
        built.gauge("node_filesystem_avail_bytes", text, labels, float(usage.free))
        readonly = float("ro" in part.opts.split(","))
        built.gauge("node_filesystem_readonly", "Filesystem read-only status.", labels, readonly)
    return built.families()


def network(_roots: Roots) -> list[Family]:
    built = Builder()
    for device, told in psutil.net_io_counters(pernic=True).items():
        for name, value in (
            ("receive_bytes", told.bytes_recv),
            ("transmit_bytes", told.bytes_sent),
            ("receive_packets", told.packets_recv),
            ("transmit_packets", told.packets_sent),
            ("receive_errs", told.errin),
            ("transmit_errs", told.errout),
            ("receive_drop", told.dropin),
            ("transmit_drop", told.dropout),
        ):
            text = f"Network device statistic {name}."
            built.counter(f"node_network_{name}_total", text, (("device", device),), float(value))
    return built.families()


def disk(_roots: Roots) -> list[Family]:
    built = Builder()
    for device, told in (psutil.disk_io_counters(perdisk=True) or {}).items():
        for name, value, text in (
            ("reads_completed_total", told.read_count, "The total number of reads completed successfully."),
            ("writes_completed_total", told.write_count, "The total number of writes completed successfully."),
            ("read_bytes_total", told.read_bytes, "The total number of bytes read successfully."),
            ("written_bytes_total", told.write_bytes, "The total number of bytes written successfully."),
            ("read_time_seconds_total", told.read_time / 1000, "The total number of seconds spent by all reads."),
            (
                "write_time_seconds_total",
                told.write_time / 1000,
                "This is the total number of seconds spent by all writes.",
            ),
        ):
            built.counter(f"node_disk_{name}", text, (("device", device),), float(value))
    return built.families()


PORTABLE: dict[str, Callable[[Roots], list[Family]]] = {
    "cpu": cpu,
    "meminfo": memory,
    "loadavg": load,
    "filesystem": filesystem,
    "netdev": network,
    "diskstats": disk,
}
