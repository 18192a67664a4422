"""What is to be tailed, as values and makers: from Promtail's configuration, or from what a machine usually has."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hannun.collect.tail.batch import LabelLimits
from hannun.collect.tail.metrics import TailMetrics
from hannun.collect.tail.rounds import Pace
from hannun.collect.tail.through import AsItIs, Found, Stages, Through
from hannun.collect.tail.wanted import Found as FoundFiles
from hannun.config.prometheus.model import Discovery, DockerSd
from hannun.config.promtail.model import PromtailConfig, ScrapeConfig
from hannun.model.errors import BadQuery
from hannun.process.pipeline.context import Context, Selects
from hannun.process.pipeline.pipeline import Pipeline
from hannun.process.relabel import Relabeler

Select = Callable[[str], Selects]
"""Reads `{app="x"} |= "y"` for `match` stages. Raises BadQuery."""


def no_selectors(selector: str) -> Selects:
    raise BadQuery(f"selectors are not read here: {selector}")


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """`auto`: formats are found by themselves, in jobs of ours; a configured job without stages sends lines as they
    are, as Promtail does."""

    config: ScrapeConfig
    relabeler: Relabeler
    context: Context
    auto: bool = False

    @property
    def name(self) -> str:
        return self.config.job_name

    @property
    def file_discoveries(self) -> tuple[Discovery, ...]:
        return tuple(each for each in self.config.discoveries if not isinstance(each, DockerSd))

    @property
    def docker_discoveries(self) -> tuple[DockerSd, ...]:
        return tuple(each for each in self.config.discoveries if isinstance(each, DockerSd))

    def through(self) -> Through[Any]:
        """A new way for the lines of one target. Stages were built once before, so they can be built."""
        if self.auto:
            return Found(time.monotonic)
        if not self.config.pipeline:
            return AsItIs()
        return Stages(Pipeline.of(self.config.pipeline, self.context))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """`look_around` finds files besides those of the jobs' discoveries. `folder`: that of the configuration file."""

    jobs: tuple[Job, ...] = ()
    pace: Pace = Pace()
    sync_s: float = 10.0
    save_s: float = 10.0
    folder: Path | None = None
    look_around: Callable[[], FoundFiles] | None = None
    takes_compressed: bool = False
    config: PromtailConfig = field(default_factory=PromtailConfig)

    def job(self, name: str) -> Job:
        return next(job for job in self.jobs if job.name == name)


def of_config(config: PromtailConfig, metrics: TailMetrics, select: Select = no_selectors) -> Plan:
    """Raises ConfigError for stages that cannot be built."""
    jobs = tuple(make_job(each, metrics, select) for each in config.scrape)
    limits = config.limits
    sizes = [client.batch_size_bytes for client in config.clients if client.batch_size_bytes]
    waits = [client.batch_wait_ms for client in config.clients if client.batch_wait_ms]
    pace = Pace(
        poll_s=max(0.05, config.watch.min_poll_ms / 1000),
        batch_bytes=min(max(min(sizes, default=1 << 20), 1 << 12), 16 << 20),
        batch_wait_s=max(0.05, min(waits, default=1000) / 1000),
        lines_per_s=limits.readline_rate if limits.readline_rate_enabled else 0.0,
        lines_burst=max(1, limits.readline_burst),
        drop_beyond=limits.readline_rate_drop,
        limits=LabelLimits(
            limits.label_name_length,
            limits.label_value_length,
            limits.max_streams,
            limits.max_line_size,
            limits.max_line_size_truncate,
        ),
    )
    return Plan(
        jobs=jobs,
        pace=pace,
        sync_s=max(0.25, config.target_sync_ms / 1000),
        save_s=max(0.25, config.positions.sync_period_ms / 1000),
        folder=None if config.file is None else config.file.absolute().parent,
        config=config,
    )


def make_job(config: ScrapeConfig, metrics: TailMetrics, select: Select = no_selectors, *, auto: bool = False) -> Job:
    def dropped(reason: str, count: int) -> None:
        metrics.add("promtail_dropped_entries_total", count, reason=reason)

    context = Context(job=config.job_name, select=select, meters=metrics.meters, dropped=dropped)
    job = Job(config, Relabeler(config.relabel), context, auto)
    job.through()
    return job


def unread(config: PromtailConfig) -> Sequence[tuple[int, str, str]]:
    """(line, job, source) of what a job asks for and nothing here reads."""
    found: list[tuple[int, str, str]] = []
    for job in config.scrape:
        asked = {
            "kafka": job.kafka,
            "heroku_drain": job.heroku_drain,
            "gelf": job.gelf,
            "loki_push_api": job.push,
        }
        found += [(job.line, job.job_name, kind) for kind, config in asked.items() if config is not None]
    return found
