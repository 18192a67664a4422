"""The Accept header, word for word as Prometheus 3.x sends it."""

from __future__ import annotations

from hannun.collect.scrape.accept import accept_header
from hannun.config.prometheus.model import ScrapeConfig


def test_the_usual_header() -> None:
    assert accept_header(ScrapeConfig("x", 1, 1).protocols) == (
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
        "application/openmetrics-text;version=0.0.1;q=0.4,"
        "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
        "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
    )


def test_only_what_the_job_names_is_asked_for() -> None:
    assert accept_header(("PrometheusText0.0.4",)) == "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
