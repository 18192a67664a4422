"""A page becomes a batch: labels travel once, the sink that forgets is told again, exemplars and types come along."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hannun.collect.scrape.digest import Digest, Digester
from hannun.collect.scrape.failure import ScrapeFailed
from hannun.collect.scrape.reports import Report
from hannun.collect.scrape.targets import build
from hannun.config.prometheus.model import ScrapeConfig, ScrapeLimits
from hannun.model.exemplar import Exemplar
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN_BITS, MetricBatch
from hannun.process.relabel import Relabeler

TEXT = "text/plain; version=0.0.4"
OPENMETRICS = "application/openmetrics-text; version=1.0.0"
NOW = 1_700_000_000_000


class Scraped:
    """One target without a network."""

    def __init__(self, sink: object, config: ScrapeConfig) -> None:
        (target,) = build(config, config.discoveries[0].groups).active  # type: ignore[union-attr]
        self.sink = sink
        self.digester = Digester(config, target, Relabeler(config.metric_relabel), sink)  # type: ignore[arg-type]
        self.ts_ms = NOW

    def read(self, page: str, content_type: str = TEXT) -> Digest:
        self.ts_ms += 15_000
        return self.digester.read(page.encode(), content_type, self.ts_ms, self.ts_ms, lambda: 0.25)

    def scrape(self, page: str, content_type: str = TEXT) -> MetricBatch:
        batch = self.read(page, content_type).batch
        if not self.sink.offer(batch):  # type: ignore[attr-defined]
            self.digester.refused()
        return batch

    def failed(self) -> MetricBatch:
        self.ts_ms += 15_000
        batch = self.digester.failed(Report(False, 0.1), self.ts_ms)
        self.sink.offer(batch)  # type: ignore[attr-defined]
        return batch


@pytest.fixture
def scraped(sink: object, make_job: Callable[..., ScrapeConfig]) -> Callable[..., Scraped]:
    return lambda **more: Scraped(sink, make_job("a:1", **more))


def test_labels_and_types_travel_once(scraped: Callable[..., Scraped]) -> None:
    one = scraped()
    page = "# HELP a A thing.\n# TYPE a gauge\na 1\n"
    first, second = one.scrape(page), one.scrape(page)
    assert sorted(new.labels.metric for new in first.introduced) == [
        "a",
        "scrape_duration_seconds",
        "scrape_samples_post_metric_relabeling",
        "scrape_samples_scraped",
        "scrape_series_added",
        "up",
    ]
    assert [(one.metric, one.type, one.help) for one in first.metadata] == [("a", "gauge", "A thing.")]
    assert (second.introduced, second.metadata) == ((), ())
    assert len(second) == 6
    third = one.scrape(page.replace("A thing.", "Another thing."))
    assert [told.help for told in third.metadata] == ["Another thing."]


def test_identity_is_known_for_new_series(scraped: Callable[..., Scraped]) -> None:
    (new,) = (new for new in scraped().scrape('a{version="1.2"} 1\n').introduced if new.labels.metric == "a")
    assert (new.identity.service, new.identity.release) == ("app", "1.2")


def test_report_series_bear_the_targets_labels_only(scraped: Callable[..., Scraped]) -> None:
    one = scraped(extra_scrape_metrics=True, limits=ScrapeLimits(samples=10))
    one.scrape("a 1\nb 1\n")
    labels = {"instance": "a:1", "job": "app"}
    values = {
        name: one.sink.values(name, **labels)[-1]  # type: ignore[attr-defined]
        for name in sorted(one.sink.metrics() - {"a", "b"})  # type: ignore[attr-defined]
    }
    assert values == {
        "scrape_body_size_bytes": 8.0,
        "scrape_duration_seconds": 0.25,
        "scrape_sample_limit": 10.0,
        "scrape_samples_post_metric_relabeling": 2.0,
        "scrape_samples_scraped": 2.0,
        "scrape_series_added": 2.0,
        "scrape_timeout_seconds": 5.0,
        "up": 1.0,
    }
    assert all(len(known) == 3 for known in one.sink.known.values())  # type: ignore[attr-defined]


def test_a_refused_batch_is_told_again(scraped: Callable[..., Scraped]) -> None:
    one = scraped()
    one.sink.full = True  # type: ignore[attr-defined]
    one.scrape("# TYPE a gauge\na 1\n")
    one.sink.full = False  # type: ignore[attr-defined]
    again = one.scrape("# TYPE a gauge\na 1\n")
    assert "a" in {new.labels.metric for new in again.introduced}
    assert len(again.metadata) == 1


def test_a_sink_that_forgot_is_told_again_by_the_page_after(scraped: Callable[..., Scraped]) -> None:
    """The labels are not kept for ever: one page is lost for the forgotten series, and none of the others."""
    one = scraped()
    for _ in range(3):
        one.scrape("a 1\nb 1\n")
    forgotten = next(series for series, labels in one.sink.known.items() if labels.metric == "a")  # type: ignore[attr-defined]
    del one.sink.known[forgotten]  # type: ignore[attr-defined]
    assert len(one.scrape("a 1\nb 1\n")) == 6
    again = one.scrape("a 1\n")
    assert [new.labels.metric for new in again.introduced] == ["a"]
    assert one.sink.values("b")[-1] == "stale"  # type: ignore[attr-defined]


def test_a_failed_scrape_ends_what_lived_and_reports_it(scraped: Callable[..., Scraped]) -> None:
    one = scraped()
    one.scrape("a 1\n")
    failed = one.failed()
    assert int(np.count_nonzero(failed.value.view(np.uint64) == STALE_NAN_BITS)) == 1
    assert one.sink.values("up") == [1.0, 0.0]  # type: ignore[attr-defined]
    assert len(one.failed()) == 5, "what is gone is not marked again"
    assert len(one.scrape("a 1\n")) == 6


def test_the_sample_limit_counts_what_relabeling_leaves(scraped: Callable[..., Scraped]) -> None:
    from hannun.model.relabel import RelabelRule

    drop = (RelabelRule(action="drop", source_labels=("__name__",), regex="d.*"),)
    one = scraped(limits=ScrapeLimits(samples=2), metric_relabel=drop)
    assert len(one.scrape("a 1\nb 1\nd1 1\nd2 1\n")) == 7
    with pytest.raises(ScrapeFailed, match="sample limit exceeded") as caught:
        one.read("a 1\nb 1\nc 1\nd 1\n")
    assert (caught.value.scraped, caught.value.kept) == (4, 3)
    assert "2" in str(caught.value.advice)
    one.failed()
    assert len(one.scrape("a 1\nc 1\n")) == 7, "c was met when the limit was exceeded, and its labels are still there"


def test_a_label_limit_fails_every_scrape_until_it_is_mended(scraped: Callable[..., Scraped]) -> None:
    one = scraped(limits=ScrapeLimits(label_value_length=10))
    one.scrape("a 1\n")
    for _ in range(3):
        with pytest.raises(ScrapeFailed, match="label_value_length_limit exceeded"):
            one.read('a 1\nb{x="0123456789ab"} 1\n')
    failed = one.failed()
    assert int(np.count_nonzero(failed.value.view(np.uint64) == STALE_NAN_BITS)) == 1
    assert len(one.scrape('a 1\nb{x="0"} 1\n')) == 7


def test_a_million_lines_are_refused_before_they_are_read(scraped: Callable[..., Scraped]) -> None:
    with pytest.raises(ScrapeFailed, match="sample limit exceeded") as caught:
        scraped().read("".join(f'a{{n="{number}"}} 1\n' for number in range(1_000_000)))
    assert caught.value.scraped == 1_000_000


@pytest.mark.parametrize(
    ("page", "content_type", "error", "advice"),
    [
        pytest.param("a 1\nb{\n", TEXT, "line 2", "not in the format", id="parse error with its line"),
        pytest.param("<html>", "text/html", "received unsupported Content-Type", "web page", id="HTML"),
        pytest.param("<html>", TEXT, "line 1", "web page", id="HTML that claims to be text"),
        pytest.param("a 1\n", "", "blank Content-Type", "fallback_scrape_protocol", id="no type"),
        pytest.param("a 1\n", OPENMETRICS, "# EOF", "not in the format", id="cut off"),
    ],
)
def test_a_page_that_is_none_says_why(
    scraped: Callable[..., Scraped], page: str, content_type: str, error: str, advice: str
) -> None:
    with pytest.raises(ScrapeFailed) as caught:
        scraped().read(page, content_type)
    assert error in str(caught.value.what)
    assert caught.value.advice is not None
    assert advice in caught.value.advice.en


def test_a_fallback_protocol_reads_what_has_no_type(scraped: Callable[..., Scraped]) -> None:
    assert len(scraped(fallback_protocol="PrometheusText0.0.4").scrape("a 1\n", "")) == 6


def test_exemplars_come_once_with_their_series(scraped: Callable[..., Scraped]) -> None:
    one = scraped()
    page = '# TYPE a counter\na_total 1 # {trace_id="x"} 0.5 1700000000.5\na_total{n="1"} 2 # {trace_id="y"} 1\n# EOF\n'
    first = one.scrape(page, OPENMETRICS)
    series = {labels.get("n"): number for number, labels in one.sink.known.items() if labels.metric == "a_total"}  # type: ignore[attr-defined]
    assert first.exemplars == (
        Exemplar(series[""], Labels.of(trace_id="x"), 0.5, 1_700_000_000_500),
        Exemplar(series["1"], Labels.of(trace_id="y"), 1.0, NOW + 15_000),
    )
    assert one.scrape(page, OPENMETRICS).exemplars == ()
    (changed,) = one.scrape(page.replace('"y"', '"z"'), OPENMETRICS).exemplars
    assert changed.labels == Labels.of(trace_id="z")


def test_an_overlong_exemplar_is_left_out(scraped: Callable[..., Scraped]) -> None:
    page = f'# TYPE a counter\na_total 1 # {{trace_id="{"x" * 200}"}} 0.5\n# EOF\n'
    assert scraped().scrape(page, OPENMETRICS).exemplars == ()
