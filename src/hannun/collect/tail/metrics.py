"""What tailing counts, under the names that Promtail's dashboards and alerts ask for. Safe to use from any thread."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from hannun.model.family import Family, Sample
from hannun.process.pipeline.meters import MeterStore

Pairs = tuple[tuple[str, str], ...]
SERIES_MAX = 20_000
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_NAMES: dict[str, tuple[Literal["counter", "gauge"], str]] = {
    "promtail_read_bytes_total": ("gauge", "Number of bytes read."),
    "promtail_read_lines_total": ("counter", "Number of lines read."),
    "promtail_file_bytes_total": ("gauge", "Number of bytes total."),
    "promtail_files_active_total": ("gauge", "Number of active files."),
    "promtail_targets_active_total": ("gauge", "Number of active total."),
    "promtail_targets_failed_total": ("counter", "Number of failed targets."),
    "promtail_sent_entries_total": ("counter", "Number of log entries sent to the ingester."),
    "promtail_sent_bytes_total": ("counter", "Number of bytes sent."),
    "promtail_encoded_bytes_total": ("counter", "Number of bytes encoded and ready to send."),
    "promtail_dropped_entries_total": (
        "counter",
        "Number of log entries dropped because failed to be sent to the ingester after all retries.",
    ),
    "promtail_dropped_bytes_total": (
        "counter",
        "Number of bytes dropped because failed to be sent to the ingester after all retries.",
    ),
    "promtail_batch_retries_total": ("counter", "Number of times batches has had to be retried."),
    "promtail_stream_lag_seconds": ("gauge", "Difference between current time and last batch timestamp."),
    "promtail_docker_target_entries_total": ("counter", "Total number of successful entries sent to the Docker target"),
    "promtail_journal_target_lines_total": ("counter", "Total number of successful journal lines read"),
    "promtail_syslog_target_entries_total": (
        "counter",
        "Total number of successful entries sent to the syslog target",
    ),
    "promtail_gelf_target_entries_total": ("counter", "Total number of successful entries sent to the gelf target"),
    "promtail_spooled_bytes": ("gauge", "Bytes that wait on disk to be sent (Hannun's own)."),
    "promtail_skipped_bytes_total": ("counter", "Bytes of lines that were too long to be kept (Hannun's own)."),
}


class TailMetrics:
    """`meters` holds what `metrics` stages count."""

    def __init__(self, meters: MeterStore) -> None:
        self.meters = meters
        self._lock = threading.Lock()
        self._values: dict[str, dict[Pairs, float]] = defaultdict(dict)
        self._durations: dict[Pairs, list[float]] = {}

    def add(self, name: str, value: float = 1.0, **labels: str) -> None:
        assert name in _NAMES, name
        key = tuple(sorted(labels.items()))
        with self._lock:
            series = self._values[name]
            if key in series or len(series) < SERIES_MAX:
                series[key] = series.get(key, 0.0) + value

    def set(self, name: str, value: float, **labels: str) -> None:
        assert name in _NAMES, name
        key = tuple(sorted(labels.items()))
        with self._lock:
            series = self._values[name]
            if key in series or len(series) < SERIES_MAX:
                series[key] = value

    def forget(self, name: str, **labels: str) -> None:
        with self._lock:
            self._values[name].pop(tuple(sorted(labels.items())), None)

    def get(self, name: str, **labels: str) -> float:
        with self._lock:
            return self._values[name].get(tuple(sorted(labels.items())), 0.0)

    def total(self, name: str) -> float:
        with self._lock:
            return sum(self._values[name].values())

    def took(self, seconds: float, *, host: str, status: str) -> None:
        """One push."""
        key = (("host", host), ("status_code", status))
        with self._lock:
            found = self._durations.setdefault(key, [0.0] * (len(BUCKETS) + 2))
            for index, bound in enumerate(BUCKETS):
                found[index] += seconds <= bound
            found[-2] += seconds
            found[-1] += 1

    def families(self) -> list[Family]:
        """Sorted by name; those of `metrics` stages too."""
        with self._lock:
            values = {name: dict(series) for name, series in self._values.items()}
            durations = {key: list(found) for key, found in self._durations.items()}
        families = [
            Family(name, kind, text, tuple(Sample(name, labels, value) for labels, value in values[name].items()))
            for name, (kind, text) in _NAMES.items()
            if values.get(name)
        ]
        if durations:
            name = "promtail_request_duration_seconds"
            samples = tuple(sample for key, found in durations.items() for sample in _histogram(name, key, found))
            families.append(Family(name, "histogram", "Duration of send requests.", samples))
        for meter, found in self.meters.families():
            lines = tuple(Sample(each.name, each.labels, each.value) for each in found)
            families.append(Family(meter.name, meter.kind, meter.description, lines))
        return sorted(families, key=lambda family: family.name)


def _histogram(name: str, labels: Pairs, found: list[float]) -> Iterator[Sample]:
    for bound, count in zip(BUCKETS, found, strict=False):
        yield Sample(f"{name}_bucket", (*labels, ("le", f"{bound:g}")), count)
    yield Sample(f"{name}_bucket", (*labels, ("le", "+Inf")), found[-1])
    yield Sample(f"{name}_sum", labels, found[-2])
    yield Sample(f"{name}_count", labels, found[-1])
