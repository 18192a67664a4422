"""ZFS: the ARC and the state of each pool, from /proc/spl/kstat/zfs."""

from __future__ import annotations

import contextlib
import os

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

POOL_STATES = ("online", "degraded", "faulted", "offline", "removed", "unavail", "suspended")
_NUMERIC_TYPES = ("3", "4")  # KSTAT_DATA_INT64 and KSTAT_DATA_UINT64


# File -> what its metrics are called.
KSTATS = {
    "abdstats": "abd",
    "arcstats": "arc",
    "dbufstats": "dbuf",
    "dmu_tx": "dmu_tx",
    "dnodestats": "dnode",
    "fm": "fm",
    "vdev_cache_stats": "vdev_cache",
    "vdev_mirror_stats": "vdev_mirror",
    "xuio_stats": "xuio",
    "zfetchstats": "zfetch",
    "zil": "zil",
}


def parse_kstat(text: str) -> dict[str, float]:
    """`name type data` lines below two lines of heading; numbers only."""
    rows = (line.split() for line in text.splitlines()[2:])
    return {row[0]: float(row[2]) for row in rows if len(row) == 3 and row[1] in _NUMERIC_TYPES}


def parse_pool_io(text: str) -> dict[str, float]:
    """A line of heading, a line of names, a line of numbers."""
    _, names, values = text.splitlines()[:3]
    return {name: float(value) for name, value in zip(names.split(), values.split(), strict=False)}


@collector("zfs")
def zfs(roots: Roots) -> list[Family]:
    """Raises NoData when ZFS is not loaded."""
    folder = "spl/kstat/zfs"
    try:
        entries = sorted(os.listdir(f"{roots.procfs}/{folder}"))
    except FileNotFoundError as err:
        raise NoData("ZFS is not loaded") from err
    built = Builder()
    for file in entries:
        if file not in KSTATS:
            continue
        for key, value in parse_kstat(roots.proc(f"{folder}/{file}")).items():
            built.add(f"node_zfs_{KSTATS[file]}_{key}", "unknown", f"kstat.zfs.misc.{file}.{key}", (), value)
    for pool in entries:
        _pool(built, roots, f"{folder}/{pool}", pool)
    return built.families()


def _pool(built: Builder, roots: Roots, folder: str, pool: str) -> None:
    # Most entries are files of their own, and no pools.
    with contextlib.suppress(OSError):
        now = roots.proc(f"{folder}/state").strip().lower()
        for state in POOL_STATES:
            labels = (("state", state), ("zpool", pool))
            built.gauge("node_zfs_zpool_state", "kstat.zfs.misc.state", labels, float(state == now))
    with contextlib.suppress(OSError):  # Gone since ZFS 2.1.
        for key, value in parse_pool_io(roots.proc(f"{folder}/io")).items():
            name = f"node_zfs_zpool_{key}"
            built.add(name, "unknown", f"kstat.zfs.misc.io.{key}", (("zpool", pool),), value)
