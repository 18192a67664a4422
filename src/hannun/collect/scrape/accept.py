"""What we ask a target to speak, in the order of `scrape_protocols`: the Accept header of Prometheus 3.x."""

from __future__ import annotations

from collections.abc import Sequence

MEDIA = {
    "PrometheusProto": "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    "OpenMetricsText1.0.0": "application/openmetrics-text;version=1.0.0",
    "OpenMetricsText0.0.1": "application/openmetrics-text;version=0.0.1",
    "PrometheusText1.0.0": "text/plain;version=1.0.0",
    "PrometheusText0.0.4": "text/plain;version=0.0.4",
}
_ESCAPING = frozenset({"PrometheusProto", "OpenMetricsText1.0.0", "PrometheusText1.0.0"})
"""Formats that may carry UTF-8 names when they are told so."""


def accept_header(protocols: Sequence[str]) -> str:
    """Falling weights, the least for anything else."""
    weight = len(MEDIA) + 1
    parts = []
    known = [name for name in protocols if name in MEDIA]
    weight = len(known) + 1
    for position, name in enumerate(known):
        escaping = ";escaping=allow-utf-8" if name in _ESCAPING else ""
        parts.append(f"{MEDIA[name]}{escaping};q=0.{weight - position}")
    return ",".join([*parts, "*/*;q=0.1"])
