"""ScrapeManager: every job of prometheus.yml at work, and what is known of its targets.

A table of contents: pools run the jobs, `Endings` marks what is gone, and the answers for the Targets page are read
from memory.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from hannun.collect.scrape.ending import Endings
from hannun.collect.scrape.loop import Shared, Sleep, TargetLoop
from hannun.collect.scrape.pool import Pool
from hannun.collect.scrape.targets import ScrapeTarget, global_url
from hannun.collect.stand_in import StandIns
from hannun.config.prometheus.model import Discovery, PrometheusConfig
from hannun.model.errors import NotFound
from hannun.model.ports import MetricSink
from hannun.model.relabel import RelabelRule, RelabelStep
from hannun.model.target import DroppedTarget, Pairs, TargetMetadata, TargetStatus
from hannun.model.text import Text
from hannun.model.time import Clock, SystemClock
from hannun.observe.metrics import gauge
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems, Severity
from hannun.wire.exposition_text import warm

_log = logging.getLogger("hannun.collect.scrape")
_TARGETS = gauge("hannun_scrape_targets", "Targets that are scraped.")
STANDS_IN = Text(
    en="Job {job}: nobody answers at {host}:{port}, so the built-in {name} stands in for it",
    ko="작업 {job}: {host}:{port} 주소에서 응답이 없어 내장 기능 {name} 쪽에서 대신 응답합니다",
)
STANDS_IN_DO = Text(
    en="If that is what you want there is nothing to do; else write an address that this machine can reach",
    ko="의도한 것이라면 그대로 두셔도 됩니다. 아니라면 이 서버에서 닿는 주소를 적어 주세요",
)


class ScrapeManager:
    """Implements `model.target.Targets`. Everything happens on the event loop that `start` was called on.

    `discover` makes a discovery from its config (`collect.discovery.registry.discover`). `hostname` stands in global
    URLs and decides, with a target's labels, when within its interval a target is scraped.
    """

    def __init__(
        self,
        sink: MetricSink,
        clock: Clock | None = None,
        *,
        stand_ins: StandIns,
        discover: Callable[[Discovery], Any],
        problems: Problems | None = None,
        outcomes: Outcomes | None = None,
        hostname: str = "",
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._sink = sink
        self._clock = clock or SystemClock()
        self._stand_ins = stand_ins
        self._discover = discover
        self._problems = problems
        self._outcomes = outcomes
        self._hostname = hostname or socket.gethostname()
        self._sleep = sleep
        self._pools: dict[str, Pool] = {}
        self._shared: Shared | None = None
        self._endings = Endings(self._clock, sleep, self._heirs)
        self._changing = asyncio.Lock()
        self._stood_in: dict[str, set[tuple[object, ...]]] = {}

    async def start(self) -> None:
        """Ready for `apply`; nothing is scraped yet."""
        self._shared = Shared(
            self._sink,
            self._clock,
            self._sleep,
            self._hostname,
            self._outcomes,
            stand_in_changed=self._stand_in_changed,
        )
        self._endings.start()
        _TARGETS.set_function(lambda: sum(len(pool.loops) for pool in self._pools.values()))

    async def stop(self) -> None:
        """Ends all scraping and marks every series stale, so that no graph goes on with the last value."""
        if self._shared is None:
            return
        async with self._changing:
            # First what was lost before, while those who may have taken it over are still there.
            await self._endings.stop()
            pools, self._pools = self._pools, {}
            ended = await asyncio.gather(*(pool.stop() for pool in pools.values()))
            now_ms = self._clock.now_ms()
            for loop in itertools.chain.from_iterable(ended):
                loop.end(loop.live(), now_ms)
            self._shared.threads.shutdown(wait=False, cancel_futures=True)
            self._shared = None

    async def apply(self, config: PrometheusConfig) -> None:
        """From now on these jobs. Jobs whose config is equal go on undisturbed, the others are replaced.

        Raises what `discover` or a rule that does not compile raises; then nothing has changed.
        """
        async with self._changing:
            shared = self._shared
            assert shared is not None, "start comes before apply"
            if config.scrape:
                # Compiled code and the HTTP library are loaded before the first page needs them, off the loop.
                await asyncio.to_thread(_load)
            wanted = {job.job_name: job for job in config.scrape}
            over = [name for name, pool in self._pools.items() if wanted.get(name) != pool.config]
            # Made before anything is ended: a job that cannot be made leaves all as it was.
            new = {
                name: Pool(job, shared, self._stand_ins, self._discover, self._lose)
                for name, job in wanted.items()
                if name not in self._pools or name in over
            }
            ended = await asyncio.gather(*(self._pools.pop(name).stop() for name in over))
            for loop in itertools.chain.from_iterable(ended):
                self._lose(loop)
            for name, pool in new.items():
                self._pools[name] = pool
                pool.start()

    # --- Targets ------------------------------------------------------------------------------------------------------

    def pools(self) -> Sequence[str]:
        return sorted(self._pools)

    def active(self, pool: str = "") -> Sequence[TargetStatus]:
        return [self._status(loop) for one in self._chosen(pool) for loop in one.loops.values()]

    def dropped(self, pool: str = "") -> Sequence[DroppedTarget]:
        return [target for one in self._chosen(pool) for target in one.dropped]

    def dropped_counts(self) -> Mapping[str, int]:
        return {name: self._pools[name].dropped_count for name in self.pools()}

    def metadata(self, metric: str = "", limit: int = 0) -> Sequence[TargetMetadata]:
        found = (
            TargetMetadata(loop.target.labels, one)
            for pool in self._chosen("")
            for loop in pool.loops.values()
            for one in loop.metadata
            if not metric or one.metric == metric
        )
        return list(itertools.islice(found, limit or None))

    def relabel_steps(self, pool: str, discovered: Pairs) -> Sequence[RelabelStep]:
        return self._pool(pool).relabeler.steps(dict(discovered))

    def relabel_rules(self, pool: str) -> Sequence[RelabelRule]:
        return self._pool(pool).config.relabel

    def failing(self) -> Mapping[str, Sequence[str]]:
        """Per job, what its discoveries cannot reach now; jobs without trouble are left out."""
        return {name: failing for name in self.pools() if (failing := self._pools[name].failing)}

    def _chosen(self, pool: str) -> Iterator[Pool]:
        for name in self.pools():
            if not pool or name == pool:
                yield self._pools[name]

    def _pool(self, name: str) -> Pool:
        if name not in self._pools:
            raise NotFound(f'there is no scrape pool "{name}"')
        return self._pools[name]

    def _status(self, loop: TargetLoop) -> TargetStatus:
        target, last = loop.target, loop.last
        return TargetStatus(
            pool=target.pool,
            url=target.url,
            global_url=global_url(target.url, self._hostname),
            discovered=target.discovered,
            labels=target.labels,
            health=last.health,
            last_error=last.error,
            last_scrape_ms=last.at_ms,
            last_duration_s=last.duration_s,
            interval_s=target.interval_ms / 1000,
            timeout_s=target.timeout_ms / 1000,
            samples=last.samples,
            series_added=last.added,
            stand_in=last.stand_in,
            advice=last.advice,
        )

    # --- what loops report --------------------------------------------------------------------------------------------

    def _lose(self, loop: TargetLoop) -> None:
        self._stands_in_no_more(loop.target)
        self._endings.add(loop)

    def _heirs(self, lost: TargetLoop) -> Iterable[TargetLoop]:
        """Targets of equal labels, and those that may tell any labels they like."""
        for pool in self._pools.values():
            for loop in pool.loops.values():
                if pool.config.honor_labels or loop.target.labels == lost.target.labels:
                    yield loop

    def _stand_in_changed(self, target: ScrapeTarget, name: str) -> None:
        """Said once per job and address, through the problems, which log, or the log alone."""
        if not name:
            _log.info("%s answers itself again (job %s)", target.url, target.pool)
            self._stands_in_no_more(target)
            return
        served = self._stood_in.setdefault(_problem_id(target), set())
        served.add(target.key)
        if len(served) > 1:
            return
        what = STANDS_IN.with_(job=target.pool, host=target.host, port=target.port, name=name)
        if self._problems is None:
            _log.warning("%s. %s", what.en, STANDS_IN_DO.en)
        else:
            self._problems.raise_(_problem_id(target), Severity.INFO, what, STANDS_IN_DO)

    def _stands_in_no_more(self, target: ScrapeTarget) -> None:
        served = self._stood_in.get(_problem_id(target), set())
        served.discard(target.key)
        if not served and self._stood_in.pop(_problem_id(target), None) is not None and self._problems is not None:
            self._problems.clear(_problem_id(target))


def _problem_id(target: ScrapeTarget) -> str:
    return f"scrape.stand_in.{target.pool}.{target.host}:{target.port}"


def _load() -> None:
    import httpcore  # noqa: F401

    warm()
