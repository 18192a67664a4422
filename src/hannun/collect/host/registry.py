"""The registry of host collectors: adding one is adding a file with `@collector("name")` above its function or class.

A collector is a function of `Roots` that returns families, or, where it must remember something between rounds, a
class whose instances are made with `Options` and called with `Roots`. What one raises costs only itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from hannun.collect.host.roots import Roots
from hannun.model.family import Family

Reader = Callable[[Roots], Sequence[Family]]

# Mount points: upstream's pattern and Debian's /run; /mnt and /media stay in, because that is where people mount the
# disk that fills up first. Types and devices: upstream's, zram with the newer releases.
MOUNT_POINTS = r"^/(dev|proc|run|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
FILESYSTEM_TYPES = (
    r"^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|iso9660|mqueue|nsfs|overlay"
    r"|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|sysfs|tracefs)$"
)
DISKS = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"


@dataclass(frozen=True, slots=True)
class Options:
    """What to leave out (regexes, as node_exporter's --collector.*-exclude) and how much to show."""

    mount_points_exclude: re.Pattern[str] = re.compile(MOUNT_POINTS)
    filesystem_types_exclude: re.Pattern[str] = re.compile(FILESYSTEM_TYPES)
    disks_exclude: re.Pattern[str] = re.compile(DISKS)
    statvfs_timeout_s: float = 2.0
    top: int = 10
    """How many command names are shown by CPU, and as many by memory."""


class NoData(Exception):
    """What the collector reads does not exist on this machine. Counts as success 0, as in node_exporter."""


COLLECTORS: dict[str, Callable[[Options], Reader]] = {}

Made = TypeVar("Made", bound=Callable[..., object])


def collector(name: str) -> Callable[[Made], Made]:
    """Register a `(Roots) -> families` function, or a class made with `Options` whose instances are such functions."""

    def register(made: Made) -> Made:
        assert name not in COLLECTORS, f"collector {name} is already provided by {COLLECTORS[name].__module__}"
        if isinstance(made, type):
            COLLECTORS[name] = cast("Callable[[Options], Reader]", made)
        else:
            COLLECTORS[name] = lambda _options: cast("Reader", made)
        return made

    return register
