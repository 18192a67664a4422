"""Energy that CPUs and memory used, as Intel's and AMD's RAPL counts it."""

from __future__ import annotations

import re

from hannun.collect.host.builder import Builder
from hannun.collect.host.registry import NoData, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family

_ZONE = re.compile(r"intel-rapl:\d+(:\d+)?")
_NUMBERED = re.compile(r"(.+)-(\d+)")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")


@collector("rapl")
def rapl(roots: Roots) -> list[Family]:
    """Raises NoData without powercap, and where only root may read the counters."""
    zones = [name for name in roots.sys_list("class/powercap") if _ZONE.fullmatch(name)]
    if not zones:
        raise NoData("no power capping zones (RAPL)")
    built = Builder()
    seen: dict[str, int] = {}
    for zone in zones:
        folder = f"class/powercap/{zone}"
        told = roots.sys_or_none(f"{folder}/name") or ""
        numbered = _NUMBERED.fullmatch(told)
        # `package-0` numbers itself; of `core` and `dram` there is one below each package.
        name, index = (numbered[1], numbered[2]) if numbered else (told, str(seen.get(told, 0)))
        seen[told] = seen.get(told, 0) + 1
        try:
            joules = int(roots.sys(f"{folder}/energy_uj")) / 1e6
        except PermissionError as err:
            raise NoData("only root may read energy counters (Linux 5.10 and newer)") from err
        labels = (("index", index), ("path", f"{roots.sysfs}/{folder}"))
        name = _NOT_IN_NAMES.sub("_", name)
        built.counter(f"node_rapl_{name}_joules_total", f"Current RAPL {name} value in joules", labels, joules)
    return built.families()
