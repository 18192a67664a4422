"""The control groups of this machine: which there are, which of them are containers, and how to read their files.

A container is a leaf here: what it makes of its own group below is its own affair and is counted with it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from hannun.collect.containers import v1, v2
from hannun.collect.containers.usage import Usage
from hannun.collect.host.roots import Roots, read_text

FOLDERS_MAX = 5_000
DEPTH_MAX = 10
CONTROLLERS = ("memory", "cpuacct", "cpu", "blkio", "pids")

_HEX = r"[0-9a-f]{64}"
_SCOPE = re.compile(rf"^(docker|libpod|crio|cri-containerd|nerdctl|podman)-({_HEX})\.scope$")
_PLAIN = re.compile(rf"^(?:(?:libpod|docker)-)?({_HEX})$")
_NAMED = (
    (re.compile(r"^(lxc)(?:\.payload)?[./]([\w.-]+)$"), 2),
    (re.compile(r"^(machine)-(.+)\.scope$"), 2),
)
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Group:
    """`path` is the id ("/", "/docker/4f…"). `container` is the runtime's id or name of it, "" for other groups."""

    path: str
    container: str = ""

    @property
    def depth(self) -> int:
        return 0 if self.path == "/" else self.path.count("/")


def container_of(path: str) -> str:
    """The runtime's id in a group's path, "" when the group is no container.

    docker, podman, containerd, CRI-O and nerdctl under cgroupfs or systemd, LXC, systemd-nspawn.
    """
    last = path.rpartition("/")[2]
    scope = _SCOPE.match(last)
    if scope is not None:
        return scope[2]
    plain = _PLAIN.match(last)
    if plain is not None:
        return plain[1]
    two = "/".join(path.split("/")[-2:])
    for pattern, group in _NAMED:
        found = pattern.match(last) or pattern.match(two)
        if found is not None:
            return _ESCAPED.sub(lambda one: chr(int(one[1], 16)), found[group])
    return ""


class Tree:
    """One look at the groups. `version` is 2, 1, or 0 where there are no cgroups to be seen."""

    def __init__(self, roots: Roots) -> None:
        self._base = f"{roots.sysfs}/fs/cgroup"
        self._roots = roots
        self._controllers: dict[str, str] = {}
        if os.path.exists(f"{self._base}/cgroup.controllers"):
            self.version = 2
        else:
            self._controllers = dict(self._mounted())
            self.version = 1 if self._controllers else 0

    def groups(self) -> Iterator[Group]:
        """Every group from the root on, at most FOLDERS_MAX; below a container nothing."""
        if self.version == 0:
            return
        bases = [self._base] if self.version == 2 else [self._controllers[one] for one in self._walked()]
        seen: set[str] = set()
        todo = [Group("/")]
        while todo and len(seen) < FOLDERS_MAX:
            group = todo.pop()
            if group.path in seen:
                continue
            seen.add(group.path)
            yield group
            if group.container or group.depth >= DEPTH_MAX:
                continue
            below = {name for base in bases for name in _folders(f"{base}{group.path}")}
            for name in sorted(below, reverse=True):
                path = f"{group.path.rstrip('/')}/{name}"
                todo.append(Group(path, container_of(path)))

    def usage(self, group: Group) -> Usage:
        """Never raises: a group that ended meanwhile is one without numbers."""
        if self.version == 2:
            return v2.usage_of(self._reader_2(group))
        return v1.usage_of(self._reader_1(group))

    def folder(self, group: Group) -> str:
        """Where its processes are listed and its age is known."""
        if self.version == 2:
            return f"{self._base}{group.path}"
        found = (f"{self._controllers[one]}{group.path}" for one in self._walked())
        return next((path for path in found if os.path.isdir(path)), "")

    def _walked(self) -> list[str]:
        """Controllers whose folders are listed; a group is seldom in one of these alone."""
        return [one for one in ("memory", "cpuacct") if one in self._controllers] or list(self._controllers)[:1]

    def _reader_2(self, group: Group) -> v2.Read:
        folder = f"{self._base}{group.path.rstrip('/')}"
        return lambda name: _text(f"{folder}/{name}")

    def _reader_1(self, group: Group) -> v1.Read:
        below = group.path.rstrip("/")

        def read(controller: str, name: str) -> str | None:
            base = self._controllers.get(controller)
            return None if base is None else _text(f"{base}{below}/{name}")

        return read

    def _mounted(self) -> Iterator[tuple[str, str]]:
        """Controllers may share a folder ("cpu,cpuacct"), with or without links of their own names."""
        try:
            names = sorted(os.listdir(self._base))
        except OSError:
            return
        for controller in CONTROLLERS:
            for name in names:
                if controller in name.split(","):
                    yield controller, f"{self._base}/{name}"
                    break


def _folders(path: str) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _text(path: str) -> str | None:

    try:
        return read_text(path)
    except OSError:
        return None
