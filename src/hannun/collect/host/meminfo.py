"""Memory, every line of /proc/meminfo under its own name."""

from __future__ import annotations

from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family


def parse_meminfo(text: str) -> dict[str, float]:
    """`Active(anon):  12 kB` -> {"Active_anon_bytes": 12288}; lines without a unit keep their name and number."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        name, separator, rest = line.partition(":")
        parts = rest.split()
        if not separator or not parts:
            continue
        name = name.strip().replace("(", "_").replace(")", "")
        if len(parts) == 2 and parts[1] == "kB":
            found[f"{name}_bytes"] = float(parts[0]) * 1024
        else:
            found[name] = float(parts[0])
    return found


@collector("meminfo")
def meminfo(roots: Roots) -> list[Family]:
    return [
        Family.single(f"node_memory_{name}", "gauge", f"Memory information field {name}.", value)
        for name, value in parse_meminfo(roots.proc("meminfo")).items()
    ]
