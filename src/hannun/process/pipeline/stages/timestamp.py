"""`timestamp`: the line's own time, by Go layouts or Unix numbers."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo

from hannun.gotemplate.go_time import LAYOUTS, GoTime, load_location, parse_time
from hannun.gotemplate.go_time_parts import NS
from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry, text_of
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Stage, changing, stage

STREAMS_MAX = 10_000
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_SCALES = {"UnixMs": 1_000_000, "UnixUs": 1_000, "UnixNs": 1}
Read = Callable[[str], int]


@stage("timestamp")
def _timestamp(options: Options, context: Context) -> Stage:
    source = options.needed("source")
    formats = [options.needed("format"), *options.texts("fallback_formats")]
    zone: tzinfo | None = None
    location = options.text("location")
    if location:
        try:
            zone = load_location(location)
        except ValueError as err:
            raise options.wrong(f"invalid location specified: {err}", f"알 수 없는 location: {err}") from err
    action = options.text("action_on_failure", "fudge")
    if action not in ("fudge", "skip"):
        raise options.wrong(
            "invalid action on failure (supported values are [skip fudge])",
            "action_on_failure는 skip이나 fudge로 적어 주세요",
        )
    reads = [reader(each, zone, context.now_ns) for each in formats]
    last: OrderedDict[frozenset[tuple[str, str]], int] = OrderedDict()

    def change(entry: Entry) -> None:
        text = text_of(entry.extracted.get(source))
        parsed = None if text is None else _first(reads, text)
        if parsed is not None:
            entry.ts_ns = parsed
        elif action == "fudge":
            before = last.get(entry.key())
            if before is None:
                return
            entry.ts_ns = before + 1
        if action == "fudge":
            key = entry.key()
            last[key] = entry.ts_ns
            last.move_to_end(key)
            if len(last) > STREAMS_MAX:
                last.popitem(last=False)

    return changing(change)


def reader(layout: str, zone: tzinfo | None, now_ns: Callable[[], int]) -> Read:
    """Text -> ns since 1970. It raises ValueError."""
    if layout == "Unix":
        return _seconds
    scale = _SCALES.get(layout)
    if scale is not None:
        return lambda text: _whole(text) * scale
    named = LAYOUTS.get(layout)
    if named is not None:
        return lambda text: parse_time(named, text).ns
    meant = UTC if zone is None else zone
    if "06" in layout:
        return lambda text: parse_time(layout, text, meant).ns
    return lambda text: without_year(layout, text, meant, now_ns())


def without_year(layout: str, text: str, zone: tzinfo, now_ns: int) -> int:
    """The year is this one, or at its turn the one that brings December and January together."""
    now = datetime.fromtimestamp(now_ns // NS, UTC).astimezone(zone)
    # A leap day needs a year that has one, so the year is known before the text is read.
    month = GoTime(_in_leap_year(layout, text, zone), zone).local().month
    year = now.year
    if month == 12 and now.month == 1:
        year -= 1
    elif month == 1 and now.month == 12:
        year += 1
    return parse_time(layout, text, zone, year=year).ns


def _in_leap_year(layout: str, text: str, zone: tzinfo) -> int:
    return parse_time(layout, text, zone, year=2024).ns


def _first(reads: list[Read], text: str) -> int | None:
    for read in reads:
        try:
            found = read(text)
        except ValueError:
            continue
        if -(2**63) <= found < 2**63:
            return found
    return None


def _whole(text: str) -> int:
    if _WHOLE.fullmatch(text) is None:
        raise ValueError(f"{text[:80]} is no whole number")
    return int(text)


def _seconds(text: str) -> int:
    whole, point, fraction = text.partition(".")
    if not point:
        return _whole(text) * NS
    if not fraction.isascii() or not fraction.isdigit():
        raise ValueError(f"{text[:80]} is no number of seconds")
    return _whole(whole) * NS + int(fraction[:9].ljust(9, "0"))
