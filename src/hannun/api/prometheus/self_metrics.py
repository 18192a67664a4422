"""This server's own metrics in the JSON form of Prometheus's protobuf, for /api/v1/status/self_metrics. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from hannun.query.promql.numbers import go_float

_TYPES = {"counter": "COUNTER", "gauge": "GAUGE", "histogram": "HISTOGRAM", "summary": "SUMMARY"}


def families_json(families: Iterable[Metric]) -> list[dict[str, Any]]:
    """`[{name, help, type, metric: [{label, counter|gauge|untyped|histogram|summary}]}]`, sorted by name."""
    told = [_family(family) for family in families]
    return sorted((family for family in told if family["metric"]), key=lambda family: str(family["name"]))


def _family(of: Metric) -> dict[str, Any]:
    kind = _TYPES.get(of.type, "UNTYPED")
    name = f"{of.name}_total" if kind == "COUNTER" else of.name
    if kind in ("HISTOGRAM", "SUMMARY"):
        metrics = _grouped(of, kind)
    else:
        metrics = [
            {"label": _labels(sample), kind.lower(): {"value": number(sample.value)}}
            for sample in of.samples
            if not sample.name.endswith("_created")
        ]
    return {"name": name, "help": of.documentation, "type": kind, "metric": metrics}


def _grouped(of: Metric, kind: str) -> list[dict[str, Any]]:
    """The samples of one label set (buckets or quantiles, sum, count) become one metric."""
    bound = "le" if kind == "HISTOGRAM" else "quantile"
    made: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}
    for sample in of.samples:
        if sample.name.endswith("_created"):
            continue
        labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != bound))
        empty: dict[str, Any] = {"bucket": []} if kind == "HISTOGRAM" else {"quantile": []}
        body = made.setdefault(labels, empty)
        if sample.name.endswith("_sum"):
            body["sampleSum"] = number(sample.value)
        elif sample.name.endswith("_count"):
            body["sampleCount"] = str(int(sample.value))
        elif kind == "HISTOGRAM":
            body["bucket"].append(
                {"cumulativeCount": str(int(sample.value)), "upperBound": number(float(sample.labels[bound]))}
            )
        else:
            body["quantile"].append({"quantile": number(float(sample.labels[bound])), "value": number(sample.value)})
    return [
        {"label": [{"name": name, "value": value} for name, value in labels], kind.lower(): body}
        for labels, body in made.items()
    ]


def _labels(of: Sample) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in sorted(of.labels.items())]


def number(value: float) -> float | str:
    """ProtoJSON writes what JSON has no number for as text."""
    if value != value or value in (float("inf"), float("-inf")):
        return go_float(value).replace("+Inf", "Infinity").replace("-Inf", "-Infinity")
    return value
