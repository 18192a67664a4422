"""The processes of a container: when the first began, what they hold open, and the network that they see."""

from __future__ import annotations

import os
from dataclasses import dataclass

from hannun.collect.host.netdev import parse_net_dev
from hannun.collect.host.roots import Roots, read_text

CHILDREN_MAX = 50
TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_IGNORED = ("lo", "veth", "docker", "nerdctl", "br-", "cali", "cni", "flannel")
"""Interfaces that only carry what another one shows; cAdvisor leaves out the first three."""


@dataclass(frozen=True, slots=True)
class Tasks:
    """`oldest_ticks` is when the first process began, in ticks since boot; `network` names its network namespace."""

    pids: tuple[int, ...] = ()
    first: int = 0
    oldest_ticks: int = 0
    network: str = ""


@dataclass(slots=True)
class Files:
    """How many descriptors may still be looked at in this round; a database with 100 000 is not worth a second."""

    left: int = 4_096


@dataclass(slots=True)
class Threads:
    """How many threads may still be looked at in this round: 4,096 take 60 ms."""

    left: int = 4_096


STATES = {"R": "running", "S": "sleeping", "D": "uninterruptible", "T": "stopped", "t": "stopped"}
"""cAdvisor's fifth state, `iowaiting`, is seen by the kernel's own interface alone."""


def states_of(roots: Roots, pids: tuple[int, ...], budget: Threads) -> dict[str, int] | None:
    """Threads by state, every state told; None when the budget is spent."""
    found = dict.fromkeys(STATES.values(), 0)
    for pid in pids:
        folder = f"{roots.procfs}/{pid}/task"
        try:
            threads = os.listdir(folder)
        except OSError:
            continue  # It ended meanwhile.
        budget.left -= len(threads)
        if budget.left < 0:
            return None
        for thread in threads:
            try:
                state = read_text(f"{folder}/{thread}/stat").rpartition(")")[2][1:2]
            except OSError:
                continue
            if state in STATES:
                found[STATES[state]] += 1
    return found


def tasks_of(roots: Roots, folder: str, pids_max: int) -> Tasks:
    """The processes of the group in `folder` and of the groups right below it."""
    pids = _pids(folder, pids_max)
    begun = [(ticks, pid) for pid in pids[:CHILDREN_MAX] if (ticks := start_ticks(roots, pid)) is not None]
    if not begun:
        return Tasks(tuple(pids))
    oldest, first = min(begun)
    return Tasks(tuple(pids), first, oldest, network_of(roots, first))


def _pids(folder: str, most: int) -> list[int]:
    found = _listed(f"{folder}/cgroup.procs")
    try:
        with os.scandir(folder) as entries:
            below = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)][:CHILDREN_MAX]
    except OSError:
        below = []
    for path in below:
        found += _listed(f"{path}/cgroup.procs")
        if len(found) >= most:
            break
    return sorted(set(found))[:most]


def _listed(path: str) -> list[int]:
    try:
        return [int(word) for word in read_text(path).split() if word.isdecimal() and word != "0"]
    except OSError:
        return []


def start_ticks(roots: Roots, pid: int) -> int | None:
    """Field 22 of /proc/<pid>/stat; the command before it may hold anything, parentheses too."""
    try:
        fields = roots.proc(f"{pid}/stat").rpartition(")")[2].split()
        return int(fields[19])
    except (OSError, ValueError, IndexError):
        return None


def network_of(roots: Roots, pid: int) -> str:
    """The name of the network namespace, "" when it may not be known."""
    try:
        return os.readlink(f"{roots.procfs}/{pid}/ns/net")
    except OSError:
        return ""


def traffic_of(roots: Roots, pid: int) -> dict[str, dict[str, float]]:
    """{interface: {"receive_bytes": …}} as the process sees them, without those that would count twice."""
    try:
        found = parse_net_dev(roots.proc(f"{pid}/net/dev"))
    except (OSError, ValueError, IndexError):
        return {}
    return {name: counts for name, counts in found.items() if not name.startswith(_IGNORED)}


def open_files(roots: Roots, pids: tuple[int, ...], budget: Files) -> tuple[int, int] | None:
    """(descriptors, sockets) of all of them; None when one may not be looked at or the budget is spent."""
    descriptors = sockets = 0
    for pid in pids:
        folder = f"{roots.procfs}/{pid}/fd"
        try:
            names = os.listdir(folder)
        except FileNotFoundError:
            continue  # It ended meanwhile.
        except OSError:
            return None
        budget.left -= len(names)
        if budget.left < 0:
            return None
        descriptors += len(names)
        for name in names:
            try:
                sockets += os.readlink(f"{folder}/{name}").startswith("socket:")
            except OSError:
                continue
    return descriptors, sockets


def soft_limit_of_files(roots: Roots, pid: int) -> float | None:
    """-1: unlimited."""
    try:
        lines = roots.proc(f"{pid}/limits").splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("Max open files"):
            word = line[len("Max open files") :].split()[0]
            return -1.0 if word == "unlimited" else float(word) if word.isdecimal() else None
    return None
