"""CPU time per core and mode, from /proc/stat; throttling and isolation from /sys."""

from __future__ import annotations

import os

from hannun.collect.host.registry import Options, collector
from hannun.collect.host.roots import Roots
from hannun.model.family import Family, Pairs

MODES = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
JUMP_BACK_S = 3.0

Times = tuple[float, ...]


def parse_cpu_times(stat: str) -> dict[str, Times]:
    """`/proc/stat` -> seconds per core, in the order of MODES and then guest, guest_nice. Old kernels: zeros."""
    found: dict[str, Times] = {}
    for line in stat.splitlines():
        if not line.startswith("cpu"):
            break
        name, *ticks = line.split()
        if name != "cpu":
            times = tuple(int(tick) / _TICKS_PER_S for tick in ticks[:10])
            found[name[3:]] = times + (0.0,) * (10 - len(times))
    return found


def parse_cpu_list(text: str) -> list[int]:
    """`0-2,5` -> [0, 1, 2, 5]."""
    found: list[int] = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        if first:
            found.extend(range(int(first), min(int(last or first), 65535) + 1))
    return found


def steady(before: Times, now: Times) -> Times:
    """Counters must not fall, but the kernel's idle and iowait do by a little; a large fall is a CPU that came back."""
    if before[3] - now[3] >= JUMP_BACK_S:
        return now
    return tuple(map(max, before, now))


@collector("cpu")
class Cpu:
    def __init__(self, _options: Options) -> None:
        self._before: dict[str, Times] = {}

    def __call__(self, roots: Roots) -> list[Family]:
        now = parse_cpu_times(roots.proc("stat"))
        before = self._before
        times = {cpu: steady(before[cpu], found) if cpu in before else found for cpu, found in now.items()}
        self._before = times
        rows: list[tuple[Pairs, float]] = []
        guests: list[tuple[Pairs, float]] = []
        for cpu, values in times.items():
            label = ("cpu", cpu)
            rows.extend(((label, ("mode", mode)), value) for mode, value in zip(MODES, values, strict=False))
            guests.append(((label, ("mode", "user")), values[8]))
            guests.append(((label, ("mode", "nice")), values[9]))
        return [
            Family.of(
                "node_cpu_guest_seconds_total",
                "counter",
                "Seconds the CPUs spent in guests (VMs) for each mode.",
                guests,
            ),
            Family.of("node_cpu_seconds_total", "counter", "Seconds the CPUs spent in each mode.", rows),
            *_throttles(roots, tuple(now)),
            *_isolated(roots),
        ]


def _throttles(roots: Roots, cpus: tuple[str, ...]) -> list[Family]:
    cores: dict[tuple[str, str], float] = {}
    packages: dict[str, float] = {}
    for cpu in cpus:
        folder = f"devices/system/cpu/cpu{cpu}"
        core = roots.sys_number(f"{folder}/thermal_throttle/core_throttle_count")
        package = roots.sys_number(f"{folder}/thermal_throttle/package_throttle_count")
        if core is None and package is None:
            continue
        package_id = roots.sys_or_none(f"{folder}/topology/physical_package_id") or "0"
        core_id = roots.sys_or_none(f"{folder}/topology/core_id") or cpu
        if core is not None:
            cores.setdefault((package_id, core_id), core)
        if package is not None:
            packages.setdefault(package_id, package)
    found: list[Family] = []
    if cores:
        found.append(
            Family.of(
                "node_cpu_core_throttles_total",
                "counter",
                "Number of times this CPU core has been throttled.",
                [((("core", core), ("package", package)), value) for (package, core), value in cores.items()],
            )
        )
    if packages:
        found.append(
            Family.of(
                "node_cpu_package_throttles_total",
                "counter",
                "Number of times this CPU package has been throttled.",
                [((("package", package),), value) for package, value in packages.items()],
            )
        )
    return found


def _isolated(roots: Roots) -> list[Family]:
    cpus = parse_cpu_list(roots.sys_or_none("devices/system/cpu/isolated") or "")
    if not cpus:
        return []
    text = "Whether each core is isolated, information from /sys/devices/system/cpu/isolated."
    return [Family.of("node_cpu_isolated", "gauge", text, [((("cpu", str(cpu)),), 1.0) for cpu in cpus])]
