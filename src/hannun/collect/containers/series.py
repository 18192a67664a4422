"""Usage -> samples under cAdvisor's names, with its help texts (google/cadvisor metrics/prometheus.go)."""

from __future__ import annotations

from collections.abc import Mapping

from hannun.collect.containers.usage import Usage
from hannun.collect.host.builder import Builder
from hannun.model.family import Pairs

DISK_COUNTERS = (
    ("container_fs_reads_bytes_total", "Cumulative count of bytes read", "bytes", "Read"),
    ("container_fs_reads_total", "Cumulative count of reads completed", "served", "Read"),
    ("container_fs_writes_bytes_total", "Cumulative count of bytes written", "bytes", "Write"),
    ("container_fs_writes_total", "Cumulative count of writes completed", "served", "Write"),
)
NETWORK_COUNTERS = (
    ("receive_bytes", "receive_bytes", "bytes received"),
    ("receive_errs", "receive_errors", "errors encountered while receiving"),
    ("receive_drop", "receive_packets_dropped", "packets dropped while receiving"),
    ("receive_packets", "receive_packets", "packets received"),
    ("transmit_bytes", "transmit_bytes", "bytes transmitted"),
    ("transmit_errs", "transmit_errors", "errors encountered while transmitting"),
    ("transmit_drop", "transmit_packets_dropped", "packets dropped while transmitting"),
    ("transmit_packets", "transmit_packets", "packets transmitted"),
)
"""Column of /proc/net/dev, part of the metric's name, what it counts."""
PRESSURE = {
    ("cpu", "full"): ("cpu_stalled", "no tasks in the container could make progress due to CPU congestion"),
    ("cpu", "some"): ("cpu_waiting", "tasks in the container have waited due to CPU congestion"),
    ("io", "full"): ("io_stalled", "no tasks in the container could make progress due to IO congestion"),
    ("io", "some"): ("io_waiting", "tasks in the container have waited due to IO congestion"),
    ("memory", "full"): ("memory_stalled", "no tasks in the container could make progress due to memory congestion"),
    ("memory", "some"): ("memory_waiting", "tasks in the container have waited due to memory congestion"),
}


def tell(out: Builder, base: Pairs, usage: Usage, devices: Mapping[str, str]) -> None:
    """`base`: id, name, image and the container's labels. `devices`: `major:minor` -> `/dev/sda`."""
    _cpu(out, base, usage)
    _memory(out, base, usage)
    _disks(out, base, usage, devices)
    out.gauge("container_threads", "Number of threads running inside the container", base, usage.threads)
    out.gauge(
        "container_threads_max",
        "Maximum number of threads allowed inside the container, infinity if value is zero",
        base,
        usage.threads_max,
    )
    for key, seconds in usage.pressure_s.items():
        if key in PRESSURE:
            name, words = PRESSURE[key]
            out.counter(f"container_pressure_{name}_seconds_total", f"Total time duration {words}.", base, seconds)


def _cpu(out: Builder, base: Pairs, usage: Usage) -> None:
    for cpu, seconds in usage.cpu_s.items():
        out.counter(
            "container_cpu_usage_seconds_total",
            "Cumulative cpu time consumed in seconds.",
            (("cpu", cpu), *base),
            seconds,
        )
    out.counter("container_cpu_user_seconds_total", "Cumulative user cpu time consumed in seconds.", base, usage.user_s)
    out.counter(
        "container_cpu_system_seconds_total", "Cumulative system cpu time consumed in seconds.", base, usage.system_s
    )
    if usage.quota_us:
        out.counter(
            "container_cpu_cfs_periods_total",
            "Number of elapsed enforcement period intervals.",
            base,
            usage.periods,
        )
        out.counter(
            "container_cpu_cfs_throttled_periods_total",
            "Number of throttled period intervals.",
            base,
            usage.throttled_periods,
        )
        out.counter(
            "container_cpu_cfs_throttled_seconds_total",
            "Total time duration the container has been throttled.",
            base,
            usage.throttled_s,
        )
        out.counter(
            "container_cpu_cfs_burst_periods_total", "Number of periods when burst occurs.", base, usage.burst_periods
        )
        out.counter(
            "container_cpu_cfs_burst_seconds_total",
            "Total time duration the container has been burst.",
            base,
            usage.burst_s,
        )
        out.gauge("container_spec_cpu_quota", "CPU quota of the container.", base, usage.quota_us)
    out.gauge("container_spec_cpu_period", "CPU period of the container.", base, usage.period_us)
    out.gauge("container_spec_cpu_shares", "CPU share of the container.", base, usage.shares)


def _memory(out: Builder, base: Pairs, usage: Usage) -> None:
    out.gauge(
        "container_memory_usage_bytes",
        "Current memory usage in bytes, including all memory regardless of when it was accessed",
        base,
        usage.memory,
    )
    out.gauge("container_memory_max_usage_bytes", "Maximum memory usage recorded in bytes", base, usage.memory_max)
    out.gauge("container_memory_working_set_bytes", "Current working set in bytes.", base, usage.working_set)
    out.gauge("container_memory_rss", "Size of RSS in bytes.", base, usage.rss)
    out.gauge("container_memory_cache", "Number of bytes of page cache memory.", base, usage.cache)
    out.gauge("container_memory_kernel_usage", "Size of kernel memory allocated in bytes.", base, usage.kernel)
    out.gauge("container_memory_mapped_file", "Size of memory mapped files in bytes.", base, usage.mapped_file)
    out.gauge("container_memory_swap", "Container swap usage in bytes.", base, usage.swap)
    out.gauge(
        "container_memory_total_active_file_bytes", "Current total active file in bytes.", base, usage.active_file
    )
    out.gauge(
        "container_memory_total_inactive_file_bytes",
        "Current total inactive file in bytes.",
        base,
        usage.inactive_file,
    )
    out.counter("container_memory_failcnt", "Number of memory usage hits limits", base, usage.failcnt)
    for (kind, scope), count in usage.faults.items():
        out.counter(
            "container_memory_failures_total",
            "Cumulative count of memory allocation failures.",
            (("failure_type", kind), ("scope", scope), *base),
            count,
        )
    out.gauge("container_spec_memory_limit_bytes", "Memory limit for the container.", base, usage.limit)
    out.gauge(
        "container_spec_memory_reservation_limit_bytes",
        "Memory reservation limit for the container.",
        base,
        usage.reservation,
    )
    out.gauge("container_spec_memory_swap_limit_bytes", "Memory swap limit for the container.", base, usage.swap_limit)
    out.counter(
        "container_oom_events_total",
        "Count of out of memory events observed for the container",
        base,
        usage.oom_kills,
    )


def _disks(out: Builder, base: Pairs, usage: Usage, devices: Mapping[str, str]) -> None:
    for disk in usage.disks:
        device = devices.get(disk.number, "")
        for name, words, what, operation in DISK_COUNTERS:
            values = disk.bytes if what == "bytes" else disk.served
            out.counter(name, words, (("device", device), *base), values.get(operation))
        major, _, minor = disk.number.partition(":")
        for operation, count in disk.bytes.items():
            labels = (("device", device), ("major", major), ("minor", minor), ("operation", operation), *base)
            out.counter("container_blkio_device_usage_total", "Blkio Device bytes usage", labels, count)


def tell_traffic(out: Builder, base: Pairs, interfaces: Mapping[str, Mapping[str, float]]) -> None:
    for interface, counts in interfaces.items():
        for column, name, words in NETWORK_COUNTERS:
            out.counter(
                f"container_network_{name}_total",
                f"Cumulative count of {words}",
                (("interface", interface), *base),
                counts.get(column),
            )
