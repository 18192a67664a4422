"""Series by their labels, in the order in which they are met."""

from __future__ import annotations

from collections.abc import Mapping

from hannun.model.labels import Labels
from hannun.query.logql.execute.errors import HELD_CHARACTERS_MAX, too_long
from hannun.query.logql.limits import TooManySeries
from hannun.query.logql.syntax import Grouping


def grouped(labels: Mapping[str, str], grouping: Grouping | None) -> Labels:
    """The series that a line with these labels belongs to."""
    if grouping is None:
        return Labels.of(labels)
    if grouping.without:
        unwanted = frozenset(grouping.labels)
        return Labels.of({name: value for name, value in labels.items() if name not in unwanted})
    return Labels.of({name: labels.get(name, "") for name in grouping.labels})


class SeriesIndex:
    """Raises ExecutionError in Loki's words beyond `most` series, and for labels that nobody wants to hold."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._rows: dict[Labels, int] = {}
        self._characters = 0

    def row(self, labels: Labels) -> int:
        row = self._rows.get(labels)
        if row is None:
            row = self._rows[labels] = len(self._rows)
            if row >= self._most:
                raise TooManySeries(self._most)
            self._characters += sum([len(value) for _, value in labels])
            if self._characters > HELD_CHARACTERS_MAX:
                raise too_long()
        return row

    def labels(self) -> tuple[Labels, ...]:
        return tuple(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
