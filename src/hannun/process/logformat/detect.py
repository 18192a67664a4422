"""Which format a line has. A file keeps its format, so the one that fitted last is asked first."""

from __future__ import annotations

from datetime import tzinfo

from hannun.process.logformat.moments import is_sane
from hannun.process.logformat.registry import Format, Reading, Situation, formats

PLAIN = Reading("", None)


class Detector:
    """For the lines of one file. `zone` None: times without a zone are this machine's."""

    __slots__ = ("_last", "_zone")

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._last: Format | None = None

    def read(self, line: str, now_ns: int) -> Reading:
        """Raises nothing; a line of no known format is `PLAIN`."""
        if not line:
            return PLAIN
        situation = Situation(now_ns, self._zone)
        last = self._last
        if last is not None and (reading := _read(last, line, situation)) is not None:
            return reading
        for known in formats():
            if known is not last and (reading := _read(known, line, situation)) is not None:
                self._last = known
                return reading
        return PLAIN

    @property
    def is_single(self) -> bool:
        """Whether the last line was of a format whose records are one line each."""
        return self._last is not None and self._last.single


def _read(known: Format, line: str, situation: Situation) -> Reading | None:
    if known.first and line[0] not in known.first:
        return None
    found = known.read(line, situation)
    if found is None or found is False:
        return None
    if found is True or not is_sane(found, situation.now_ns):
        return Reading(known.name, None)
    return Reading(known.name, found)
