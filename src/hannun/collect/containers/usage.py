"""What one control group uses and may use, the same whichever version of cgroups told it."""

from __future__ import annotations

from dataclasses import dataclass, field

MEMORY_MAX = 1 << 62
"""A limit above this is none: the kernel says "no limit" with numbers near 2^63."""


@dataclass(frozen=True, slots=True)
class Disk:
    """`major:minor` and what was read and written; `operations` as the kernel names them (Read, Write, Sync, …)."""

    number: str
    bytes: dict[str, float] = field(default_factory=dict)
    served: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Usage:
    """Seconds and bytes; None: not told here. `quota_us` 0: no quota; limits 0: none."""

    cpu_s: dict[str, float] = field(default_factory=dict)
    """By the label `cpu`: `total`, or each CPU as `cpu00`."""
    user_s: float | None = None
    system_s: float | None = None
    periods: float | None = None
    throttled_periods: float | None = None
    throttled_s: float | None = None
    burst_periods: float | None = None
    burst_s: float | None = None
    quota_us: float = 0.0
    period_us: float | None = None
    shares: float | None = None

    memory: float | None = None
    memory_max: float | None = None
    working_set: float | None = None
    rss: float | None = None
    cache: float | None = None
    kernel: float | None = None
    mapped_file: float | None = None
    active_file: float | None = None
    inactive_file: float | None = None
    swap: float | None = None
    failcnt: float | None = None
    faults: dict[tuple[str, str], float] = field(default_factory=dict)
    """(pgfault or pgmajfault, container or hierarchy) -> count."""
    limit: float | None = None
    swap_limit: float | None = None
    reservation: float | None = None
    oom_kills: float | None = None

    disks: list[Disk] = field(default_factory=list)
    threads: float | None = None
    threads_max: float | None = None
    pressure_s: dict[tuple[str, str], float] = field(default_factory=dict)
    """(cpu, memory or io; some or full) -> seconds."""


def flat(text: str) -> dict[str, float]:
    """`key number` lines, as memory.stat and cpu.stat are; lines of any other shape are passed over."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if value.isascii() and value.isdecimal():
            found[key] = float(value)
    return found


def amount(text: str | None) -> float | None:
    """One number of a file; "max" is infinity. None when there is none."""
    if text is None:
        return None
    word = text.strip()
    if word == "max":
        return float("inf")
    try:
        return float(int(word))
    except (ValueError, OverflowError):
        return None


def as_limit(value: float | None) -> float | None:
    """0 where the kernel means "no limit"."""
    return 0.0 if value is not None and value >= MEMORY_MAX else value


def working_set(usage: float | None, inactive_file: float | None) -> float | None:
    return None if usage is None else max(usage - (inactive_file or 0.0), 0.0)
