"""Who uses this machine: CPU, memory, I/O, threads and open files by command name, the largest and "(rest)".

Cardinality is bounded: the names that are among the first few by CPU or by memory, those that lately were, and one
row for all others. Every second of CPU is counted under exactly one name, so the rows always add up to the whole; a
counter only grows, also when a process ends or its name moves between its own row and "(rest)".
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from hannun.collect.host.builder import Builder
from hannun.collect.host.processes import TICKS_PER_S, Process, read_table, totals
from hannun.collect.host.registry import Options, collector
from hannun.collect.host.roots import Roots, read_bytes
from hannun.model.family import Family

REST = "(rest)"
KERNEL = "(kernel)"
"""One row for all kernel threads: their names count CPUs and queues, and nobody can end them."""
KEPT_ROUNDS = 20
"""A name stays shown this long after it was among the first (5 min at 15 s), so that graphs have no gaps."""
REMEMBERED = 256
_FADE = 0.8


@dataclass(slots=True)
class Used:
    """What one process, one name, or the rest has used since we watch.

    Whole numbers: sums of fractions would end in 2.4099999999999997, which the store keeps in four times the bytes.
    """

    cpu_ticks: int = 0
    read_bytes: int = 0
    written_bytes: int = 0

    def add(self, other: Used) -> None:
        self.cpu_ticks += other.cpu_ticks
        self.read_bytes += other.read_bytes
        self.written_bytes += other.written_bytes


@dataclass(slots=True)
class Group:
    """All processes of one name in one round. `used`: since the round before. None: nobody let us look."""

    used: Used = field(default_factory=Used)
    resident_bytes: float = 0.0
    count: int = 0
    threads: int = 0
    open_fds: float | None = None
    io_known: bool = False

    def add(self, other: Group) -> None:
        self.used.add(other.used)
        self.resident_bytes += other.resident_bytes
        self.count += other.count
        self.threads += other.threads
        if other.open_fds is not None:
            self.open_fds = (self.open_fds or 0.0) + other.open_fds
        self.io_known |= other.io_known


class TopNames:
    """Chooses which names are shown and adds up their counters. Pure: rounds in, rows out."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._score: dict[str, float] = {}
        self._left: dict[str, int] = {}
        self._sums: dict[str, Used] = {}

    def round(self, groups: dict[str, Group]) -> list[tuple[str, Used, Group]]:
        """(name, sums since ever, this round) per shown name, then the rest."""
        shown = self._choose(groups)
        rest = Group()
        rows: list[tuple[str, Used, Group]] = []
        for name, group in groups.items():
            if name in shown:
                rows.append((name, self._sum(name, group.used), group))
            else:
                rest.add(group)
        rows.append((REST, self._sum(REST, rest.used), rest))
        hidden = [name for name in self._sums if name not in shown and name != REST]
        for name in hidden[: max(0, len(self._sums) - REMEMBERED)]:
            del self._sums[name]
        return rows

    def _sum(self, name: str, used: Used) -> Used:
        # Taken out and put back, so that the dictionary's order is "shown least lately first".
        sums = self._sums.pop(name, Used())
        sums.add(used)
        self._sums[name] = sums
        return sums

    def _choose(self, groups: dict[str, Group]) -> set[str]:
        scores = {name: self._score.get(name, 0.0) * _FADE + group.used.cpu_ticks for name, group in groups.items()}
        self._score = scores
        by_cpu = sorted((name for name in groups if scores[name] > 0), key=lambda name: -scores[name])[: self._top]
        by_memory = sorted(groups, key=lambda name: -groups[name].resident_bytes)[: self._top]
        left = {name: rounds - 1 for name, rounds in self._left.items() if rounds > 1 and name in groups}
        left.update(dict.fromkeys((*by_cpu, *by_memory), KEPT_ROUNDS))
        bound = 4 * self._top
        if len(left) > bound:
            left = dict(sorted(left.items(), key=lambda item: -item[1])[:bound])
        self._left = left
        return set(left)


@dataclass(slots=True)
class _Seen:
    """What we knew of a process after the round before."""

    cpu_ticks: int
    io: tuple[int, int] | None
    open_fds: int | None


@collector("processes")
class Processes:
    def __init__(self, options: Options) -> None:
        self._names = TopNames(options.top)
        self._seen: dict[tuple[str, int], _Seen] = {}

    def __call__(self, roots: Roots) -> list[Family]:
        table = read_table(roots)
        return [*totals(roots, table), *top_families(self._names.round(self._groups(roots, table)))]

    def _groups(self, roots: Roots, table: Sequence[Process]) -> dict[str, Group]:
        before, self._seen = self._seen, {}
        groups: dict[str, Group] = {}
        # A recorded tree has no link here, and its folders' sizes are those of a disk.
        sized = os.path.islink(f"{roots.procfs}/self")
        for process in table:
            key = (process.pid, process.start)
            known = before.get(key)
            # What did not run since has read and opened nothing worth a look: most processes sleep, so this is what
            # keeps a round cheap. A few bytes that cost less than one tick are counted when the tick comes.
            if known is not None and known.cpu_ticks == process.cpu_ticks:
                now = known
            elif process.kernel:
                now = _Seen(process.cpu_ticks, None, None)
            else:
                folder = f"{roots.procfs}/{process.pid}"
                now = _Seen(process.cpu_ticks, read_io(folder), count_fds(folder, sized))
            self._seen[key] = now
            group = groups.setdefault(group_name(process), Group())
            group.add(_one(process, now, known))
        return groups


def group_name(process: Process) -> str:
    if process.kernel:
        return KERNEL
    # A process may call itself as our own rows are called.
    return f"{process.name} (process)" if process.name in (REST, KERNEL) else process.name


def _one(process: Process, now: _Seen, before: _Seen | None) -> Group:
    used = Used(cpu_ticks=max(0, now.cpu_ticks - (before.cpu_ticks if before is not None else 0)))
    if now.io is not None:
        read, written = before.io if before is not None and before.io is not None else (0, 0)
        used.read_bytes = max(0, now.io[0] - read)
        used.written_bytes = max(0, now.io[1] - written)
    fds = None if now.open_fds is None else float(now.open_fds)
    return Group(used, float(process.resident_bytes), 1, process.threads, fds, now.io is not None)


def read_io(folder: str) -> tuple[int, int] | None:
    """(read, written) bytes that reached a disk; None for processes of others when we are not root."""
    try:
        told = dict(line.split(b": ", 1) for line in read_bytes(f"{folder}/io").splitlines())
        return int(told[b"read_bytes"]), int(told[b"write_bytes"])
    except (OSError, KeyError, ValueError):
        return None


def count_fds(folder: str, sized: bool) -> int | None:
    """Open files of a process; None when we may not know. `sized`: the folder is one of a real /proc."""
    try:
        # Linux 6.2 tells the number as the folder's size, which spares listing thousands of entries.
        size = os.stat(f"{folder}/fd").st_size if sized else 0
        return size or len(os.listdir(f"{folder}/fd"))
    except OSError:
        return None


def top_families(rows: Sequence[tuple[str, Used, Group]]) -> list[Family]:
    built = Builder()
    for name, sums, group in rows:
        label = (("name", name),)
        text = "Processes that bear the name."
        built.gauge("hannun_process_count", text, label, float(group.count))
        text = "CPU time used by processes of the name since Hannun watches, user and system."
        built.counter("hannun_process_cpu_seconds_total", text, label, sums.cpu_ticks / TICKS_PER_S)
        text = "Open files of processes of the name, of those that Hannun may look into."
        built.gauge("hannun_process_open_fds", text, label, group.open_fds)
        if group.io_known or sums.read_bytes or sums.written_bytes:
            text = "Bytes read from disks by processes of the name since Hannun watches."
            built.counter("hannun_process_read_bytes_total", text, label, float(sums.read_bytes))
            text = "Bytes written to disks by processes of the name since Hannun watches."
            built.counter("hannun_process_written_bytes_total", text, label, float(sums.written_bytes))
        text = "Resident memory of processes of the name; memory that they share counts once for each."
        built.gauge("hannun_process_resident_memory_bytes", text, label, group.resident_bytes)
        built.gauge("hannun_process_threads", "Threads of processes of the name.", label, float(group.threads))
    return built.families()
