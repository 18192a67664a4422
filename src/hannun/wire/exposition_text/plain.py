"""A whole page, line by line in plain Python: what the format means, and what `PageDecoder` is tested against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hannun.model.errors import WireError
from hannun.model.metric import MetricMetadata
from hannun.wire.exposition_text.dialect import Dialect
from hannun.wire.exposition_text.grammar import OPENMETRICS, TEXT
from hannun.wire.exposition_text.limits import PageLimits
from hannun.wire.exposition_text.lines import BOUND_LABEL, Blank, Comment, End, Meta, Reading, Sample, read_line

NOT_ENDED = "data does not end with # EOF"


@dataclass(frozen=True, slots=True)
class Page:
    samples: tuple[Sample, ...]
    metadata: tuple[MetricMetadata, ...]


def reading_of(dialect: Dialect, limits: PageLimits, *, legacy_names: bool = False) -> Reading:
    assert dialect is not Dialect.PROTOBUF
    return Reading(TEXT if dialect is Dialect.TEXT else OPENMETRICS, limits, legacy_names)


def read_page(
    body: bytes,
    dialect: Dialect,
    limits: PageLimits | None = None,
    *,
    normalise_bounds: bool = True,
    legacy_names: bool = False,
) -> Page:
    """All samples and the metadata of a page. Raises WireError naming the line."""
    limits = limits or PageLimits()
    limits.check_body(len(body))
    reading = reading_of(dialect, limits, legacy_names=legacy_names)
    samples: list[Sample] = []
    told: list[Meta] = []
    comments = 0
    bound_label = ""
    at = 0
    ended = not reading.openmetrics
    while at < len(body):
        match read_line(body, at, reading, bound_label):
            case Sample() as line:
                samples.append(line)
            case Meta() as line:
                told.append(line)
                if line.kind == "type" and normalise_bounds:
                    bound_label = BOUND_LABEL.get(line.says, "")
            case Comment() as line:
                comments += 1
            case End() as line:
                ended = True
            case Blank() as line:
                pass
        limits.check_lines(len(samples) + len(told) + comments)
        at = line.end
    if not ended:
        raise WireError(NOT_ENDED)
    return Page(tuple(samples), metadata_of(told))


def metadata_of(told: Iterable[Meta]) -> tuple[MetricMetadata, ...]:
    """One entry per family, in the order in which they came up; of two lines of a kind the later one counts."""
    families: dict[str, dict[str, str]] = {}
    for line in told:
        families.setdefault(line.family, {})[line.kind] = line.says
    return tuple(
        MetricMetadata(family, said.get("type", "unknown"), said.get("help", ""), said.get("unit", ""))
        for family, said in families.items()
    )
