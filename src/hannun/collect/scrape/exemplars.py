"""Exemplars of a page that the page before did not have: targets repeat the last one of each series for ever."""

from __future__ import annotations

from hannun.collect.scrape.limits import EXEMPLAR_LENGTH_MAX, EXEMPLARS_MAX
from hannun.collect.scrape.series import Round
from hannun.model.exemplar import Exemplar
from hannun.model.labels import Labels
from hannun.wire.exposition_text import PageColumns

_Told = tuple[object, ...]


class ExemplarMemory:
    """Of one target: what each series told last: one exemplar, or those of a native histogram."""

    def __init__(self) -> None:
        self._last: dict[int, list[_Told]] = {}

    def new(self, page: PageColumns, found: Round) -> tuple[Exemplar, ...]:
        """Those to store. An exemplar without a time of its own gets its sample's."""
        if not page.exemplars:
            self._last = {}
            return ()
        place = {row: at for at, row in enumerate(found.row.tolist())}
        last: dict[int, list[_Told]] = {}
        new: list[Exemplar] = []
        for told in page.exemplars[:EXEMPLARS_MAX]:
            at = place.get(told.row)
            if at is None or sum(len(name) + len(value) for name, value in told.labels.items()) > EXEMPLAR_LENGTH_MAX:
                continue
            series = int(found.series[at])
            last.setdefault(series, []).append(told[1:])
            if told[1:] not in self._last.get(series, ()):
                ts_ms = int(found.ts_ms[at]) if told.ts_ms is None else told.ts_ms
                new.append(Exemplar(series, Labels.of(told.labels), told.value, ts_ms))
        self._last = last
        return tuple(new)
