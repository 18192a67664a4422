"""Native histograms of a scraped page: rows of their own, limits of the job, and markers like any series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hannun.collect.scrape.digest import Digester
from hannun.collect.scrape.failure import ScrapeFailed
from hannun.collect.scrape.histograms import BucketLimit, schema_of
from hannun.collect.scrape.targets import build
from hannun.config.prometheus.model import ScrapeConfig, ScrapeLimits
from hannun.model.histogram import CUSTOM_SCHEMA, Buckets, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.metric import STALE_NAN_BITS, MetricBatch
from hannun.model.relabel import RelabelRule
from hannun.process.relabel import Relabeler
from hannun.wire.protobuf_write import double, nested, text, varint, whole, zigzag

PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
TEXT = "text/plain; version=0.0.4"
NOW = 1_700_000_000_000
LATENCY = Labels.of(__name__="latency", instance="a:1", job="app", path="/x")


def histogram(count: int, *deltas: int, schema: int = 3) -> bytes:
    spans = nested(12, whole(2, len(deltas))) if deltas else b""
    return (
        whole(1, count)
        + double(2, 1.5)
        + whole(5, zigzag(schema))
        + double(6, 0.001)
        + spans
        + b"".join(varint(13 << 3) + varint(zigzag(delta)) for delta in deltas)
    )


def page(*metrics: tuple[str, bytes], name: str = "latency") -> bytes:
    """A family of histograms, one per path."""
    told = [nested(4, nested(1, text(1, "path") + text(2, path)) + nested(7, made)) for path, made in metrics]
    family = text(1, name) + whole(3, 4) + b"".join(told)
    return varint(len(family)) + family


class Scraped:
    def __init__(self, sink: Any, config: ScrapeConfig) -> None:
        (target,) = build(config, config.discoveries[0].groups).active  # type: ignore[union-attr]
        self.sink = sink
        self.digester = Digester(config, target, Relabeler(config.metric_relabel), sink)
        self.ts_ms = NOW

    def scrape(self, body: bytes, content_type: str = PROTOBUF) -> MetricBatch:
        self.ts_ms += 15_000
        batch = self.digester.read(body, content_type, self.ts_ms, self.ts_ms, lambda: 0.25).batch
        if not self.sink.offer(batch):
            self.digester.refused()
        return batch


@pytest.fixture
def scraped(sink: object, make_job: Callable[..., ScrapeConfig]) -> Callable[..., Scraped]:
    return lambda **more: Scraped(sink, make_job("a:1", **{"scrape_native_histograms": True, **more}))


def markers(batch: MetricBatch) -> list[int]:
    found: list[int] = batch.series[batch.value.view(np.uint64) == STALE_NAN_BITS].tolist()
    return found


def test_a_histogram_is_one_sample_of_its_series(scraped: Callable[..., Scraped]) -> None:
    one = scraped()
    batch = one.scrape(page(("/x", histogram(3, 1, 1))))
    (sample,) = batch.histograms
    assert (sample.series, sample.ts_ms) == (LATENCY.series_id(), one.ts_ms)
    assert sample.histogram == NativeHistogram(3, 3.0, 1.5, 0.001, 0.0, Buckets((0, 1), (1.0, 2.0)))
    assert LATENCY in {new.labels for new in batch.introduced}
    assert (len(batch), one.sink.values("scrape_samples_scraped")) == (5, [1.0])
    again = one.scrape(page(("/x", histogram(5, 2, 1))))
    assert (again.introduced, [one.histogram.count for one in again.histograms]) == ((), [5.0])


def test_each_exemplar_of_a_histogram_is_stored_once(scraped: Callable[..., Scraped]) -> None:
    def told(name: str, second: int) -> bytes:
        labels = nested(1, text(1, "trace_id") + text(2, name))
        return nested(16, labels + double(2, 0.5) + nested(3, whole(1, second)))

    one = scraped()
    first = one.scrape(page(("/x", histogram(1, 1) + told("a", 1) + told("b", 2))))
    assert [(new.labels.get("trace_id"), new.ts_ms) for new in first.exemplars] == [("a", 1_000), ("b", 2_000)]
    assert {new.series for new in first.exemplars} == {LATENCY.series_id()}
    second = one.scrape(page(("/x", histogram(1, 1) + told("b", 2) + told("c", 3))))
    assert [new.labels.get("trace_id") for new in second.exemplars] == ["c"]


def test_one_that_is_gone_ends_with_a_marker(scraped: Callable[..., Scraped]) -> None:
    one = scraped()
    one.scrape(page(("/x", histogram(1, 1)), ("/y", histogram(1, 1))))
    batch = one.scrape(page(("/y", histogram(1, 1))))
    assert markers(batch) == [LATENCY.series_id()]
    assert LATENCY.series_id() not in one.digester.live().tolist()


def test_metric_relabeling_and_the_sample_limit_see_it(scraped: Callable[..., Scraped]) -> None:
    drop = RelabelRule(source_labels=("path",), regex="/x", action="drop")
    one = scraped(metric_relabel=(drop,), limits=ScrapeLimits(samples=1))
    body = page(("/x", histogram(1, 1)), ("/y", histogram(2, 2)))
    assert [sample.histogram.count for sample in one.scrape(body).histograms] == [2.0]
    with pytest.raises(ScrapeFailed, match="sample limit exceeded"):
        one.scrape(page(("/y", histogram(2, 2)), ("/z", histogram(2, 2))))


def test_a_store_that_forgot_its_series_is_told_again(scraped: Callable[..., Scraped]) -> None:
    one = scraped()
    body = page(("/x", histogram(1, 1)))
    one.scrape(body)
    one.scrape(body)
    one.sink.known.clear()
    assert one.scrape(body).histograms == ()
    batch = one.scrape(body)
    assert (len(batch.histograms), LATENCY in {new.labels for new in batch.introduced}) == (1, True)


def test_without_the_key_it_is_a_classic_histogram(scraped: Callable[..., Scraped]) -> None:
    one = scraped(scrape_native_histograms=False)
    assert one.scrape(page(("/x", histogram(1, 1)))).histograms == ()
    assert {"latency_count", "latency_sum", "latency_bucket"} <= one.sink.metrics()


def test_classic_histograms_of_a_text_page_are_converted(scraped: Callable[..., Scraped]) -> None:
    one = scraped(convert_classic_histograms_to_nhcb=True)
    told = '# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 3\nh_sum 4\nh_count 3\n'
    (sample,) = one.scrape(told.encode(), TEXT).histograms
    assert (sample.histogram.schema, sample.histogram.custom_values) == (CUSTOM_SCHEMA, (1.0,))
    assert one.sink.metrics() & {"h", "h_bucket", "h_sum", "h_count"} == {"h"}


def test_too_many_buckets_are_joined(scraped: Callable[..., Scraped]) -> None:
    """Buckets 0..3 of schema 3 are -0, 0, 1, 1 of schema 2: bucket i lies in (i + 1) // 2 there."""
    one = scraped(limits=ScrapeLimits(histogram_buckets=3))
    (sample,) = one.scrape(page(("/x", histogram(10, 1, 1, 1, 1)))).histograms
    assert (sample.histogram.schema, sample.histogram.positive) == (2, Buckets((0, 1, 2), (1.0, 5.0, 4.0)))


def test_buckets_that_cannot_be_joined_fail_the_scrape(scraped: Callable[..., Scraped]) -> None:
    one = scraped(limits=ScrapeLimits(histogram_buckets=1))
    far = whole(1, 2) + double(6, 0.001) + nested(12, whole(2, 1)) + nested(12, whole(1, zigzag(500)) + whole(2, 1))
    far += varint(13 << 3) + varint(zigzag(1)) + varint(13 << 3) + varint(0)
    with pytest.raises(ScrapeFailed, match="histogram bucket limit exceeded"):
        one.scrape(page(("/x", far)))
    assert one.scrape(page(("/x", histogram(1, 1)))).histograms != ()


@pytest.mark.parametrize(
    ("factor", "schema"),
    [
        pytest.param(1.0, 8, id="nothing asked"),
        pytest.param(1.00271, 8, id="schema 8 grows by so much"),
        pytest.param(1.1, 2, id="the usual one"),
        pytest.param(2.0, 0, id="doubling"),
        pytest.param(4.0, -1, id="times four"),
        pytest.param(1e9, -4, id="as coarse as there is"),
    ],
)
def test_a_factor_chooses_the_schema_as_in_prometheus(factor: float, schema: int) -> None:
    assert schema_of(factor) == schema


def test_a_factor_brings_the_schema_down_and_leaves_custom_bounds_alone() -> None:
    limit = BucketLimit(0, 2.0)
    fine = NativeHistogram(1, 3.0, 0.0, positive=Buckets((1, 2), (1.0, 2.0)))
    assert limit.of(fine) == NativeHistogram(0, 3.0, 0.0, positive=Buckets((1,), (3.0,)))
    custom = NativeHistogram(CUSTOM_SCHEMA, 1.0, 0.0, positive=Buckets((0,), (1.0,)), custom_values=(1.0,))
    assert limit.of(custom) is custom
    with pytest.raises(ScrapeFailed, match="bucket limit"):
        BucketLimit(1, 0.0).of(NativeHistogram(CUSTOM_SCHEMA, 2.0, 0.0, positive=Buckets((0, 1), (1.0, 1.0))))
