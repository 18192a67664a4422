"""Families become columns as a Prometheus scrape stores them: ids, labels once, markers, report series."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hannun.collect.feed import Feed, Reading
from hannun.model.family import Family, Sample
from hannun.model.labels import Labels
from hannun.model.metric import NORMAL_NAN_BITS, STALE_NAN_BITS, MetricBatch

REPORTS = 5


def gauge(name: str, value: float = 1.0, **labels: str) -> Family:
    return Family.of(name, "gauge", f"Help of {name}.", [(tuple(labels.items()), value)])


def all_new(feed: Feed, reading: Reading) -> MetricBatch:
    return feed.batch(reading, np.ones(len(reading), dtype=bool))


def told(feed: Feed, reading: Reading) -> dict[str, float]:
    """{series as text: value} of a reading whose series the sink does not know."""
    batch = all_new(feed, reading)
    assert [new.id for new in batch.introduced] == batch.series.tolist()
    return {str(new.labels): value for new, value in zip(batch.introduced, batch.value.tolist(), strict=True)}


def stale(batch: MetricBatch) -> list[bool]:
    return [bits == STALE_NAN_BITS for bits in batch.value.view(np.uint64).tolist()]


def read(feed: Feed, families: Sequence[Family], ts_ms: int = 15_000, *, up: bool = True) -> Reading:
    return feed.read(families, ts_ms, 0.25, up=up)


def test_samples_bear_job_and_instance_and_the_report_series_stand_beside_them() -> None:
    rows = told(feed := Feed("node", "web-1"), read(feed, [gauge("a", 2.0, x="1"), gauge("b", 3.0)]))
    target = 'instance="web-1", job="node"'
    assert rows == {
        f'a{{{target}, x="1"}}': 2.0,
        f"b{{{target}}}": 3.0,
        f"up{{{target}}}": 1.0,
        f"scrape_duration_seconds{{{target}}}": 0.25,
        f"scrape_samples_scraped{{{target}}}": 2.0,
        f"scrape_samples_post_metric_relabeling{{{target}}}": 2.0,
        f"scrape_series_added{{{target}}}": 2.0,
    }


def test_ids_are_those_of_the_labels_and_every_sample_has_the_readings_time() -> None:
    feed = Feed("node", "web-1")
    batch = all_new(feed, read(feed, [gauge("a", x="1")], 45_000))
    expected = Labels.of(__name__="a", job="node", instance="web-1", x="1")
    assert batch.introduced[0].labels == expected
    assert batch.series[0] == expected.series_id() == batch.introduced[0].id
    assert batch.introduced[0].identity.host == "web-1"
    assert set(batch.ts_ms.tolist()) == {45_000}


def test_labels_travel_only_for_what_the_sink_does_not_know() -> None:
    feed = Feed("node", "h")
    reading = read(feed, [gauge("a"), gauge("b")])
    unknown = np.zeros(len(reading), dtype=bool)
    unknown[1] = True
    assert [new.labels.metric for new in feed.batch(reading, unknown).introduced] == ["b"]


def test_a_series_that_is_gone_gets_one_marker() -> None:
    feed = Feed("node", "h")
    read(feed, [gauge("a"), gauge("b")])
    second = all_new(feed, read(feed, [gauge("b")], 30_000))
    assert [str(new.labels) for new, gone in zip(second.introduced, stale(second), strict=True) if gone] == [
        'a{instance="h", job="node"}'
    ]
    assert not any(stale(all_new(feed, read(feed, [gauge("b")], 45_000))))


def test_a_failed_reading_marks_everything_and_tells_up_0() -> None:
    feed = Feed("node", "h")
    read(feed, [gauge("a"), gauge("b")])
    failed = read(feed, [], 30_000, up=False)
    batch = all_new(feed, failed)
    assert sum(stale(batch)) == 2
    rows = {new.labels.metric: value for new, value in zip(batch.introduced, batch.value.tolist(), strict=True)}
    assert (rows["up"], rows["scrape_samples_scraped"]) == (0.0, 0.0)


def test_the_end_marks_the_report_series_too() -> None:
    feed = Feed("node", "h")
    read(feed, [gauge("a")])
    last = all_new(feed, feed.end(60_000))
    assert len(last) == 1 + REPORTS
    assert all(stale(last))
    assert feed.series == 0
    assert len(feed.end(75_000)) == 0


def test_series_added_counts_new_ones_only() -> None:
    feed = Feed("node", "h")
    read(feed, [gauge("a"), gauge("b")])
    rows = told(feed, read(feed, [gauge("a"), gauge("b"), gauge("c")]))
    assert rows['scrape_series_added{instance="h", job="node"}'] == 1.0


def test_the_first_of_two_equal_series_stays() -> None:
    feed = Feed("node", "h")
    rows = told(feed, read(feed, [gauge("a", 1.0), gauge("a", 2.0)]))
    assert rows['a{instance="h", job="node"}'] == 1.0
    assert len(rows) == 1 + REPORTS


def test_labels_that_clash_with_the_target_are_kept_as_exported() -> None:
    feed = Feed("node", "h")
    (series, *_) = told(feed, read(feed, [gauge("a", job="backup", exported_job="x", instance="")]))
    assert series == 'a{exported_exported_job="x", exported_job="backup", instance="h", job="node"}'


def test_a_source_cannot_write_staleness_markers() -> None:
    feed = Feed("node", "h")
    forged = np.array([STALE_NAN_BITS], dtype=np.uint64).view(np.float64)[0]
    batch = all_new(feed, read(feed, [gauge("a", float(forged)), gauge("b", math.nan)]))
    assert batch.value.view(np.uint64).tolist()[:2] == [NORMAL_NAN_BITS] * 2


def test_type_and_help_are_told_once_and_again_when_the_sink_forgot_or_they_changed() -> None:
    feed = Feed("node", "h")
    families = [gauge("a"), gauge("b")]
    known = np.zeros(2 + REPORTS, dtype=bool)
    first = feed.batch(read(feed, families), ~known)
    assert [meta.metric for meta in first.metadata][:2] == ["a", "b"]
    assert feed.batch(read(feed, families), known).metadata == ()
    forgotten = known.copy()
    forgotten[1] = True
    assert [meta.metric for meta in feed.batch(read(feed, families), forgotten).metadata] == ["b"]
    changed = [Family("a", "counter", "Other words.", families[0].samples), families[1]]
    (meta,) = feed.batch(read(feed, changed), known).metadata
    assert (meta.metric, meta.type, meta.help) == ("a", "counter", "Other words.")


def test_type_and_help_are_told_again_after_a_refused_batch() -> None:
    feed = Feed("node", "h")
    known = np.zeros(1 + REPORTS, dtype=bool)
    feed.batch(read(feed, [gauge("a")]), known)
    feed.refused()
    assert len(feed.batch(read(feed, [gauge("a")]), known).metadata) == 1 + REPORTS


def test_parts_of_a_histogram_bring_their_familys_help_back() -> None:
    feed = Feed("node", "h")
    family = Family("w", "histogram", "Waiting.", (Sample("w_count", (), 1.0), Sample("w_sum", (), 2.0)))
    known = np.zeros(2 + REPORTS, dtype=bool)
    feed.batch(read(feed, [family]), known)
    known[0] = True
    assert [meta.metric for meta in feed.batch(read(feed, [family]), known).metadata] == ["w"]
