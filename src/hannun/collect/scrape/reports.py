"""The series that every scrape writes about itself. They bear exactly the target's labels and meet no relabeling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hannun.config.prometheus.model import ScrapeConfig
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.metric import Floats, Ids
from hannun.model.target import Pairs

NAMES = (
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
)
EXTRA = ("scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes")


@dataclass(frozen=True, slots=True)
class Report:
    """`body_bytes` -1: over its limit."""

    up: bool
    duration_s: float
    scraped: int = 0
    kept: int = 0
    added: int = 0
    body_bytes: int = 0


class ReportSeries:
    """Those of one target: ids made once, labels when somebody asks."""

    def __init__(self, config: ScrapeConfig, target: Pairs, timeout_ms: int) -> None:
        self._target = dict(target)
        self._names = (*NAMES, *EXTRA) if config.extra_scrape_metrics else NAMES
        self._extra = (timeout_ms / 1000, float(config.limits.samples)) if config.extra_scrape_metrics else None
        self.ids: Ids = np.array([self._labels(name).series_id() for name in self._names], np.uint64)

    def values(self, report: Report) -> Floats:
        row = [float(report.up), report.duration_s, float(report.scraped), float(report.kept), float(report.added)]
        if self._extra is not None:
            row += [*self._extra, float(report.body_bytes)]
        return np.array(row, np.float64)

    def made(self) -> dict[int, Labels]:
        return dict(zip(self.ids.tolist(), map(self._labels, self._names), strict=True))

    def _labels(self, name: str) -> Labels:
        return Labels.of({**self._target, METRIC_NAME: name})
