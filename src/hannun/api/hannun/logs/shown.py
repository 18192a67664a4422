"""Lines as the log page gets them: streams once, lines naming theirs by its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from hannun.model.labels import Labels
from hannun.model.log import SEVERITIES
from hannun.query.logql.found import FoundLine
from hannun.query.logql.search import SAME_AS

_ERRORS = frozenset(("__error__", "__error_details__"))
LEVEL = "detected_level"


class Shown:
    """Collects lines; `streams` grows as they name new ones."""

    def __init__(self) -> None:
        self.streams: list[dict[str, Any]] = []
        self._place: dict[Labels, int] = {}

    def line(self, found: FoundLine) -> dict[str, Any]:
        attributes = dict(found.metadata)
        level = attributes.pop(LEVEL, "unknown")
        trace_id = attributes.pop("trace_id", "")
        out: dict[str, Any] = {
            "ts": str(found.ts_ns),
            "stream": self._stream(found.stream),
            "severity": level if level in SEVERITIES else "unknown",
            "line": found.line,
        }
        if level not in SEVERITIES:
            attributes["level"] = level
        if attributes:
            out["attributes"] = attributes
        if parsed := {name: value for name, value in found.parsed.items() if name not in _ERRORS}:
            out["fields"] = parsed
        if trace_id := trace_id or found.parsed.get("trace_id", ""):
            out["trace_id"] = trace_id
        return out

    def lines(self, found: Iterable[FoundLine]) -> list[dict[str, Any]]:
        return [self.line(one) for one in found]

    def _stream(self, labels: Labels) -> int:
        place = self._place.get(labels)
        if place is None:
            place = self._place[labels] = len(self.streams)
            pairs = dict(labels.pairs)
            self.streams.append(
                {
                    "id": f"{labels.series_id():016x}",
                    **{part: _first(pairs, names) for part, names in SAME_AS.items() if part != "release"},
                    "labels": pairs,
                }
            )
        return place


def _first(pairs: dict[str, str], names: Sequence[str]) -> str:
    return next((pairs[name] for name in names if name in pairs), "")
