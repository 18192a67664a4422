"""One target's life: a task that scrapes it at its own points of the clock, and what is known of it.

Each target has a task of its own, so that a hanging one costs nobody else anything; how many scrapes run at once, how
many bytes they hold and how many threads parse is bounded by what all targets share (`Shared`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hannun.collect.grid import EARLY_MS, LATE_MS
from hannun.collect.http_client import BodyRoom, Failure, FetchError
from hannun.collect.scrape import advice
from hannun.collect.scrape.descriptors import at_once_max
from hannun.collect.scrape.digest import Digest, Digester
from hannun.collect.scrape.failure import ScrapeFailed
from hannun.collect.scrape.failure_log import FailureLog
from hannun.collect.scrape.fetch import Fetched, Fetcher
from hannun.collect.scrape.reports import Report
from hannun.collect.scrape.targets import ScrapeTarget, offset_ms
from hannun.model.metric import Ids, MetricBatch, MetricMetadata
from hannun.model.ports import MetricSink
from hannun.model.target import Health
from hannun.model.text import Text
from hannun.model.time import Clock
from hannun.observe.metrics import counter, histogram
from hannun.observe.outcomes import Outcome, Outcomes

_log = logging.getLogger("hannun.collect.scrape")
_SCRAPES = counter("hannun_scrapes_total", "Scrapes of targets, by how they ended.", ("outcome",))
_SAMPLES = counter("hannun_scrape_samples_total", "Samples that scrapes brought, after relabeling.")
_PARSING = histogram("hannun_scrape_parse_seconds", "Time from a page's last byte to its batch.")

INLINE_BYTES = 256 << 10
INLINE_S = 0.005
"""A known page that the last time took less is parsed on the event loop; handing it to a thread costs 0.1 ms."""

Sleep = Callable[[float], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Shared:
    """What all targets of the process share."""

    sink: MetricSink
    clock: Clock
    sleep: Sleep
    seed: str
    outcomes: Outcomes | None = None
    room: BodyRoom = field(default_factory=BodyRoom)
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(at_once_max()))
    threads: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=2, thread_name_prefix="hannun-scrape")
    )
    stand_in_changed: Callable[[ScrapeTarget, str], None] = lambda target, name: None


@dataclass(frozen=True, slots=True)
class LastScrape:
    """Times in ms, 0 before the first; `stand_in` is who answered, "" for the target itself."""

    health: Health = "unknown"
    error: str = ""
    advice: Text | None = None
    at_ms: int = 0
    duration_s: float = 0.0
    samples: int = 0
    added: int = 0
    stand_in: str = ""


class TargetLoop:
    """`start` once, then `stop` once; both on the event loop that the sink lives on."""

    def __init__(
        self,
        target: ScrapeTarget,
        digester: Digester,
        fetcher: Fetcher,
        shared: Shared,
        *,
        refuse: ScrapeFailed | None,
        failures: FailureLog | None = None,
    ) -> None:
        self.target = target
        self.last = LastScrape()
        self.refuse = refuse
        """Set while the job has too many targets: then every scrape fails with it."""
        self._failures = failures
        self._digester = digester
        self._fetcher = fetcher
        self._shared = shared
        self._offset_ms = offset_ms(target, shared.seed, target.interval_ms)
        self._parse_s = INLINE_S
        self._last_ts_ms = 0
        self._busy = False
        self._task: asyncio.Task[None] | None = None

    def start(self, first_within_ms: int) -> None:
        """The first scrape comes within that time, at a place of its own; the others on the target's grid."""
        now_ms = self._shared.clock.now_ms()
        first_ms = self._point_after(now_ms) - now_ms
        if first_ms > first_within_ms:
            first_ms = self._offset_ms % first_within_ms
        self._task = asyncio.create_task(self._run(first_ms / 1000), name=f"scrape {self.target.url}")

    @property
    def busy(self) -> bool:
        """Whether a scrape is under way."""
        return self._busy

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def live(self) -> Ids:
        return self._digester.live()

    @property
    def metadata(self) -> tuple[MetricMetadata, ...]:
        return self._digester.metadata

    @property
    def missed_ms(self) -> int:
        """The point at which the next sample would have come: where markers of a lost target belong."""
        return self._point_after(self._last_ts_ms) if self._last_ts_ms else 0

    def end(self, ids: Ids, ts_ms: int) -> None:
        """Markers for `ids`, after `stop`."""
        if len(ids):
            self._offer(self._digester.end(ids, max(ts_ms, self._last_ts_ms + 1)))

    # --- time ---------------------------------------------------------------------------------------------------------

    async def _run(self, first_s: float) -> None:
        await self._shared.sleep(first_s)
        ts_ms = self._shared.clock.now_ms()
        # The first scrape lies beside the grid: a point that follows it closely would tell little.
        pause_ms = self.target.interval_ms // 2
        while True:
            self._busy = True
            async with self._shared.at_once:
                await self._scrape(ts_ms)
            self._busy = False
            ts_ms = await self._next_point(ts_ms, pause_ms)
            pause_ms = 0

    async def _next_point(self, last_ms: int, pause_ms: int) -> int:
        """Sleeps to the next point; returns the timestamp for its scrape. Follows the clock when it is set."""
        clock, interval_ms = self._shared.clock, self.target.interval_ms
        now_ms = clock.now_ms()
        # A sleep may end a little early: the point that was just read must not be read a second time.
        after_ms = max(now_ms, last_ms + pause_ms) if last_ms - now_ms < interval_ms else now_ms
        point_ms = self._point_after(after_ms)
        while (early_ms := point_ms - clock.now_ms()) > EARLY_MS:
            if early_ms > 2 * interval_ms:  # Set back meanwhile: the point lies in a far future now.
                point_ms = self._point_after(clock.now_ms())
                continue
            await self._shared.sleep(early_ms / 1000)
        late_ms = clock.now_ms() - point_ms
        # Prometheus moves a timestamp by at most 1 % of the interval.
        return point_ms if -EARLY_MS <= late_ms <= min(LATE_MS, interval_ms // 100) else clock.now_ms()

    def _point_after(self, ms: int) -> int:
        interval_ms = self.target.interval_ms
        return ((ms - self._offset_ms) // interval_ms + 1) * interval_ms + self._offset_ms

    # --- one scrape ---------------------------------------------------------------------------------------------------

    async def _scrape(self, ts_ms: int) -> None:
        began_s = self._shared.clock.monotonic_s()

        def took_s() -> float:
            return round(self._shared.clock.monotonic_s() - began_s, 6)

        body_bytes, stand_in = 0, ""
        with self._shared.room.lease() as lease:
            try:
                if self.refuse is not None:
                    raise self.refuse
                page = await self._fetcher.fetch(self.target, lease)
                body_bytes, stand_in = len(page.body), page.stand_in
                digest = await self._digest(page, ts_ms, took_s)
            except ScrapeFailed as err:
                over = isinstance(err.__cause__, FetchError) and err.__cause__.failure is Failure.TOO_LARGE
                self._failed(err, Report(False, took_s(), err.scraped, err.kept, 0, -1 if over else body_bytes), ts_ms)
                return
            # A fault of ours must not end the scraping of this target: it is logged, and the next scrape starts anew.
            except Exception as err:  # noqa: BLE001
                _log.exception("scraping %s failed in a way that it should not", self.target.url)
                self._digester.start_over()
                fault = ScrapeFailed(f"internal error: {type(err).__name__}", advice.INTERNAL)
                self._failed(fault, Report(False, took_s(), body_bytes=body_bytes), ts_ms)
                return
        self._tell("", None, digest.report, ts_ms, stand_in)
        self._count(digest)
        self._offer(digest.batch)

    def _failed(self, err: ScrapeFailed, report: Report, ts_ms: int) -> None:
        self._tell(str(err.what), err.advice, report, ts_ms, err.stand_in)
        if self._failures is not None:
            self._failures.write(str(err.what), self.target.url, self._shared.clock.now_ms())
        self._offer(self._digester.failed(report, ts_ms))

    async def _digest(self, page: Fetched, ts_ms: int, took_s: Callable[[], float]) -> Digest:
        """Known small pages at once; large ones and first ones in a thread."""
        clock = self._shared.clock
        now_ms, began_s = clock.now_ms(), clock.monotonic_s()
        read, args = self._digester.read, (page.body, page.content_type, ts_ms, now_ms, took_s)
        if self._digester.warm and len(page.body) <= INLINE_BYTES and self._parse_s < INLINE_S:
            found = read(*args)
        else:
            found = await self._in_thread(lambda: read(*args))
        self._parse_s = clock.monotonic_s() - began_s
        _PARSING.observe(self._parse_s)
        return found

    async def _in_thread(self, read: Callable[[], Digest]) -> Digest:
        """Waits for the thread even when the task is cancelled: two threads must never read into one memory."""
        work = asyncio.get_running_loop().run_in_executor(self._shared.threads, read)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait({work})
            work.exception()  # Looked at, so that nobody complains about it later.
            raise

    def _tell(self, error: str, told: Text | None, report: Report, ts_ms: int, stand_in: str) -> None:
        if error and not self.last.error:
            _log.warning("scraping %s (job %s): %s", self.target.url, self.target.pool, error)
        elif not error and self.last.error:
            _log.info("scraping %s (job %s) works again", self.target.url, self.target.pool)
        if stand_in != self.last.stand_in:
            self._shared.stand_in_changed(self.target, stand_in)
        self._last_ts_ms = ts_ms
        health: Health = "up" if report.up else "down"
        self.last = LastScrape(health, error, told, ts_ms, report.duration_s, report.scraped, report.added, stand_in)
        _SCRAPES.labels("ok" if report.up else "failed").inc()
        _SAMPLES.inc(report.kept if report.up else 0)

    def _count(self, digest: Digest) -> None:
        outcomes = self._shared.outcomes
        if outcomes is None:
            return
        found = digest.round
        outcomes.count("metrics", Outcome.INVALID, found.duplicates, reason="told twice with different values")
        outcomes.count("metrics", Outcome.LIMITED, found.out_of_bounds, reason="timestamp out of bounds")

    def _offer(self, batch: MetricBatch) -> None:
        try:
            if not self._shared.sink.offer(batch):
                self._digester.refused()
        # A closing or failing store must not end the loop: the next scrape may find it well again.
        except Exception:  # noqa: BLE001
            self._digester.refused()
            _log.exception("scraping %s: the store did not take a page", self.target.url)


def without(ids: Ids, taken: list[Ids]) -> Ids:
    """`ids` that nobody else writes now."""
    for others in taken:
        ids = ids[~np.isin(ids, others)]
    return ids
