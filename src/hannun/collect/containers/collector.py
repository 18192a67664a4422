"""One reading of all control groups: choose which are told, read them, name them.

Bounded everywhere: folders walked, groups told, processes and descriptors looked at, labels kept. What a bound leaves
out is counted and said once.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hannun.collect.containers import machine, series
from hannun.collect.containers.docker import NO_HEALTH_CHECK, Known, Runtimes
from hannun.collect.containers.filesystems import Filesystems
from hannun.collect.containers.layers import Layer, layer_of
from hannun.collect.containers.load import Loads
from hannun.collect.containers.tasks import (
    TICKS_PER_S,
    Files,
    Tasks,
    Threads,
    network_of,
    open_files,
    soft_limit_of_files,
    states_of,
    tasks_of,
    traffic_of,
)
from hannun.collect.containers.tree import Group, Tree
from hannun.collect.containers.usage import Usage, amount, working_set
from hannun.collect.host.builder import Builder
from hannun.collect.host.diskstats import parse_diskstats
from hannun.collect.host.roots import Roots
from hannun.model.family import Family, Pairs
from hannun.observe.metrics import gauge
from hannun.wire.exposition import encode_text

_log = logging.getLogger("hannun.collect.containers")
_LEFT_OUT = gauge("hannun_containers_left_out", "Control groups that are not told because there are too many.")
PAGE_AGE_S = 1.0
SHORT_ID = 12


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """`containers` come first; `others` are slices, services and pods. One group has about 50 series."""

    containers: int = 500
    others: int = 100
    pids_per_container: int = 1_000
    descriptors: int = 4_096
    """Open files that are looked at in one reading, of all containers together."""
    threads: int = 4_096
    """Threads whose state is looked at in one reading, of all containers together."""


class ContainerCollector:
    """`collect` blocks (milliseconds per group) and may be called from any thread, by one caller at a time."""

    def __init__(
        self,
        roots: Roots | None = None,
        *,
        limits: ContainerLimits | None = None,
        runtimes: Runtimes | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._roots = roots or Roots()
        self._limits = limits or ContainerLimits()
        self._runtimes = runtimes or Runtimes()
        self._filesystems = Filesystems()
        self._loads = Loads()
        self._now_s = now_s
        self._lock = threading.Lock()
        self._families: list[Family] = []
        self._read_s = -PAGE_AGE_S
        self._said = False

    def collect(self) -> list[Family]:
        """One reading, sorted by name. Empty where there are no control groups (macOS, a closed sandbox)."""
        with self._lock:
            return self._collect()

    def families(self) -> list[Family]:
        """The last reading when it is at most a second old, so that callers cannot drive our CPU; else a new one."""
        with self._lock:
            return self._families if time.monotonic() - self._read_s < PAGE_AGE_S else self._collect()

    def page(self) -> bytes:
        """The reading as cAdvisor's page (text 0.0.4). Blocks like `collect`: call it from a thread."""
        return encode_text(self.families())

    def _collect(self) -> list[Family]:
        tree = Tree(self._roots)
        out = Builder()
        if tree.version:
            groups = self._chosen(list(tree.groups()))
            known = self._runtimes.known(group.container for group in groups if group.container)
            reading = _Reading(self._roots, self._limits, tree, out, known, self._now_s(), self._loads)
            reading.tell(groups)
            self._filesystems.tell(out, self._roots, (("id", "/"),), reading.layers)
            machine.tell(out, self._roots, self._runtimes.version())
            text = "1 if there was an error while getting container metrics, 0 otherwise"
            out.gauge("container_scrape_error", text, (), 0.0)
        self._families = sorted(out.families(), key=lambda family: family.name)
        self._read_s = time.monotonic()
        return self._families

    def _chosen(self, groups: Sequence[Group]) -> list[Group]:
        """The root, then containers, then what lies highest; the same ones at each reading."""
        containers = sorted((group for group in groups if group.container), key=lambda group: group.path)
        others = sorted((group for group in groups if not group.container), key=lambda group: (group.depth, group.path))
        chosen = others[: self._limits.others] + containers[: self._limits.containers]
        left_out = len(groups) - len(chosen)
        _LEFT_OUT.set(left_out)
        if left_out and not self._said:
            _log.warning("%d of %d control groups are told: containers first, then slices", len(chosen), len(groups))
        self._said = bool(left_out)
        return chosen


class _Reading:
    """What one reading needs throughout."""

    def __init__(
        self,
        roots: Roots,
        limits: ContainerLimits,
        tree: Tree,
        out: Builder,
        known: dict[str, Known],
        now_s: float,
        loads: Loads,
    ) -> None:
        self.layers: dict[Pairs, Layer] = {}
        self._roots = roots
        self._limits = limits
        self._tree = tree
        self._out = out
        self._known = known
        self._now_s = float(int(now_s))
        self._loads = loads
        self._files = Files(limits.descriptors)
        self._threads = Threads(limits.threads)
        self._devices = _devices(roots)
        self._boot_s = _boot_s(roots)
        self._host_network = network_of(roots, 1) or network_of(roots, os.getpid())

    def tell(self, groups: Sequence[Group]) -> None:
        networks: dict[str, tuple[int, Pairs, int]] = {}
        for group in groups:
            base = self._base(group)
            usage = self._tree.usage(group)
            if group.path == "/":
                self._of_the_machine(usage)
                series.tell_traffic(self._out, base, traffic_of(self._roots, 1) or traffic_of(self._roots, os.getpid()))
            series.tell(self._out, base, usage, self._devices)
            folder = self._tree.folder(group)
            self._out.gauge("container_last_seen", "Last time a container was seen by the exporter", base, self._now_s)
            if group.container:
                tasks = tasks_of(self._roots, folder, self._limits.pids_per_container)
                self._tell_tasks(base, group, tasks, folder)
                # Containers of one pod share a network: its traffic is told once, by the one that began first.
                if tasks.network and tasks.network != self._host_network:
                    mine = (tasks.oldest_ticks, base, tasks.first)
                    networks[tasks.network] = min(networks.get(tasks.network, mine), mine)
            else:
                self._tell_start(base, _changed_s(folder))
        self._loads.forget_others()
        for _, base, pid in networks.values():
            series.tell_traffic(self._out, base, traffic_of(self._roots, pid))

    def _base(self, group: Group) -> Pairs:
        if not group.container:
            return (("id", group.path),)
        known = self._known.get(group.container)
        if known is None:
            return (("id", group.path), ("name", _short(group.container)))
        return (("id", group.path), ("image", known.image), ("name", known.name), *known.labels)

    def _tell_tasks(self, base: Pairs, group: Group, tasks: Tasks, folder: str) -> None:
        out = self._out
        out.gauge(
            "container_processes", "Number of processes running inside the container.", base, float(len(tasks.pids))
        )
        opened = open_files(self._roots, tasks.pids, self._files)
        if opened is not None:
            out.gauge(
                "container_file_descriptors",
                "Number of open file descriptors for the container.",
                base,
                float(opened[0]),
            )
            out.gauge("container_sockets", "Number of open sockets for the container.", base, float(opened[1]))
        if tasks.first:
            out.gauge(
                "container_ulimits_soft",
                "Soft ulimit values for the container root process. Unlimited if -1, except priority and nice",
                (("ulimit", "max_open_files"), *base),
                soft_limit_of_files(self._roots, tasks.first),
            )
            layer = layer_of(self._roots, tasks.first)
            if layer is not None:
                self.layers[base] = layer
        self._tell_states(base, group, tasks)
        begun = self._boot_s + round(tasks.oldest_ticks / TICKS_PER_S) if tasks.first and self._boot_s else None
        self._tell_start(base, begun or _changed_s(folder))
        known = self._known.get(group.container)
        if known is not None:
            out.gauge(
                "container_health_state",
                f"The result of the container's health check, {NO_HEALTH_CHECK:g} when it has none",
                base,
                known.health,
            )

    def _tell_states(self, base: Pairs, group: Group, tasks: Tasks) -> None:
        states = states_of(self._roots, tasks.pids, self._threads)
        if states is None:
            return
        for state, count in states.items():
            labels = (("state", state), *base)
            self._out.gauge("container_tasks_state", "Number of tasks in given state", labels, float(count))
        self._out.gauge(
            "container_cpu_load_average_10s",
            "Value of container cpu load average over the last 10 seconds.",
            base,
            self._loads.of(group.path, states["running"], self._now_s),
        )

    def _tell_start(self, base: Pairs, start_s: float | None) -> None:
        text = "Start time of the container since unix epoch in seconds."
        self._out.gauge("container_start_time_seconds", text, base, start_s)

    def _of_the_machine(self, usage: Usage) -> None:
        """The root group has no limits and, in v2, no memory of its own: the machine's stand there, as in cAdvisor."""
        memory = machine.meminfo(self._roots)
        total = memory.get("MemTotal")
        if usage.memory is None and total is not None:
            usage.memory = total - memory.get("MemFree", 0.0)
            usage.working_set = working_set(usage.memory, usage.inactive_file)
        usage.limit = total
        usage.swap_limit = memory.get("SwapTotal")


def _short(container: str) -> str:
    """As `docker ps` shows an id; names of LXC and nspawn stay whole."""
    is_id = len(container) == 64 and all(sign in "0123456789abcdef" for sign in container)
    return container[:SHORT_ID] if is_id else container


def _devices(roots: Roots) -> dict[str, str]:
    try:
        rows = parse_diskstats(roots.proc("diskstats"))
    except (OSError, ValueError):
        return {}
    return {f"{major}:{minor}": f"/dev/{name}" for major, minor, name, _ in rows}


def _boot_s(roots: Roots) -> int:
    try:
        lines = roots.proc("stat").splitlines()
    except OSError:
        return 0
    return next((int(amount(line[len("btime ") :]) or 0) for line in lines if line.startswith("btime ")), 0)


def _changed_s(folder: str) -> float | None:
    try:
        return float(int(os.stat(folder).st_mtime))
    except OSError:
        return None
