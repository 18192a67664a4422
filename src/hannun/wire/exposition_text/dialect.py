"""Content-Type of a page -> which of the formats it is. The words of an error are those of Prometheus 3.x."""

from __future__ import annotations

from enum import Enum

from hannun.model.errors import Unsupported


class Dialect(Enum):
    TEXT = "text/plain"
    OPENMETRICS = "application/openmetrics-text"
    PROTOBUF = "application/vnd.google.protobuf"


PROTOCOLS = {
    "PrometheusProto": Dialect.PROTOBUF,
    "PrometheusText0.0.4": Dialect.TEXT,
    "PrometheusText1.0.0": Dialect.TEXT,
    "OpenMetricsText0.0.1": Dialect.OPENMETRICS,
    "OpenMetricsText1.0.0": Dialect.OPENMETRICS,
}
"""What `scrape_protocols` and `fallback_scrape_protocol` may name."""


def dialect_of(content_type: str, fallback: Dialect | None = None) -> Dialect:
    """The format that `content_type` names, else `fallback`. Raises Unsupported when there is neither."""
    media = content_type.partition(";")[0].strip().lower()
    for dialect in Dialect:
        if media == dialect.value:
            return dialect
    if fallback is not None:
        return fallback
    if not content_type:
        raise Unsupported(
            "non-compliant scrape target sending blank Content-Type"
            " and no fallback_scrape_protocol specified for target"
        )
    raise Unsupported(
        f'received unsupported Content-Type "{content_type[:100]}" and no fallback_scrape_protocol specified for target'
    )
