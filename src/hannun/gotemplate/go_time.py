"""Moments as Go has them: nanoseconds and a zone. Layouts live in `go_layout`. Words for what does not fit are Go's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from hannun.gotemplate.go_layout import compile_layout, pieces_of, trouble, write
from hannun.gotemplate.go_numbers import go_quote
from hannun.gotemplate.go_time_parts import NS, READERS, OutOfRangeError, Parts

LAYOUTS = {
    "ANSIC": "Mon Jan _2 15:04:05 2006",
    "UnixDate": "Mon Jan _2 15:04:05 MST 2006",
    "RubyDate": "Mon Jan 02 15:04:05 -0700 2006",
    "RFC822": "02 Jan 06 15:04 MST",
    "RFC822Z": "02 Jan 06 15:04 -0700",
    "RFC850": "Monday, 02-Jan-06 15:04:05 MST",
    "RFC1123": "Mon, 02 Jan 2006 15:04:05 MST",
    "RFC1123Z": "Mon, 02 Jan 2006 15:04:05 -0700",
    "RFC3339": "2006-01-02T15:04:05Z07:00",
    "RFC3339Nano": "2006-01-02T15:04:05.999999999Z07:00",
}
"""Go's named layouts."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZERO_NS = -62_135_596_800 * NS


@dataclass(frozen=True, slots=True)
class GoTime:
    """`ns` since 1970. `zone` is where it is written; it never changes the moment."""

    ns: int
    zone: tzinfo = UTC

    def local(self) -> datetime:
        """Its clock and calendar, whole seconds. Times beyond the years 1 to 9999 stop at them."""
        try:
            return (_EPOCH + timedelta(seconds=self.ns // NS)).astimezone(self.zone)
        except (OverflowError, ValueError):
            edge = datetime(1, 1, 1) if self.ns < 0 else datetime(9999, 12, 31, 23, 59, 59)
            return edge.replace(tzinfo=UTC)

    def format(self, layout: str) -> str:
        """Go's `Time.Format`."""
        at = self.local()
        return "".join(
            piece.text if not piece.is_token else write(piece.text, at, self.ns % NS) for piece in pieces_of(layout)
        )

    def __str__(self) -> str:
        return self.format("2006-01-02 15:04:05.999999999 -0700 MST")


ZERO = GoTime(_ZERO_NS)
"""Go's zero time, 0001-01-01."""


def load_location(name: str) -> tzinfo:
    """`time.LoadLocation`. "" is UTC and `Local` is the zone of this machine. Raises ValueError with Go's words."""
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        zone = datetime.now().astimezone().tzinfo
        return UTC if zone is None else zone
    try:
        return _zone(name)
    except (KeyError, ValueError, OSError) as err:
        raise ValueError(f"unknown time zone {name[:100]}") from err


def parse_time(layout: str, text: str, zone: tzinfo = UTC, year: int | None = None) -> GoTime:
    """Go's `time.ParseInLocation`: `zone` is meant where the text names none.

    `year` is taken where the layout has none (syslog); Go itself says the year 0. Raises ValueError with Go's words.
    """
    form = compile_layout(layout)
    found = form.regex.fullmatch(text)
    if found is None:
        raise ValueError(trouble(form, layout, text))
    parts = Parts(year if year is not None and not form.has_year else 1 if not form.has_year else 0)
    for token, value in zip(form.tokens, found.groups(), strict=True):
        if value is not None:
            READERS[token if token[0] not in ".," else "."](parts, value)
    try:
        return GoTime(*parts.moment(zone))
    except (OutOfRangeError, ValueError, OverflowError) as err:
        said = str(err) if isinstance(err, OutOfRangeError) else "day out of range"
        raise ValueError(f"parsing time {go_quote(text)}: {said}") from err


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)
