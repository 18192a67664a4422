"""GET /api/hannun/v1/overview: the first page in one answer.

Asks the PromQL engine in process for the machines, the store for itself, and puts what needs somebody on top. Many
open browsers share one answer for two seconds.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.answer import accepts_gzip, pack, respond
from hannun.api.hannun import hosts, needs
from hannun.api.hannun.backend import FRESH, Backend, dumps
from hannun.api.hannun.hosts import SPARK_POINTS, SPARK_STEP_MS, Host, Vector
from hannun.api.hannun.pace import Pace
from hannun.api.hannun.route import Route
from hannun.api.hannun.shared import Shared
from hannun.model.access import Access
from hannun.model.budget import Budget
from hannun.model.errors import QueryCanceled, QueryError, QueryTimeout
from hannun.model.labels import Labels
from hannun.model.metric import TsdbStats
from hannun.model.status import DiskStatus, TableStatus

_log = logging.getLogger("hannun.api")
KEEP_S, COUNTS_KEEP_S = 2.0, 30.0
TIMEOUT_S = 20.0
SENDERS_MAX, PAIRS_READ = 20, 2_000
SAMPLES_TABLE = "metric_samples"


def routes(backend: Backend) -> list[Route]:
    looker = Overview(backend)
    shared: Shared[bytes] = Shared(KEEP_S, backend.clock)
    counts: Shared[TsdbStats] = Shared(COUNTS_KEEP_S, backend.clock)

    async def overview(request: Request) -> Response:
        async def make() -> bytes:
            stats = await counts.get(
                lambda: backend.run(
                    request, lambda budget: backend.reader.stats(PAIRS_READ, budget), timeout_s=TIMEOUT_S
                )
            )
            return await backend.run(request, lambda budget: dumps(looker.look(stats, budget)), timeout_s=TIMEOUT_S)

        return respond(pack((await shared.get(make),), gzip=accepts_gzip(request)), headers=FRESH)

    return [Route("GET", "/overview", overview, Access.VIEW, "Machines, what needs somebody, ingest and store, now")]


class Overview:
    """Keeps what one look alone cannot know: paces, and since when something is wrong."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._since = needs.Since()
        self._rows = Pace(lambda: float(sum(queue.rows_written for queue in backend.sources.queues())), backend.clock)
        self._cpu_s = Pace(time.process_time, backend.clock)

    def look(self, stats: TsdbStats, budget: Budget) -> dict[str, Any]:
        """The answer's value. Raises QueryTimeout and QueryCanceled; a question that fails otherwise is left out."""
        now_ms = self._backend.clock.now_ms()
        rows = self._hosts(now_ms, budget)
        disk, tables = self._backend.sources.disk(), self._backend.sources.tables()
        pace = self._rows.per_s()
        return {
            "now_ms": now_ms,
            "needs": self._needs(rows, disk, now_ms, budget),
            "hosts": [host.as_json() for host in rows],
            "ingest": {"samples_per_s": pace, "series": stats.series, "senders": senders(stats)},
            "store": store(disk, tables, pace, self._keep_ms(), now_ms),
            "process": {"memory_bytes": self._memory_bytes(), "cpu": self._cpu_s.per_s()},
        }

    def _hosts(self, now_ms: int, budget: Budget) -> list[Host]:
        found = hosts.ask_all(lambda expr: self._ask(expr, now_ms, budget))
        rows = hosts.hosts_of(found, now_ms, self._backend.limits.overview_hosts_max)
        if not rows:
            return []
        last_ms = now_ms // SPARK_STEP_MS * SPARK_STEP_MS
        start_ms = last_ms - (SPARK_POINTS - 1) * SPARK_STEP_MS
        return hosts.with_sparks(rows, self._ask_range(hosts.SPARK, start_ms, last_ms, SPARK_STEP_MS, budget))

    def _needs(self, rows: Sequence[Host], disk: DiskStatus, now_ms: int, budget: Budget) -> list[dict[str, Any]]:
        sources = self._backend.sources
        standing = sources.problems.standing()
        found = [needs.of_problem(problem) for problem in standing]
        found += [need for status in sources.collectors() for need in needs.of_collector(status)]
        if not any(need.key.startswith("problem disk") for need in found):
            found += needs.of_store(disk)
        if rows:
            busy = hosts.by_instance(self._ask(hosts.BUSY, now_ms, budget))
            found += [need for host in rows for need in needs.of_host(host, busy.get(host.instance), now_ms)]
            found += self._filling(rows, now_ms, budget)
        known = {f"problem {problem.id}": problem.since_ms for problem in standing}
        known |= {f"silent {host.instance}": host.seen_ms for host in rows}
        return self._since.stamped(found, now_ms, known)

    def _filling(self, rows: Sequence[Host], now_ms: int, budget: Budget) -> list[needs.Need]:
        will_be = [labels for labels, _ in self._ask(hosts.FILLING, now_ms, budget)]
        if not will_be:
            return []
        pace, free = (_by_mount(self._ask(expr, now_ms, budget)) for expr in (hosts.FILLING_PACE, hosts.FREE))
        of = {host.instance: host for host in rows}
        disks = [disk for disk in needs.filling(will_be, pace, free) if disk.instance in of]
        return [needs.of_filling(disk, of[disk.instance]) for disk in disks]

    def _ask(self, expr: str, at_ms: int, budget: Budget) -> Vector:
        try:
            answer = self._backend.engine.instant(expr, at_ms, budget)
        except (QueryTimeout, QueryCanceled):
            raise
        except QueryError as err:
            # One odd sender (two series where one is expected) must not take the whole page away.
            _log.debug("overview: %s: %s", expr, err)
            return ()
        return list(zip(answer.labels, answer.values[:, 0].tolist(), strict=True))

    def _ask_range(
        self, expr: str, start_ms: int, end_ms: int, step_ms: int, budget: Budget
    ) -> list[tuple[Labels, list[float | None]]]:
        try:
            answer = self._backend.engine.range(expr, start_ms, end_ms, step_ms, budget)
        except (QueryTimeout, QueryCanceled):
            raise
        except QueryError as err:
            _log.debug("overview: %s: %s", expr, err)
            return []
        there = answer.present & np.isfinite(answer.values)
        return [
            (labels, [value if shown else None for value, shown in zip(row.tolist(), mask.tolist(), strict=True)])
            for labels, row, mask in zip(answer.labels, answer.values, there, strict=True)
        ]

    def _keep_ms(self) -> int:
        return max((kept.keep_ms for kept in self._backend.sources.retention() if kept.signal == "metrics"), default=0)

    def _memory_bytes(self) -> int | None:
        memory = self._backend.sources.memory()
        return memory.rss_bytes if memory.private_bytes is None else memory.private_bytes


def senders(stats: TsdbStats) -> list[dict[str, Any]]:
    """Jobs by their series, largest first."""
    jobs = [
        (count.name.removeprefix("job="), count.value)
        for count in stats.series_by_pair
        if count.name.startswith("job=")
    ]
    return [{"job": job, "series": series} for job, series in jobs[:SENDERS_MAX]]


def store(
    disk: DiskStatus, tables: Sequence[TableStatus], samples_per_s: float, keep_ms: int, now_ms: int
) -> dict[str, Any]:
    """What the data take, and in how many seconds the disk reaches its reserve; None: retention holds it before."""
    samples = next((table for table in tables if table.name.removesuffix("__local") == SAMPLES_TABLE), None)
    per_sample = samples.bytes_per_row if samples and samples.rows else None
    oldest_ms = samples.oldest_ms if samples else None
    return {
        "used_bytes": disk.used_bytes,
        "free_bytes": disk.free_bytes,
        "reserve_bytes": disk.reserve_bytes,
        "bytes_per_sample": per_sample,
        "oldest_ms": oldest_ms,
        "fills_in_s": _fills_in_s(
            disk, samples_per_s * (per_sample or 0.0), now_ms if oldest_ms is None else oldest_ms, keep_ms, now_ms
        ),
    }


def _fills_in_s(disk: DiskStatus, bytes_per_s: float, oldest_ms: int, keep_ms: int, now_ms: int) -> float | None:
    room = disk.free_bytes - disk.reserve_bytes
    if bytes_per_s <= 0 or room <= 0:
        return None if room > 0 else 0.0
    fills_in_s = room / bytes_per_s
    # From when the oldest day reaches the end of its keep, as much goes as comes.
    grows_for_s = math.inf if keep_ms == 0 else max(keep_ms - (now_ms - oldest_ms), 0) / 1000
    return fills_in_s if fills_in_s < grows_for_s else None


def _by_mount(vector: Vector) -> dict[tuple[str, str], float]:
    return {(labels.get("instance"), labels.get("mountpoint")): value for labels, value in vector}
