"""Load averages."""

from __future__ import annotations

from hannun.collect.host.registry import collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family


def parse_loadavg(text: str) -> tuple[float, float, float]:
    one, five, fifteen = text.split()[:3]
    return float(one), float(five), float(fifteen)


@collector("loadavg")
def loadavg(roots: Roots) -> list[Family]:
    minutes = zip((1, 5, 15), parse_loadavg(roots.proc("loadavg")), strict=True)
    return [Family.single(f"node_load{span}", "gauge", f"{span}m load average.", value) for span, value in minutes]
