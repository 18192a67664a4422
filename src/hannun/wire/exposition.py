"""Metric families -> the text that scrapers read: Prometheus text 0.0.4 and OpenMetrics 1.0.

Encoder only. Follows prometheus.io/docs/instrumenting/exposition_formats and the OpenMetrics 1.0 ABNF. The two differ
in the name of a counter's family (`x_total` against `x`), in the types they know, and in the closing `# EOF`.
Numbers are written in Python's shortest round-trip form, which both grammars accept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from hannun.model.family import Family, Pairs

TEXT_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

_TEXT_TYPES = {"unknown": "untyped", "info": "gauge", "stateset": "gauge", "gaugehistogram": "histogram"}
_EXACT_MAX = 2.0**53


def encode_text(families: Iterable[Family]) -> bytes:
    """Text 0.0.4, families in the given order."""
    lines: list[str] = []
    for family in families:
        if family.help:
            lines.append(f"# HELP {family.name} {_escape_help(family.help)}\n")
        lines.append(f"# TYPE {family.name} {_TEXT_TYPES.get(family.type, family.type)}\n")
        lines.extend(f"{name}{_labels(labels)} {number(value)}\n" for name, labels, value in family.samples)
    return "".join(lines).encode("utf-8", "replace")


def encode_openmetrics(families: Iterable[Family]) -> bytes:
    """OpenMetrics 1.0 text, families in the given order, closed by `# EOF`."""
    lines: list[str] = []
    for family in families:
        name, kind = _openmetrics_name(family)
        lines.append(f"# TYPE {name} {kind}\n")
        if family.unit and name.endswith(f"_{family.unit}"):
            lines.append(f"# UNIT {name} {family.unit}\n")
        if family.help:
            lines.append(f"# HELP {name} {_escape(family.help)}\n")
        lines.extend(f"{sample}{_labels(labels)} {number(value)}\n" for sample, labels, value in family.samples)
    lines.append("# EOF\n")
    return "".join(lines).encode("utf-8", "replace")


def negotiate(accept: str) -> str:
    """The content type that an `Accept` header prefers; text 0.0.4 when it says nothing we know."""
    best, best_quality = TEXT_CONTENT_TYPE, 0.0
    for part in accept.split(",")[:32]:
        media, *parameters = (piece.strip() for piece in part.split(";"))
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                quality = _quality(value)
        # A later offer must be strictly better: Prometheus lists OpenMetrics 1.0 first and wants it on a tie.
        offered = {"application/openmetrics-text": OPENMETRICS_CONTENT_TYPE, "text/plain": TEXT_CONTENT_TYPE}.get(
            media.lower()
        )
        if offered is not None and quality > best_quality:
            best, best_quality = offered, quality
    return best


def encode(families: Iterable[Family], accept: str = "") -> tuple[str, bytes]:
    """(content type, body) as the `Accept` header asks."""
    chosen = negotiate(accept)
    return chosen, encode_openmetrics(families) if chosen is OPENMETRICS_CONTENT_TYPE else encode_text(families)


def number(value: float) -> str:
    if value != value:
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if -_EXACT_MAX < value < _EXACT_MAX and value == int(value):
        return str(int(value))
    return repr(float(value))


def _quality(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        return 0.0
    return found if 0.0 <= found <= 1.0 else 0.0


def _openmetrics_name(family: Family) -> tuple[str, str]:
    """A counter must have `_total` samples and an info `_info` ones; what has not is told as the nearest legal type."""
    if family.type == "counter":
        if family.name.endswith("_total"):
            return family.name.removesuffix("_total"), "counter"
        return family.name, "unknown"
    if family.type == "info":
        return family.name.removesuffix("_info"), "info" if family.name.endswith("_info") else "gauge"
    return family.name, family.type


def _labels(pairs: Pairs) -> str:
    if not pairs:
        return ""
    return "{" + ",".join([f'{name}="{_escape(value)}"' for name, value in pairs]) + "}"


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _escape_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")
