"""A native histogram as text and as JSON, in the forms that Prometheus gives it."""

from __future__ import annotations

from hannun.model.histogram import NativeHistogram
from hannun.query.promql.histograms.buckets import Span, all_spans
from hannun.query.promql.numbers import go_float, go_general

LEFT_OPEN, RIGHT_OPEN, OPEN, CLOSED = range(4)


def shown(histogram: NativeHistogram) -> str:
    """`{count:3, sum:5, [-0.001,0.001]:1, (1,2]:2}`, the label that count_values makes of it."""
    parts = [f"count:{go_general(histogram.count)}", f"sum:{go_general(histogram.sum)}"]
    for span in all_spans(histogram):
        if span.count != 0:
            left, right = "[" if span.lower_inclusive else "(", "]" if span.upper_inclusive else ")"
            edges = f"{go_general(span.lower)},{go_general(span.upper)}"
            parts.append(f"{left}{edges}{right}:{go_general(span.count)}")
    return "{" + ", ".join(parts) + "}"


def as_json(histogram: NativeHistogram) -> bytes:
    """`{"count":"3","sum":"5","buckets":[[0,"1","2","3"]]}`; the first number says which edges belong to a bucket."""
    buckets = [
        f'[{_boundaries(span)},"{go_float(span.lower)}","{go_float(span.upper)}","{go_float(span.count)}"]'
        for span in all_spans(histogram)
        if span.count != 0
    ]
    more = f',"buckets":[{",".join(buckets)}]' if buckets else ""
    return f'{{"count":"{go_float(histogram.count)}","sum":"{go_float(histogram.sum)}"{more}}}'.encode()


def _boundaries(span: Span) -> int:
    if span.lower_inclusive:
        return CLOSED if span.upper_inclusive else RIGHT_OPEN
    return LEFT_OPEN if span.upper_inclusive else OPEN
