"""What a body of lines says, as columns, and what of it was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hannun.model.labels import Labels
from hannun.model.metric import Floats, Ids, Ints


@dataclass(frozen=True, slots=True, eq=False)
class InfluxColumns:
    """`series` uint64[n], `ts_ms` int64[n], `value` float64[n], in the order of the body.

    `errors`: the first lines that could not be read, as InfluxDB words it; `bad_lines` counts all of them. `refused`
    counts values per reason of ours: texts, labels beyond a bound.
    """

    series: Ids
    ts_ms: Ints
    value: Floats
    labels: Callable[[int], Labels]
    """Labels of a series id that stands in `series`."""
    errors: tuple[str, ...] = ()
    bad_lines: int = 0
    texts: int = 0
    refused: Mapping[str, int] | None = None
