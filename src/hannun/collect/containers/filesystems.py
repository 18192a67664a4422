"""Space of the machine's disks, which cAdvisor tells with the root group.

What a single container's layer takes is not told: finding out means walking all of its files.
"""

from __future__ import annotations

from hannun.collect.host.builder import Builder
from hannun.collect.host.filesystem import parse_mounts
from hannun.collect.host.roots import Roots
from hannun.collect.host.statvfs import Space, StatvfsPool
from hannun.model.family import Pairs

DEVICES_MAX = 100


class Filesystems:
    """Keeps the helper that waits for a mount which does not answer, so that it is not asked at every reading."""

    def __init__(self, timeout_s: float = 2.0) -> None:
        self._pool = StatvfsPool(timeout_s)

    def tell(self, out: Builder, roots: Roots, base: Pairs) -> None:
        points = _disks(roots)
        spaces = self._pool.spaces([roots.root(point) for point in points.values()])
        for device, point in points.items():
            space = spaces[roots.root(point)]
            if not isinstance(space, Space):
                continue
            labels = (("device", device), *base)
            out.gauge("container_fs_inodes_free", "Number of available Inodes", labels, space.files_free)
            out.gauge("container_fs_inodes_total", "Number of Inodes", labels, space.files)
            out.gauge(
                "container_fs_limit_bytes",
                "Number of bytes that can be consumed by the container on this filesystem.",
                labels,
                space.size,
            )
            out.gauge(
                "container_fs_usage_bytes",
                "Number of bytes that are consumed by the container on this filesystem.",
                labels,
                space.size - space.avail,
            )


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
