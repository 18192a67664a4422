"""The machines on the first page: what is asked about them, and how the answers become one row per machine.

A machine is an `instance` that sends node_exporter's names, whoever collects them. Pure but for `ask`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hannun.model.labels import Labels

Vector = Sequence[tuple[Labels, float]]
Ask = Callable[[str], Vector]
"""The value of an expression now."""
AskRange = Callable[[str, int, int, int], Sequence[tuple[Labels, Sequence[float | None]]]]

SPARK_POINTS, SPARK_STEP_MS = 60, 60_000
SEEN_WITHIN = "6h"
"""A machine that has been silent for longer is taken for one that is no more."""

_REAL = 'fstype!~"tmpfs|ramfs|devtmpfs|squashfs|iso9660|erofs"'
_WIRE = 'device!~"lo|veth.*|docker.*|br-.*|virbr.*|cni.*|flannel.*|cali.*|tap.*|tun.*"'
_IDLE = 'node_cpu_seconds_total{mode="idle"}'
_USED_SHARE = (
    f"(node_filesystem_size_bytes{{{_REAL}}} - node_filesystem_free_bytes) / "
    f"(node_filesystem_size_bytes - node_filesystem_free_bytes + node_filesystem_avail_bytes)"
)

QUESTIONS: Mapping[str, str] = {
    "uname": f"last_over_time(node_uname_info[{SEEN_WITHIN}])",
    "seen": f"max by (instance) (ts_of_last_over_time(node_boot_time_seconds[{SEEN_WITHIN}]))",
    "os": f"last_over_time(node_os_info[{SEEN_WITHIN}])",
    "booted": "max by (instance) (node_boot_time_seconds)",
    # Short windows show what is happening now; the long one serves senders that come once a minute.
    "cpu": f"1 - avg by (instance) (rate({_IDLE}[1m]) or rate({_IDLE}[5m]))",
    "cores": f"count by (instance) ({_IDLE})",
    "memory": "max by (instance) (1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes)",
    "memory_total": "max by (instance) (node_memory_MemTotal_bytes)",
    "disk": f"max by (instance, mountpoint) ({_USED_SHARE})",
    "load1": "max by (instance) (node_load1)",
    "received": f"sum by (instance) (rate(node_network_receive_bytes_total{{{_WIRE}}}[2m]))",
    "sent": f"sum by (instance) (rate(node_network_transmit_bytes_total{{{_WIRE}}}[2m]))",
    "cpu_pressure": "max by (instance) (rate(node_pressure_cpu_waiting_seconds_total[2m]))",
    "memory_pressure": "max by (instance) (rate(node_pressure_memory_waiting_seconds_total[2m]))",
    "io_pressure": "max by (instance) (rate(node_pressure_io_waiting_seconds_total[2m]))",
}
SPARK = f"1 - avg by (instance) (rate({_IDLE}[2m]))"
# Full within a day at the pace of the last three hours, for disks that have been watched for at least one.
FILLING = (
    f"(predict_linear(node_filesystem_avail_bytes{{{_REAL}}}[3h], 86400) < 0)"
    f" and (node_filesystem_avail_bytes offset 1h) and ({_USED_SHARE} > 0.5)"
)
# Bytes per second by which a disk fills: with what is free this says when it is full.
FILLING_PACE = f"-deriv(node_filesystem_avail_bytes{{{_REAL}}}[3h]) > 0"
FREE = f"node_filesystem_avail_bytes{{{_REAL}}}"
# "For five minutes" needs readings of five minutes: two readings are a moment.
BUSY = f"(1 - avg by (instance) (rate({_IDLE}[5m]))) and on (instance) (node_load1 offset 5m)"


@dataclass(frozen=True, slots=True)
class Host:
    """One machine now; None where it does not tell. Ratios 0..1."""

    host: str
    instance: str
    cpu: float | None = None
    memory: float | None = None
    disk: float | None = None
    disk_mount: str = ""
    load1: float | None = None
    cores: int | None = None
    memory_total_bytes: float | None = None
    uptime_s: float | None = None
    network_rx_bps: float | None = None
    network_tx_bps: float | None = None
    os: str = ""
    kernel: str = ""
    pressure: Mapping[str, float | None] | None = None
    seen_ms: int = 0
    spark_cpu: Sequence[float | None] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def ask_all(ask: Ask) -> dict[str, Vector]:
    return {name: ask(expr) for name, expr in QUESTIONS.items()}


def hosts_of(found: Mapping[str, Vector], now_ms: int, most: int) -> list[Host]:
    """One row per instance, by host name; at most `most`, those in trouble first when some must be left out."""
    made: dict[str, Host] = {}
    for labels, seconds in found["seen"]:
        instance = labels.get("instance")
        made[instance] = Host(without_port(instance), instance, seen_ms=round(seconds * 1000))
    for labels, _ in found["uname"]:
        if (host := made.get(labels.get("instance"))) is not None:
            name = labels.get("nodename") or host.host
            made[host.instance] = replace(host, host=name, kernel=labels.get("release"))
    for labels, _ in found["os"]:
        if (host := made.get(labels.get("instance"))) is not None:
            made[host.instance] = replace(host, os=labels.get("pretty_name") or labels.get("name"))
    for name in ("load1", "memory_total_bytes", "network_rx_bps", "network_tx_bps"):
        for instance, value in by_instance(found[_ANSWERED_BY.get(name, name)]).items():
            _set(made, instance, **{name: value})
    for name in ("cpu", "memory"):
        for instance, value in by_instance(found[name]).items():
            _set(made, instance, **{name: min(max(value, 0.0), 1.0)})
    for instance, value in by_instance(found["cores"]).items():
        _set(made, instance, cores=int(value))
    for instance, value in by_instance(found["booted"]).items():
        _set(made, instance, uptime_s=max(now_ms / 1000 - value, 0.0))
    for instance, (share, mount) in _fullest(found["disk"]).items():
        _set(made, instance, disk=share, disk_mount=mount)
    _put_pressure(made, found)
    rows = sorted(made.values(), key=lambda host: (host.host, host.instance))
    if len(rows) > most:
        rows = sorted(sorted(rows, key=_trouble, reverse=True)[:most], key=lambda host: (host.host, host.instance))
    return rows


_ANSWERED_BY = {"memory_total_bytes": "memory_total", "network_rx_bps": "received", "network_tx_bps": "sent"}


def with_sparks(hosts: Sequence[Host], sparks: Sequence[tuple[Labels, Sequence[float | None]]]) -> list[Host]:
    """Each with its last SPARK_POINTS minutes of CPU."""
    lines = {labels.get("instance"): line for labels, line in sparks}
    empty: Sequence[float | None] = [None] * SPARK_POINTS
    return [replace(host, spark_cpu=lines.get(host.instance, empty)) for host in hosts]


def by_instance(vector: Vector) -> dict[str, float]:
    """Finite values by instance."""
    return {labels.get("instance"): value for labels, value in vector if math.isfinite(value)}


def without_port(instance: str) -> str:
    """`web-1:9100` -> `web-1`; a bare IPv6 address stays whole."""
    name, separator, port = instance.rpartition(":")
    return name.strip("[]") if separator and port.isdigit() and (":" not in name or name[0] == "[") else instance


def _set(made: dict[str, Host], instance: str, **values: Any) -> None:
    if instance in made:
        made[instance] = replace(made[instance], **values)


def _fullest(disks: Vector) -> dict[str, tuple[float, str]]:
    found: dict[str, tuple[float, str]] = {}
    for labels, share in disks:
        instance = labels.get("instance")
        if math.isfinite(share) and share > found.get(instance, (-1.0, ""))[0]:
            found[instance] = (share, labels.get("mountpoint"))
    return found


def _put_pressure(made: dict[str, Host], found: Mapping[str, Vector]) -> None:
    parts = {part: by_instance(found[f"{part}_pressure"]) for part in ("cpu", "memory", "io")}
    for instance in set().union(*parts.values()):
        _set(made, instance, pressure={part: values.get(instance) for part, values in parts.items()})


def _trouble(host: Host) -> float:
    return max(host.cpu or 0.0, host.memory or 0.0, host.disk or 0.0)
