"""Space of the machine's disks, told with the root group as cAdvisor does, and what containers' layers take of it."""

from __future__ import annotations

from collections.abc import Mapping

from hannun.collect.containers.layers import Layer, Layers, disks_by_number
from hannun.collect.host.builder import Builder
from hannun.collect.host.diskstats import parse_diskstats
from hannun.collect.host.filesystem import parse_mounts
from hannun.collect.host.roots import Roots
from hannun.collect.host.statvfs import Space, StatvfsPool
from hannun.model.family import Pairs

DEVICES_MAX = 100
LIMIT = "Number of bytes that can be consumed by the container on this filesystem."
USAGE = "Number of bytes that are consumed by the container on this filesystem."
DISK_SERIES = (
    (1, "counter", "container_fs_reads_merged_total", "Cumulative count of reads merged", 1.0),
    (2, "counter", "container_fs_sector_reads_total", "Cumulative count of sector reads completed", 1.0),
    (3, "counter", "container_fs_read_seconds_total", "Cumulative count of seconds spent reading", 1e-3),
    (5, "counter", "container_fs_writes_merged_total", "Cumulative count of writes merged", 1.0),
    (6, "counter", "container_fs_sector_writes_total", "Cumulative count of sector writes completed", 1.0),
    (7, "counter", "container_fs_write_seconds_total", "Cumulative count of seconds spent writing", 1e-3),
    (8, "gauge", "container_fs_io_current", "Number of I/Os currently in progress", 1.0),
    (9, "counter", "container_fs_io_time_seconds_total", "Cumulative count of seconds spent doing I/Os", 1e-3),
    (10, "counter", "container_fs_io_time_weighted_seconds_total", "Cumulative weighted I/O time in seconds", 1e-3),
)
"""Column of /proc/diskstats, kind, name, help, factor."""


class Filesystems:
    """Keeps the helper that waits for a mount which does not answer, so that it is not asked at every reading."""

    def __init__(self, timeout_s: float = 2.0, layers: Layers | None = None) -> None:
        self._pool = StatvfsPool(timeout_s)
        self._layers = layers or Layers()

    def tell(self, out: Builder, roots: Roots, base: Pairs, containers: Mapping[Pairs, Layer]) -> None:
        """`base` is the root group's, `containers` are the layers of those that have one."""
        points = _disks(roots)
        spaces = self._pool.spaces([roots.root(point) for point in points.values()])
        totals: dict[str, float] = {}
        for device, point in points.items():
            space = spaces[roots.root(point)]
            if not isinstance(space, Space):
                continue
            totals[device] = space.size
            labels = (("device", device), *base)
            out.gauge("container_fs_inodes_free", "Number of available Inodes", labels, space.files_free)
            out.gauge("container_fs_inodes_total", "Number of Inodes", labels, space.files)
            out.gauge("container_fs_limit_bytes", LIMIT, labels, space.size)
            out.gauge("container_fs_usage_bytes", USAGE, labels, space.size - space.avail)
        _tell_disks(out, roots, base, points)
        sizes = self._layers.sizes(containers.values())
        disks = disks_by_number(roots) if containers else {}
        for own, layer in containers.items():
            if layer.path in sizes:
                device = disks.get(layer.number, "")
                labels = (("device", device), *own)
                out.gauge("container_fs_limit_bytes", LIMIT, labels, totals.get(device))
                out.gauge("container_fs_usage_bytes", USAGE, labels, sizes[layer.path])


def _tell_disks(out: Builder, roots: Roots, base: Pairs, points: Mapping[str, str]) -> None:
    try:
        rows = parse_diskstats(roots.proc("diskstats"))
    except (OSError, ValueError):
        return
    for _, _, name, numbers in rows:
        if f"/dev/{name}" in points:
            for column, kind, metric, text, factor in DISK_SERIES:
                if column < len(numbers):
                    out.add(metric, kind, text, (("device", f"/dev/{name}"), *base), numbers[column] * factor)


def _disks(roots: Roots) -> dict[str, str]:
    """Device -> where it is mounted first; a disk that is bound to several places is one disk."""
    found: dict[str, str] = {}
    for file in ("1/mounts", "self/mounts"):
        try:
            mounts = parse_mounts(roots.proc(file))
        except OSError:
            continue
        prefix = roots.rootfs.rstrip("/")
        for mount in mounts:
            if mount.device.startswith("/dev/") and mount.type != "squashfs" and len(found) < DEVICES_MAX:
                point = mount.point.removeprefix(prefix) or "/" if prefix else mount.point
                found.setdefault(mount.device, point)
        break
    return found
