"""A pushed page -> families with the grouping labels in every sample, and families -> columns. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hannun.model.errors import WireError
from hannun.model.family import Family, Sample
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.metric import NORMAL_NAN_BITS, Floats, Ids, MetricMetadata
from hannun.model.pushed import Pairs
from hannun.wire.exposition_proto import ProtoPage, decode_page
from hannun.wire.exposition_text import Dialect, Page, PageLimits, read_page

INCONSISTENT = "pushed metrics are invalid or inconsistent with existing metrics"
OWN = {
    "push_time_seconds": "Last Unix time when changing this group in the Pushgateway succeeded.",
    "push_failure_time_seconds": "Last Unix time when changing this group in the Pushgateway failed.",
}
_TEXT_TYPES = {"info": "gauge", "stateset": "gauge", "gaugehistogram": "histogram"}
"""A group is kept as text 0.0.4, which does not know these."""
_SUFFIXES = {
    "histogram": ("_bucket", "_count", "_sum"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "summary": ("_count", "_sum"),
    "counter": ("_total", "_created"),
    "info": ("_info",),
}


class Inconsistent(WireError):
    """The page can be read and may not be taken: the group notes that a push failed."""


@dataclass(frozen=True, slots=True, eq=False)
class GroupSeries:
    """The samples of a group as columns: `ids` uint64[n], `value` float64[n], `labels` of each."""

    ids: Ids
    value: Floats
    labels: tuple[Labels, ...]


class Read(NamedTuple):
    """`histograms`: native ones, of which a group keeps the classic form."""

    families: tuple[Family, ...]
    histograms: int


def read_families(body: bytes, content_type: str, grouping: Pairs, limits: PageLimits) -> Read:
    """Raises WireError (a page that cannot be read) or Inconsistent (one that may not be taken)."""
    dialect = _dialect(content_type)
    if dialect is Dialect.TEXT and body and not body.endswith(b"\n"):
        line = body.count(b"\n") + 1
        raise WireError(f"text format parsing error in line {line}: unexpected end of input stream")
    if dialect is Dialect.PROTOBUF:
        page: Page | ProtoPage = decode_page(body, limits)
    else:
        page = read_page(body, dialect, limits, normalise_bounds=False)
    if any(sample.ts_ms is not None for sample in page.samples):
        raise Inconsistent(f"{INCONSISTENT}: pushed metrics must not have timestamps")
    rows = [(sample.labels, sample.value) for sample in page.samples]
    native = page.ignored if isinstance(page, ProtoPage) else 0
    return Read(families_of(rows, page.metadata, grouping), native)


def _dialect(content_type: str) -> Dialect:
    media = content_type.partition(";")[0].strip().lower()
    # Everything else is text, as with Pushgateway: `curl --data-binary` says it sends a form.
    return next((dialect for dialect in Dialect if media == dialect.value), Dialect.TEXT)


def families_of(
    rows: Sequence[tuple[dict[str, str], float]], metadata: Sequence[MetricMetadata], grouping: Pairs
) -> tuple[Family, ...]:
    """Families in the order of their first sample; grouping labels win. Raises Inconsistent for a doubled series."""
    about = {one.metric: one for one in metadata}
    owner = {name: one for one in metadata for name in _names(one)}
    found: dict[str, list[Sample]] = {}
    seen: set[tuple[str, Pairs]] = set()
    for labels, value in rows:
        name = labels[METRIC_NAME]
        if name in OWN:
            continue  # They are ours to tell.
        told = {**{key: text for key, text in labels.items() if key != METRIC_NAME}, **dict(grouping)}
        pairs = tuple(sorted((key, text) for key, text in told.items() if text))
        if (name, pairs) in seen:
            shown = Labels.of({**dict(pairs), METRIC_NAME: name})
            raise Inconsistent(
                f"{INCONSISTENT}: collected metric {shown} was collected before with the same name and label values"
            )
        seen.add((name, pairs))
        family = name if name in about else owner[name].metric if name in owner else name
        found.setdefault(family, []).append(Sample(name, pairs, value))
    made = []
    for family, samples in found.items():
        one = about.get(family)
        # A counter whose family has no `_total` (OpenMetrics) is stored under the name of its samples.
        name = samples[0].name if one is not None and one.type in ("counter", "info") else family
        kind = one.type if one else "unknown"
        about_it = (one.help, one.unit) if one else ("", "")
        made.append(Family(name, _TEXT_TYPES.get(kind, kind), about_it[0], tuple(samples), about_it[1]))
    return tuple(made)


def _names(one: MetricMetadata) -> list[str]:
    return [one.metric + suffix for suffix in _SUFFIXES.get(one.type, ())]


def own_families(grouping: Pairs, pushed_ms: int, failed_ms: int) -> tuple[Family, ...]:
    """When the group was pushed and when that failed, in seconds."""
    pairs = tuple((name, value) for name, value in grouping if value)
    return tuple(
        Family(name, "gauge", text, (Sample(name, pairs, ms / 1000),))
        for (name, text), ms in zip(OWN.items(), (pushed_ms, failed_ms), strict=True)
    )


def series_of(families: Sequence[Family]) -> GroupSeries:
    rows = [sample for family in families for sample in family.samples]
    labels = tuple(Labels.of({**dict(row.labels), METRIC_NAME: row.name}) for row in rows)
    value = np.array([row.value for row in rows], np.float64)
    value.view(np.uint64)[np.isnan(value)] = NORMAL_NAN_BITS
    return GroupSeries(np.array([one.series_id() for one in labels], np.uint64), value, labels)
