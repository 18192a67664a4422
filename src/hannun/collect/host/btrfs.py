"""Space and commits of mounted Btrfs filesystems, as far as /sys tells (device errors need an ioctl as root)."""

from __future__ import annotations

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots, number
from hannun.model.family import Family, Pairs

BLOCK_GROUPS = ("data", "metadata", "system")
_RATIOS = {"single": 1.0, "dup": 2.0, "raid0": 1.0, "raid1": 2.0, "raid1c3": 3.0, "raid1c4": 4.0, "raid10": 2.0}
_SECTOR_BYTES = 512.0


def allocation_ratio(layout: str, devices: int) -> float:
    """Raw bytes per byte of data; of the parity levels by how many devices share the parity."""
    if layout == "raid5":
        return devices / (devices - 1) if devices > 1 else 1.0
    if layout == "raid6":
        return devices / (devices - 2) if devices > 2 else 1.0
    return _RATIOS.get(layout, 1.0)


def parse_commit_stats(text: str) -> dict[str, float]:
    """`commits 12` and the like, one per line (Linux 5.19)."""
    pairs = (line.partition(" ") for line in text.splitlines())
    told = ((name, number(value.strip())) for name, _, value in pairs)
    return {name: value for name, value in told if value is not None}


@collector("btrfs")
def btrfs(roots: Roots) -> list[Family]:
    built = Builder()
    for uuid in roots.sys_list("fs/btrfs"):
        folder = f"fs/btrfs/{uuid}"
        reserve = roots.sys_number(f"{folder}/allocation/global_rsv_size")
        if reserve is None:  # `features` and other folders that are no filesystem.
            continue
        label: Pairs = (("uuid", uuid),)
        name = roots.sys_or_none(f"{folder}/label") or ""
        built.gauge("node_btrfs_info", "Filesystem information", (("label", name), *label), 1.0)
        built.gauge("node_btrfs_global_rsv_size_bytes", "Size of global reserve.", label, reserve)
        devices = roots.sys_list(f"{folder}/devices")
        for device in devices:
            sectors = roots.sys_number(f"{folder}/devices/{device}/size")
            built.gauge(
                "node_btrfs_device_size_bytes",
                "Size of a device that is part of the filesystem.",
                (("device", device), *label),
                None if sectors is None else sectors * _SECTOR_BYTES,
            )
        for group in BLOCK_GROUPS:
            _block_group(built, roots, f"{folder}/allocation/{group}", group, label, len(devices))
        _commits(built, roots.sys_or_none(f"{folder}/commit_stats"), label)
    return built.families()


def _block_group(built: Builder, roots: Roots, folder: str, group: str, label: Pairs, devices: int) -> None:
    kind = ("block_group_type", group)
    reserved = roots.sys_number(f"{folder}/bytes_reserved")
    built.gauge("node_btrfs_reserved_bytes", "Amount of space reserved for a data type", (kind, *label), reserved)
    for layout in roots.sys_list(folder):
        used = roots.sys_number(f"{folder}/{layout}/used_bytes")
        if used is None:
            continue
        labels = (kind, ("mode", layout), *label)
        built.gauge("node_btrfs_used_bytes", "Amount of used space by a layout/data type", labels, used)
        size = roots.sys_number(f"{folder}/{layout}/total_bytes")
        built.gauge("node_btrfs_size_bytes", "Amount of space allocated for a layout/data type", labels, size)
        ratio = allocation_ratio(layout, devices)
        built.gauge("node_btrfs_allocation_ratio", "Data allocation ratio for a layout/data type", labels, ratio)


def _commits(built: Builder, text: str | None, label: Pairs) -> None:
    if text is None:
        return
    told = parse_commit_stats(text)
    seconds = {name: value / 1000 for name, value in told.items() if name.endswith("_ms")}
    help_ = "The total number of commits that have occurred."
    built.counter("node_btrfs_commits_total", help_, label, told.get("commits"))
    help_ = "Duration of the most recent commit, in seconds."
    built.gauge("node_btrfs_last_commit_seconds", help_, label, seconds.get("last_commit_ms"))
    help_ = "Duration of the slowest commit, in seconds."
    built.gauge("node_btrfs_max_commit_seconds", help_, label, seconds.get("max_commit_ms"))
    help_ = "Sum of the duration of all commits, in seconds."
    built.counter("node_btrfs_commit_seconds_total", help_, label, seconds.get("total_commit_ms"))
