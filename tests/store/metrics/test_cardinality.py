"""Series are counted over the hours in which they were seen, once each, largest first."""

from __future__ import annotations

from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.cardinality import DAY_MS, Grown, LabelCount, LabelValues, MetricCount, SenderCount, ValueCount
from hannun.model.errors import QueryCanceled
from hannun.model.labels import Labels
from hannun.store.metrics.cardinality import SeriesCounts

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


def web(path: str, instance: str = "a:80") -> Labels:
    return Labels.of(__name__="http_requests_total", job="web", instance=instance, path=path)


UP = Labels.of(__name__="up", job="node", instance="n:9100")
QUOTED = Labels.of(__name__="한글.metric", job='w"e\\b', path="\t\n'")


@pytest.fixture
def counts(bench: Any) -> SeriesCounts:
    """Now: four paths, `up`, and a series of hostile names. A day ago: one path, `up`, and a metric that is gone."""
    gone = Labels.of(__name__="gone", job="old")
    now = [web("/a"), web("/b"), web("/c"), web("/a", "b:80"), UP, QUOTED]
    ago = [web("/a"), UP, gone]
    bench.put(*((labels, NOW_MS, 1.0) for labels in now), *((labels, NOW_MS - DAY_MS, 1.0) for labels in ago))
    return SeriesCounts(bench.engine, bench.clock)


def look(counts: SeriesCounts, metric: str = "", limit: int = 20, hours: int = 0) -> Any:
    return counts.cardinality(metric, NOW_MS - hours * HOUR_MS, NOW_MS, limit, Budget())


def test_everything_is_counted_beside_the_day_before(counts: SeriesCounts) -> None:
    found = look(counts)
    assert found.total == Grown(6, 3)
    assert found.total.growth == 3
    assert found.metric_count == 3, "a metric that is gone is not counted among those that are there"
    assert found.metrics == (
        MetricCount("http_requests_total", Grown(4, 1)),
        MetricCount("up", Grown(1, 1)),
        MetricCount("한글.metric", Grown(1, 0)),
    )
    assert found.labels == (
        LabelCount("path", 4, 5),
        LabelCount("instance", 3, 5),
        LabelCount("job", 3, 6),
    )
    assert found.senders == (
        SenderCount("web", "a:80", Grown(3, 1)),
        SenderCount("node", "n:9100", Grown(1, 1)),
        SenderCount('w"e\\b', "", Grown(1, 0)),
        SenderCount("web", "b:80", Grown(1, 0)),
    )


def test_one_metric_alone(counts: SeriesCounts) -> None:
    found = look(counts, "http_requests_total")
    assert found.total == Grown(4, 1)
    assert [one.name for one in found.metrics] == ["http_requests_total"]
    assert {sender.job for sender in found.senders} == {"web"}


def test_the_values_of_one_metric(counts: SeriesCounts) -> None:
    assert counts.label_values("http_requests_total", NOW_MS, NOW_MS, 2, 2, Budget()) == (
        LabelValues("path", 3, 4, (ValueCount("/a", 2), ValueCount("/b", 1))),
        LabelValues("instance", 2, 4, (ValueCount("a:80", 3), ValueCount("b:80", 1))),
    )
    assert counts.label_values("nobody", NOW_MS, NOW_MS, 2, 2, Budget()) == ()


def test_lists_are_cut_and_totals_are_not(counts: SeriesCounts) -> None:
    found = look(counts, limit=1)
    assert (len(found.metrics), len(found.labels), len(found.senders)) == (1, 1, 1)
    assert (found.total.series, found.metric_count) == (6, 3)


def test_a_window_without_samples_is_empty(counts: SeriesCounts) -> None:
    found = counts.cardinality("", NOW_MS - 10 * DAY_MS, NOW_MS - 9 * DAY_MS, 20, Budget())
    assert (found.total, found.metrics, found.labels, found.senders) == (Grown(0), (), (), ())


def test_a_wide_window_holds_the_day_before_too(counts: SeriesCounts) -> None:
    assert look(counts, hours=24).total == Grown(7, 3)


def test_every_metric_with_its_series(counts: SeriesCounts) -> None:
    assert counts.metric_counts(Budget()) == {"gone": 1, "http_requests_total": 4, "up": 1, "한글.metric": 1}


def test_a_caller_who_left_is_not_counted_for(counts: SeriesCounts) -> None:
    budget = Budget()
    budget.cancel()
    with pytest.raises(QueryCanceled):
        counts.cardinality("", 0, NOW_MS, 20, budget)
