"""What this machine offers, as far as defaults depend on it: memory, disk, time zone.

Memory is the least of the machine's and of every cgroup above this process, because in a container or a systemd slice
the kernel kills at the cgroup's limit, whatever the machine has.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_CGROUP = Path("/sys/fs/cgroup")
_ZONEINFO = "/zoneinfo/"


@dataclass(frozen=True, slots=True)
class Machine:
    memory_bytes: int
    timezone: str = "UTC"

    def disk_bytes(self, path: Path) -> int:
        """Size of the file system that holds `path`, or will hold it once its folders are made."""
        for folder in (path, *path.absolute().parents):
            try:
                return shutil.disk_usage(folder).total
            except OSError:
                continue
        return 0


def look() -> Machine:
    return Machine(memory_bytes(), timezone())


def memory_bytes(proc: Path = _PROC, cgroup: Path = _CGROUP) -> int:
    """Bytes this process may use at most; 1 GiB where nothing tells."""
    known = [limit for limit in (_machine_memory(proc), *_cgroup_limits(proc, cgroup)) if limit]
    return min(known, default=1 << 30)


def timezone(localtime: Path = Path("/etc/localtime"), env: dict[str, str] | None = None) -> str:
    """The machine's IANA zone by TZ or the link that /etc/localtime is; UTC where neither names one."""
    named = (os.environ if env is None else env).get("TZ", "").removeprefix(":")
    if not named:
        try:
            target = str(localtime.resolve())
        except (OSError, RuntimeError):
            target = ""
        named = target.partition(_ZONEINFO)[2].removeprefix("posix/").removeprefix("right/")
    from hannun.config.values import BadValue, zone

    try:
        found = zone(named, Path())
    except BadValue:
        return "UTC"
    return "UTC" if found in ("Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Universal") else found


def _machine_memory(proc: Path) -> int | None:
    try:
        for line in (proc / "meminfo").read_text().splitlines():
            if line.startswith("MemTotal:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        return None
    return None


def _cgroup_limits(proc: Path, cgroup: Path) -> Iterator[int]:
    """Every limit from this process's group up to the root, of cgroup 2 and of the memory controller of cgroup 1."""
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            root, name = cgroup, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = cgroup / "memory", "memory.limit_in_bytes"
        else:
            continue
        # Inside a container the path may name a group that only the host sees: the root of what we see still counts.
        own = root / path.strip("/")
        for group in (own, *own.parents):
            if group == root or root in group.parents:
                limit = _number(group / name)
                # cgroup 1 writes "no limit" as a number near 2^63.
                if limit is not None and 0 < limit < 1 << 60:
                    yield limit


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text().strip())
    except (OSError, ValueError):
        return None
