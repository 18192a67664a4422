"""Paging, faults and OOM kills, from /proc/vmstat."""

from __future__ import annotations

import re

from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

FIELDS = re.compile(r"^(oom_kill|pgpg|pswp|pg.*fault)")


def parse_vmstat(text: str) -> dict[str, float]:
    """The lines of `/proc/vmstat` that FIELDS names."""
    pairs = (line.partition(" ") for line in text.splitlines())
    return {name: float(value) for name, _, value in pairs if FIELDS.match(name)}


@collector("vmstat")
def vmstat(roots: Roots) -> list[Family]:
    return [
        Family.single(f"node_vmstat_{name}", "unknown", f"/proc/vmstat information field {name}.", value)
        for name, value in parse_vmstat(roots.proc("vmstat")).items()
    ]
