"""Families of one source -> columns for the sink, round after round, as a Prometheus scrape would store them.

Pure but for what it remembers: which series the last round had, so that a known series costs one dictionary hit and a
series that is gone gets its staleness marker. Report series (`up`, `scrape_*`) are families like the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hannun.model.family import Family, Pairs, Sample
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.metric import NORMAL_NAN_BITS, STALE_NAN_BITS, Floats, Ids, MetricBatch, MetricMetadata, NewSeries
from hannun.process.identity import of_metric

Key = tuple[str, Pairs]
REPORTS = {
    "up": "1 if the source answered, 0 if it did not.",
    "scrape_duration_seconds": "Time the reading took.",
    "scrape_samples_scraped": "Samples that the source told.",
    "scrape_samples_post_metric_relabeling": "Samples left after relabeling.",
    "scrape_series_added": "Series that the reading before did not have.",
}


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """One round, ready but for the labels: the sink must first tell which of `series` it does not know."""

    ts_ms: int
    series: Ids
    value: Floats
    keys: tuple[Key, ...]
    families: tuple[Family, ...]

    def __len__(self) -> int:
        return len(self.series)


class Feed:
    """The memory of one source (`job`, `instance`). Not thread-safe: the loop calls it from one thread."""

    def __init__(self, job: str, instance: str) -> None:
        self._target = {"job": job, "instance": instance}
        self._live: dict[Key, int] = {}
        self._told: dict[str, MetricMetadata] = {}

    @property
    def series(self) -> int:
        """How many series the last round had, report series included."""
        return len(self._live)

    def read(self, families: Sequence[Family], ts_ms: int, duration_s: float, *, up: bool = True) -> Reading:
        """A round that went well, or (`up` False, no families) one that failed: then all that was there is gone."""
        before, live = self._live, {}
        values: list[float] = []
        added = 0
        for family in families:
            for name, labels, value in family.samples:
                key = (name, labels)
                if key in live:
                    continue  # Told twice in one reading: Prometheus, too, keeps the first.
                series = before.get(key)
                if series is None:
                    series = self._labels(key).series_id()
                    added += 1
                live[key] = series
                values.append(value)
        told = float(len(values))
        reports = self._reports((float(up), duration_s, told, told, float(added)))
        for family in reports:
            key = (family.name, ())
            live[key] = before.get(key) or self._labels(key).series_id()
            values.append(family.samples[0].value)
        gone = [key for key in before if key not in live]
        self._live = live
        return Reading(
            ts_ms,
            np.array([*live.values(), *(before[key] for key in gone)], dtype=np.uint64),
            _with_markers(values, len(gone)),
            (*live, *gone),
            (*families, *reports),
        )

    def end(self, ts_ms: int) -> Reading:
        """Staleness markers for everything that lives, report series too: the source will not be asked again."""
        gone, self._live = self._live, {}
        return Reading(
            ts_ms, np.array(list(gone.values()), dtype=np.uint64), _with_markers([], len(gone)), tuple(gone), ()
        )

    def batch(self, reading: Reading, unknown: NDArray[np.bool_]) -> MetricBatch:
        """The batch for a sink that knows all of `reading.series` but those marked in `unknown`.

        Labels travel for those only; type and help when they are new, have changed, or the sink forgot the metric.
        """
        introduced = tuple(self._new_series(reading, row) for row in np.flatnonzero(unknown).tolist())
        forgotten = {new.labels.metric for new in introduced}
        return MetricBatch(
            series=reading.series,
            ts_ms=np.full(len(reading), reading.ts_ms, dtype=np.int64),
            value=reading.value,
            introduced=introduced,
            metadata=self._metadata(reading.families, forgotten),
        )

    def refused(self) -> None:
        """The sink dropped the last batch, and with it the type and help that stood in it."""
        self._told.clear()

    def _metadata(self, families: tuple[Family, ...], forgotten: set[str]) -> tuple[MetricMetadata, ...]:
        told, now, due = self._told, {}, []
        for family in families:
            before = told.get(family.name)
            same = before is not None and (before.type, before.help) == (family.type, family.help)
            meta = before if before is not None and same else _metadata_of(family)
            now[family.name] = meta
            if not same or (forgotten and any(sample.name in forgotten for sample in family.samples)):
                due.append(meta)
        self._told = now
        return tuple(due)

    def _new_series(self, reading: Reading, row: int) -> NewSeries:
        labels = self._labels(reading.keys[row])
        return NewSeries(int(reading.series[row]), labels, of_metric(labels))

    def _labels(self, key: Key) -> Labels:
        name, pairs = key
        labels = {METRIC_NAME: name, **self._target}
        for label, value in pairs:
            # As with honor_labels false: the target's labels win, the told ones stay visible under another name.
            while label in labels:
                label = f"exported_{label}"
            labels[label] = value
        return Labels.of(labels)

    def _reports(self, values: Sequence[float]) -> tuple[Family, ...]:
        return tuple(
            Family(name, "gauge", text, (Sample(name, (), value),))
            for (name, text), value in zip(REPORTS.items(), values, strict=True)
        )


def _metadata_of(family: Family) -> MetricMetadata:
    return MetricMetadata(family.name, family.type, family.help, family.unit)


def _with_markers(values: list[float], gone: int) -> Floats:
    """float64 of `values`, every NaN in its ordinary bits (a source must not mark staleness), then the markers."""
    column = np.array(values, dtype=np.float64)
    column.view(np.uint64)[np.isnan(column)] = NORMAL_NAN_BITS
    return np.concatenate([column, np.full(gone, STALE_NAN_BITS, dtype=np.uint64).view(np.float64)])
