"""Interrupts per line and CPU, where there are few enough of both."""

from __future__ import annotations

from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family, Pairs

ROWS_MAX = 512
"""node_exporter leaves this collector off because a large machine has tens of thousands of such series."""


def parse_interrupts(text: str) -> list[tuple[Pairs, float]]:
    """One row per interrupt and CPU of `/proc/interrupts`; only lines that have a count for every CPU."""
    head, *lines = text.splitlines()
    cpus = [name.removeprefix("CPU") for name in head.split()]
    rows: list[tuple[Pairs, float]] = []
    for line in lines:
        kind, separator, rest = line.partition(":")
        words = rest.split()
        if not separator or len(words) < len(cpus):
            continue
        kind = kind.strip()
        words, about = words[: len(cpus)], words[len(cpus) :]
        # Numbered lines name the chip, then the trigger and the devices; the others describe themselves.
        numbered = kind.isdigit() and bool(about)
        info = about[0] if numbered else " ".join(about)
        devices = " ".join(about[1:]) if numbered else ""
        rows.extend(
            ((("cpu", cpu), ("devices", devices), ("info", info), ("type", kind)), float(count))
            for cpu, count in zip(cpus, words, strict=True)
        )
    return rows


@collector("interrupts")
def interrupts(roots: Roots) -> list[Family]:
    """Raises NoData when there would be more than ROWS_MAX series."""
    rows = parse_interrupts(roots.proc("interrupts"))
    if len(rows) > ROWS_MAX:
        raise NoData(f"{len(rows)} series would be more than {ROWS_MAX}")
    return [Family.of("node_interrupts_total", "counter", "Interrupt details.", rows)]
