"""The table of processes: one pass over /proc/<pid>/stat, used for node_exporter's totals and for the top consumers."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from hannun.collect.host.roots import Roots, read_bytes
from hannun.model.family import Family

_KERNEL_THREAD = 0x00200000  # PF_KTHREAD of <linux/sched.h>
TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_COMM_BYTES = 15
"""The kernel cuts a command's name here, in the middle of a character if need be."""


class Process(NamedTuple):
    """`start`: ticks after boot; with the pid it names a process for good, because pids are used again."""

    pid: str
    name: str
    state: str
    kernel: bool
    cpu_ticks: int
    threads: int
    start: int
    resident_bytes: int


def parse_process(stat: bytes) -> Process:
    """One `/proc/<pid>/stat`. The name may hold blanks and parentheses: the last one closes it.

    Raises ValueError or IndexError for anything else than such a line.
    """
    opening, closing = stat.index(b"("), stat.rindex(b")")
    fields = stat[closing + 2 :].split()
    return Process(
        pid=stat[: opening - 1].decode("ascii"),
        name=printable(stat[opening + 1 : closing]),
        state=fields[0].decode("ascii"),
        kernel=bool(int(fields[6]) & _KERNEL_THREAD),
        cpu_ticks=int(fields[11]) + int(fields[12]),
        threads=int(fields[17]),
        start=int(fields[19]),
        resident_bytes=max(0, int(fields[21])) * _PAGE_BYTES,
    )


def printable(comm: bytes) -> str:
    """A command's name as a label: it may hold any bytes, so what is no UTF-8 or no sign becomes U+FFFD."""
    try:
        text = comm.decode("utf-8")
    except UnicodeDecodeError as err:
        # A name that was cut within its last character is shown without that character, not with a blot.
        cut = len(comm) >= _COMM_BYTES and err.reason == "unexpected end of data"
        text = (comm[: err.start] if cut else comm).decode("utf-8", "replace")
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
    return text.strip() or "(unnamed)"


def read_table(roots: Roots) -> list[Process]:
    """Every process that is still there when its turn comes. Raises OSError when there is no /proc."""
    found: list[Process] = []
    for entry in os.listdir(roots.procfs):
        if not entry[0].isdigit():
            continue
        try:
            found.append(parse_process(read_bytes(f"{roots.procfs}/{entry}/stat")))
        # It ended meanwhile, or hidepid hides it.
        except (OSError, ValueError, IndexError):
            continue
    return found


def totals(roots: Roots, table: Sequence[Process]) -> list[Family]:
    """What node_exporter's `processes` collector tells (but for thread states, which cost a read per thread)."""
    states = Counter(process.state for process in table)
    rows = [((("state", state),), float(count)) for state, count in sorted(states.items())]
    threads = float(sum(process.threads for process in table))
    pid_max = float(roots.proc("sys/kernel/pid_max"))
    threads_max = float(roots.proc("sys/kernel/threads-max"))
    return [
        Family.single("node_processes_max_processes", "gauge", "Number of max PIDs limit", pid_max),
        Family.single("node_processes_max_threads", "gauge", "Limit of threads in the system", threads_max),
        Family.single("node_processes_pids", "gauge", "Number of PIDs", float(len(table))),
        Family.of("node_processes_state", "gauge", "Number of processes in each state.", rows),
        Family.single("node_processes_threads", "gauge", "Allocated threads in system", threads),
    ]
