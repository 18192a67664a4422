"""Space and file nodes of mounted filesystems."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hannun.collect.host.registry import Options, collector
from hannun.collect.host.roots import Roots
from hannun.collect.host.statvfs import Space, StatvfsPool
from hannun.model.family import Family, Pairs

_OCTAL = re.compile(r"\\([0-7]{3})")
GAUGES = (
    ("size_bytes", "Filesystem size in bytes."),
    ("free_bytes", "Filesystem free space in bytes."),
    ("avail_bytes", "Filesystem space available to non-root users in bytes."),
    ("files", "Filesystem total file nodes."),
    ("files_free", "Filesystem total free file nodes."),
)


@dataclass(frozen=True, slots=True)
class Mount:
    device: str
    point: str
    type: str
    readonly: bool


def parse_mounts(text: str) -> list[Mount]:
    """Lines of `/proc/<pid>/mounts`; blanks in names stand there as octal escapes."""
    found: list[Mount] = []
    for line in text.splitlines():
        parts = line.split(" ")
        if len(parts) >= 4:
            device, point, kind, options = (_OCTAL.sub(_unescape, part) for part in parts[:4])
            found.append(Mount(device, point, kind, "ro" in options.split(",")))
    return found


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 8))


@collector("filesystem")
class Filesystem:
    def __init__(self, options: Options) -> None:
        self._points = options.mount_points_exclude
        self._types = options.filesystem_types_exclude
        self._pool = StatvfsPool(options.statvfs_timeout_s)

    def __call__(self, roots: Roots) -> list[Family]:
        mounts = self._wanted(roots)
        paths = {mount: roots.root(mount.point) for mount in mounts}
        spaces = self._pool.spaces(list(dict.fromkeys(paths.values())))
        rows: dict[str, list[tuple[Pairs, float]]] = {name: [] for name, _ in GAUGES}
        readonly: list[tuple[Pairs, float]] = []
        errors: list[tuple[Pairs, float]] = []
        for mount, path in paths.items():
            labels = (("device", mount.device), ("fstype", mount.type), ("mountpoint", mount.point))
            space = spaces[path]
            errors.append((labels, 0.0 if isinstance(space, Space) else 1.0))
            readonly.append((labels, float(mount.readonly)))
            if isinstance(space, Space):
                values = (space.size, space.free, space.avail, space.files, space.files_free)
                for (name, _), value in zip(GAUGES, values, strict=True):
                    rows[name].append((labels, value))
        return [
            *(Family.of(f"node_filesystem_{name}", "gauge", text, rows[name]) for name, text in GAUGES if rows[name]),
            Family.of("node_filesystem_readonly", "gauge", "Filesystem read-only status.", readonly),
            Family.of(
                "node_filesystem_device_error",
                "gauge",
                "Whether an error occurred while getting statistics for the given device.",
                errors,
            ),
        ]

    def _wanted(self, roots: Roots) -> list[Mount]:
        try:
            text = roots.proc("1/mounts")
        except OSError:
            # With hidepid, or in some containers, process 1 is not ours to look at.
            text = roots.proc("self/mounts")
        # A mount point that is mounted over shows only its last filesystem; the same one twice is one series.
        last: dict[tuple[str, str], Mount] = {}
        prefix = roots.rootfs.rstrip("/")
        for mount in parse_mounts(text):
            # Mounted as /rootfs in a container, the host's paths are told without that prefix.
            point = mount.point.removeprefix(prefix) or "/" if prefix else mount.point
            if not self._points.search(point) and self._is_wanted_type(mount, point):
                last[mount.device, point] = Mount(mount.device, point, mount.type, mount.readonly)
        return list(last.values())

    def _is_wanted_type(self, mount: Mount, point: str) -> bool:
        # Overlays are left out because a container host has one per container. But an overlay at / means that we are
        # inside a container ourselves, and without it there would be no disk to watch at all.
        return not self._types.search(mount.type) or (mount.type == "overlay" and point == "/")
