"""Which series of two vectors belong together: each gets the number of its match group, by one dictionary."""

from __future__ import annotations

import numpy as np

from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.metric import Ints
from hannun.query.promql.grid import Grid
from hannun.query.promql.lexer import go_quote
from hannun.query.promql.names import Key, key_of
from hannun.query.promql.printer import label_name
from hannun.query.promql.syntax import Matching


def signatures(left: Grid, right: Grid, matching: Matching) -> tuple[Ints, Ints, int]:
    """Group numbers of the rows of both sides, and how many groups there are."""
    names = matching.labels if matching.on else (METRIC_NAME, *matching.labels)
    key = key_of(names, keep=matching.on)
    known: dict[Key, int] = {}
    numbers = [
        np.fromiter((known.setdefault(key(labels), len(known)) for labels in grid.labels), np.int64, len(grid))
        for grid in (left, right)
    ]
    return numbers[0], numbers[1], len(known)


def match_labels(labels: Labels, matching: Matching) -> Labels:
    """The labels that a match group is known by."""
    return labels.keep(matching.labels) if matching.on else labels.without((METRIC_NAME, *matching.labels))


def go_labels(labels: Labels) -> str:
    """A label set as Prometheus prints it in errors: `{__name__="a", b="c"}`."""
    return "{" + ", ".join(f"{label_name(name)}={go_quote(value)}" for name, value in labels) + "}"
