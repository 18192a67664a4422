"""Hannun's own registry as families: names as they are stored, nothing doubled."""

from __future__ import annotations

import sys

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from hannun.collect.own import OwnMetrics


@pytest.fixture
def own() -> OwnMetrics:
    registry = CollectorRegistry()
    Counter("shop_orders", "Orders.", ("city",), registry=registry).labels("서울").inc(3)
    Gauge("shop_open", "Open.", registry=registry).set(1)
    Histogram("shop_wait_seconds", "Waiting.", buckets=(0.5, 1.0), registry=registry).observe(0.7)
    return OwnMetrics(registry)


def test_counters_are_called_as_their_series_are(own: OwnMetrics) -> None:
    family = next(family for family in own.gather() if family.name == "shop_orders_total")
    assert (family.type, family.help) == ("counter", "Orders.")
    assert [(sample.name, sample.labels, sample.value) for sample in family.samples] == [
        ("shop_orders_total", (("city", "서울"),), 3.0)
    ]


def test_creation_times_are_left_out(own: OwnMetrics) -> None:
    assert not [sample for family in own.gather() for sample in family.samples if sample.name.endswith("_created")]


def test_histograms_keep_their_parts(own: OwnMetrics) -> None:
    family = next(family for family in own.gather() if family.name == "shop_wait_seconds")
    assert [sample.name.removeprefix("shop_wait_seconds") for sample in family.samples] == [
        "_bucket",
        "_bucket",
        "_bucket",
        "_count",
        "_sum",
    ]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prometheus_client tells the process on Linux only")
def test_the_process_itself_is_told(own: OwnMetrics) -> None:
    names = {family.name for family in own.gather()}
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"} <= names


def test_families_are_sorted_and_the_page_speaks_the_asked_format(own: OwnMetrics) -> None:
    names = [family.name for family in own.gather()]
    assert names == sorted(names)
    content_type, body = own.page("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    assert body.endswith(b"# EOF\n")
    assert b"# TYPE shop_orders_total counter" in own.page()[1]


def test_the_source_is_the_job_hannun_on_this_machine(own: OwnMetrics) -> None:
    assert own.source("web-1").job == "hannun"
    assert own.source("web-1").instance == "web-1"
    assert own.source().instance
