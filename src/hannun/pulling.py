"""Everything that is pulled, and the files that say so. Part of `app.py`'s wiring.

Scraping, probes, this machine and the services of hannun.yml. A reload that cannot be used keeps what is in force, and
says so to whoever asked, in the log and on the pages.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from hannun.alert.rules_read import RulesRead
from hannun.collect.containers.collector import ContainerCollector
from hannun.collect.discovery.alertmanagers import AlertmanagerDiscovery
from hannun.collect.discovery.registry import discover
from hannun.collect.host import HostCollector
from hannun.collect.loop import CollectLoop
from hannun.collect.own import OwnMetrics
from hannun.collect.probe.prober import Prober
from hannun.collect.probe.stand_in import stand_ins
from hannun.collect.scrape.manager import ScrapeManager
from hannun.collect.services.collector import ServiceCollector
from hannun.collect.source import Source
from hannun.collect.stand_in import StandIns
from hannun.config.blackbox import load as blackbox_file
from hannun.config.blackbox.model import BlackboxConfig
from hannun.config.blackbox.stock import STOCK
from hannun.config.complaint import Complaint
from hannun.config.prometheus import load as prometheus_file
from hannun.config.prometheus.model import PrometheusConfig
from hannun.config.services import ServiceConfig
from hannun.config.settings import Settings, said_in
from hannun.model.errors import HannunError
from hannun.model.ports import MetricSink
from hannun.model.text import Text
from hannun.model.time import Clock
from hannun.observe.outcomes import Outcomes
from hannun.observe.problems import Problems, Severity
from hannun.query.promql import check

_log = logging.getLogger("hannun")
RELOAD = "config-reload"
REFUSED = Text(en="The configuration could not be read again: {words}", ko="설정을 다시 읽지 못했습니다: {words}")
REFUSED_DO = Text(
    en="Mend the file and reload; until then what was in force stays",
    ko="파일을 고친 뒤 다시 reload 하세요. 그때까지는 이전 설정이 유지됩니다",
)


class Pulling:
    """`start` once on the event loop; `reload` whenever asked."""

    def __init__(
        self,
        settings: Settings,
        files: Files,
        sink: MetricSink,
        clock: Clock,
        *,
        host: HostCollector | None,
        containers: ContainerCollector | None,
        own: OwnMetrics,
        sources: Sequence[Source],
        problems: Problems,
        outcomes: Outcomes,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._problems = problems
        self.config, self.complaints = files.config, files.complaints
        self.reload_status = (True, clock.now_ms())
        self._reloading = asyncio.Lock()
        self.prober = Prober(files.probes)
        entries = stand_ins(
            prober=self.prober,
            node_page=host.page if host else None,
            container_page=containers.page if containers else None,
            own_page=lambda: own.page()[1],
        )
        self.scrapes = ScrapeManager(
            sink, clock, stand_ins=StandIns(entries), discover=discover, problems=problems, outcomes=outcomes
        )
        self.alertmanagers = AlertmanagerDiscovery(discover)
        self.rules = RulesRead(lambda: self.config.rule_groups, self.alertmanagers.known)
        self.collect = CollectLoop(sink, [*sources, *(_service(one) for one in settings.services)], clock)

    async def start(self, standing: AsyncExitStack) -> None:
        """What is started is stopped by `standing`, and leaves its series marked stale."""
        await self.scrapes.start()
        standing.push_async_callback(self.scrapes.stop)
        await self.collect.start()
        standing.push_async_callback(self.collect.stop)
        standing.push_async_callback(self.prober.stop)
        await self.scrapes.apply(self.config)
        standing.push_async_callback(self.alertmanagers.stop)
        await self.alertmanagers.adopt(self.alertmanagers.prepare(self.config.alertmanagers))

    async def reload(self) -> None:
        """Reads the files again. Raises HannunError when they cannot be used; then everything stays as it was."""
        async with self._reloading:  # Two at once would read in one order and apply in another.
            try:
                files = await asyncio.to_thread(read_files, self._settings)
                managers = self.alertmanagers.prepare(files.config.alertmanagers)
                await self.scrapes.apply(files.config)
                await self.alertmanagers.adopt(managers)
            except HannunError as err:
                self.refused(err)
                raise
            self.prober.apply(files.probes)
            self.config, self.complaints = files.config, files.complaints
            self.reload_status = (True, self._clock.now_ms())
            self._problems.clear(RELOAD)
        _log.info(
            "configuration read again: %d jobs, %d rule groups", len(self.config.scrape), len(self.config.rule_groups)
        )

    def refused(self, err: HannunError) -> None:
        """A file of any kind could not be read again: every page that tells of reloads says so until one succeeds."""
        self.reload_status = (False, self.reload_status[1])
        self.prober.reload_failed()
        words = {lang: err.say(lang) for lang in ("en", "ko")}
        what = Text(en=REFUSED.say("en", words=words["en"]), ko=REFUSED.say("ko", words=words["ko"]))
        self._problems.raise_(RELOAD, Severity.WARNING, what, REFUSED_DO)


def _service(config: ServiceConfig) -> Source:
    return ServiceCollector.of(
        config.name,
        config.url,
        interval_s=config.interval_ms / 1000,
        timeout_s=config.timeout_ms / 1000,
        labels=config.labels,
    )


@dataclass(frozen=True, slots=True)
class Files:
    """What the foreign files say, and what there is to say about them."""

    config: PrometheusConfig = PrometheusConfig()
    probes: BlackboxConfig = STOCK
    complaints: tuple[Complaint, ...] = ()


def read_files(settings: Settings) -> Files:
    """Blocks. Raises Refused when one of them cannot be used."""
    config, probes = PrometheusConfig(), STOCK
    complaints: tuple[Complaint, ...] = ()
    if settings.prometheus_config is not None:
        config, said = prometheus_file.load(settings.prometheus_config, os.environ, check_expr=check)
        complaints += said
    if settings.blackbox_config is not None:
        probes, said = blackbox_file.load(settings.blackbox_config, os.environ)
        complaints += said
    return Files(config, probes, complaints)


def with_retention(settings: Settings, config: PrometheusConfig) -> Settings:
    """Where nobody told Hannun how long and how much to keep, prometheus.yml is asked."""
    unsaid = {one.name for one in settings.chosen if one.source == "default"}
    place = str(config.file)
    if config.retention_ms is not None and "retention.metrics" in unsaid:
        retention = replace(settings.retention, metrics_ms=config.retention_ms or None)
        settings = said_in(replace(settings, retention=retention), "retention.metrics", place)
    if config.retention_size_bytes is not None and "retention_size" in unsaid:
        size = config.retention_size_bytes or None
        settings = said_in(replace(settings, retention_size_bytes=size), "retention_size", place)
    return settings
