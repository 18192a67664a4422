"""What annotations say of histograms, in Prometheus's words."""

from __future__ import annotations

from hannun.query.promql.lexer import go_quote

MIXED_SAMPLES = "encountered a mix of histograms and floats for metric name"
MIXED_IN_AGGREGATION = "encountered a mix of histograms and floats for aggregation"
MIXED_SCHEMAS = "vector contains a mix of histograms with exponential and custom buckets schemas for metric name"
MIXED_CLASSIC = "vector contains a mix of classic and native histograms"
NOT_COUNTER = "this native histogram metric is not a counter:"
NOT_GAUGE = "this native histogram metric is not a gauge:"
IGNORED_IN_RANGE = "ignored histograms in a range containing both floats and histograms for metric name"
IGNORED_IN_AGGREGATION = "ignored histogram in {op} aggregation"
LAYOUTS = "incompatible bucket layout encountered for binary operator {op}"
COLLISION = "conflicting counter resets during histogram {what}"
MISMATCHED = "mismatched custom buckets were reconciled during {what}"
QUANTILE_NAN = "input to histogram_quantile has NaN observations, result is NaN"
QUANTILE_SKEWED = "input to histogram_quantile has NaN observations, result is skewed higher"
FRACTION_NAN = "input to histogram_fraction has NaN observations, which are excluded from all fractions"


def named(words: str, name: str) -> str:
    """Words that end in a metric's name, empty or not."""
    return f"{words} {go_quote(name)}"


def of_metric(words: str, name: str) -> str:
    """With the metric's name, if it has one."""
    return f"{words} for metric name {go_quote(name)}" if name else words
