"""The functions of `line_format` and `label_format` (Loki 3.8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo
from urllib.parse import quote_plus, unquote_plus

from hannun.gotemplate.bounds import check_length
from hannun.gotemplate.errors import FunctionError
from hannun.gotemplate.functions import regexes
from hannun.gotemplate.functions.data import DATA
from hannun.gotemplate.functions.dates import dates
from hannun.gotemplate.functions.go_text import GO_TEXT
from hannun.gotemplate.functions.numbers import NUMBERS
from hannun.gotemplate.functions.registry import Set, into, pick
from hannun.gotemplate.functions.texts import TEXTS
from hannun.gotemplate.go_numbers import go_quote, parse_duration_ns, parse_size
from hannun.gotemplate.go_time import GoTime

_OWN: Set = {}
named = into(_OWN)
_TEXTS = """b64enc b64dec lower upper title trunc substr contains hasPrefix hasSuffix indent nindent replace repeat trim
trimAll trimSuffix trimPrefix"""
_NUMBERS = """int float64 add sub mul div mod addf subf mulf divf max min maxf minf ceil floor round"""
_DATES = """date toDate now unixEpoch unixEpochMillis unixEpochNanos toDateInZone unixToTime"""
_DATA = "fromJson default"

named("count", "string", "string")(regexes.count)


@named("urlencode", "string")
def urlencode(text: str) -> str:
    check_length(len(text) * 3)
    return quote_plus(text, safe="-_.~", errors="replace")


@named("urldecode", "string")
def urldecode(text: str) -> str:
    at = text.find("%")
    while at >= 0:
        code = text[at + 1 : at + 3]
        if len(code) < 2 or any(letter not in "0123456789abcdefABCDEF" for letter in code):
            raise FunctionError(f"invalid URL escape {go_quote(text[at : at + 3])}")
        at = text.find("%", at + 3)
    return unquote_plus(text, errors="replace")


@named("bytes", "string")
def size(text: str) -> float:
    return float(_read(parse_size, text))


@named("duration", "string")
def duration(text: str) -> float:
    return _read(parse_duration_ns, text) / 1e9


def _read(read: Callable[[str], int], text: str) -> int:
    try:
        return read(text)
    except ValueError as err:
        raise FunctionError(str(err)) from err


_OWN["duration_seconds"] = _OWN["duration"]


@named("alignLeft", "int", "string")
def align_left(width: int, text: str) -> str:
    """Cut or filled up to `width` letters."""
    check_length(width)
    return text if width < 0 else text[:width].ljust(width)


@named("alignRight", "int", "string")
def align_right(width: int, text: str) -> str:
    check_length(width)
    return text if width < 0 else text[max(0, len(text) - width) :].rjust(width)


def functions(now_ns: Callable[[], int], line: Callable[[], str], ts_ns: Callable[[], int], zone: tzinfo = UTC) -> Set:
    """`line` and `ts_ns` give what `__line__` and `__timestamp__` mean at the moment of the call."""
    own = dict(_OWN)
    moment = into(own)
    moment("__line__")(lambda: line())
    moment("__timestamp__")(lambda: GoTime(ts_ns(), zone))
    return {
        **GO_TEXT,
        **own,
        **pick(TEXTS, _TEXTS),
        **pick(NUMBERS, _NUMBERS),
        **pick(dates(now_ns, zone), _DATES),
        **pick(DATA, _DATA),
    }
