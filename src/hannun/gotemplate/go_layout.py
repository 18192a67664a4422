"""Go's layouts (`2006-01-02T15:04:05Z07:00`): compiled once, then times are written by them and read.

Reading is one match of a regular expression of our own making, so that a time per log line costs little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from hannun.gotemplate.go_numbers import go_quote

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
SHORT_MONTHS = {name[:3].lower(): index for index, name in enumerate(MONTHS, start=1)}
LONG_MONTHS = {name.lower(): index for index, name in enumerate(MONTHS, start=1)}
_LAYOUT_CHARACTERS_MAX = 512

# In the order in which Go looks for them. `Jan` and `Mon` before a small letter are words of their own.
_CHUNK = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|01|02|03|04|05|06|15|1|2006|_2006|__2|_2|2|3|4|5|PM|pm"
    r"|-070000|-07:00:00|-0700|-07:00|-07|Z070000|Z07:00:00|Z0700|Z07:00|Z07|[.,](?:0+|9+)(?![0-9])"
)
_NUMBER = "[0-9]{1,2}"
_READS = {
    "January": "(?i:" + "|".join(MONTHS) + ")",
    "Jan": "(?i:" + "|".join(name[:3] for name in MONTHS) + ")",
    "Monday": "(?i:" + "|".join(DAYS) + ")",
    "Mon": "(?i:" + "|".join(name[:3] for name in DAYS) + ")",
    "MST": r"(?:ChST|MeST|GMT[+-][0-9]{1,2}|[A-Z]{3,5}|[+-][0-9]{2}(?![0-9:]))",
    "002": "[0-9]{3}",
    "01": "[0-9]{2}",
    "1": _NUMBER,
    "02": "[0-9]{2}",
    "2": _NUMBER,
    "_2": " ?[0-9]{1,2}",
    "__2": " {0,2}[0-9]{1,3}",
    "15": _NUMBER,
    "03": "[0-9]{2}",
    "3": _NUMBER,
    "04": "[0-9]{2}",
    "4": _NUMBER,
    "05": "[0-9]{2}",
    "5": _NUMBER,
    "06": "[0-9]{2}",
    "2006": "[0-9]{4}",
    "PM": "AM|PM",
    "pm": "am|pm",
    "-070000": "[+-][0-9]{6}",
    "-07:00:00": "[+-][0-9]{2}:[0-9]{2}:[0-9]{2}",
    "-0700": "[+-][0-9]{4}",
    "-07:00": "[+-][0-9]{2}:[0-9]{2}",
    "-07": "[+-][0-9]{2}",
}


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    is_token: bool


@dataclass(frozen=True, slots=True)
class Form:
    regex: re.Pattern[str]
    tokens: tuple[str, ...]
    """Of each group of the regex."""
    pieces: tuple[Piece, ...]
    has_year: bool


@lru_cache(maxsize=256)
def pieces_of(layout: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    at = 0
    for found in _CHUNK.finditer(layout[:_LAYOUT_CHARACTERS_MAX]):
        token, start = found.group(), found.start()
        if token.startswith("_20"):
            token, start = "2006", start + 1
        if start > at:
            pieces.append(Piece(layout[at:start], False))
        pieces.append(Piece(token, True))
        at = found.end()
    if at < len(layout):
        pieces.append(Piece(layout[at:], False))
    return tuple(pieces)


@lru_cache(maxsize=256)
def compile_layout(layout: str) -> Form:
    pieces = pieces_of(layout)
    expression: list[str] = []
    tokens: list[str] = []
    for piece, following in zip(pieces, (*pieces[1:], None), strict=True):
        if not piece.is_token:
            expression.append(_literal(piece.text))
            continue
        # Atomic, as Go never tries a token again: a layout of a hundred digits must not backtrack.
        expression.append(f"((?>{_read_expression(piece.text)}))")
        tokens.append(piece.text)
        # A fraction may follow the seconds whether the layout has one or not.
        if piece.text in ("05", "5") and not (following is not None and following.text[:1] in (".", ",")):
            expression.append("([.,][0-9]++)?+")
            tokens.append(".")
    has_year = "2006" in tokens or "06" in tokens
    return Form(re.compile("".join(expression), re.ASCII), tuple(tokens), pieces, has_year)


def _read_expression(token: str) -> str:
    if token[0] in ".,":
        # Nines stand for a fraction that may be missing, zeros for so many digits.
        return "(?:[.,][0-9]+)?" if token[1] == "9" else f"[.,][0-9]{{{len(token) - 1}}}"
    if token[0] == "Z":
        return f"Z|{_READS['-' + token[1:]]}"
    return _READS[token]


def _literal(text: str) -> str:
    """A space of the layout stands for any number of them."""
    return "".join(" *+" if run.isspace() else re.escape(run) for run in re.findall(r" +|[^ ]+", text))


def trouble(form: Form, layout: str, text: str) -> str:
    """Which part of the layout did not fit, found piece by piece."""
    at = 0
    for piece in form.pieces:
        expression = _read_expression(piece.text) if piece.is_token else _literal(piece.text)
        found = re.compile(expression, re.ASCII).match(text, at)
        if found is None:
            return (
                f"parsing time {go_quote(text)} as {go_quote(layout)}: cannot parse {go_quote(text[at:])}"
                f" as {go_quote(piece.text)}"
            )
        at = found.end()
        if piece.text in ("05", "5") and (more := re.compile(r"[.,][0-9]+").match(text, at)) is not None:
            at = more.end()
    return f"parsing time {go_quote(text)}: extra text: {go_quote(text[at:])}"


def write(token: str, at: datetime, nanos: int) -> str:
    match token:
        case "January":
            return MONTHS[at.month - 1]
        case "Jan":
            return MONTHS[at.month - 1][:3]
        case "1":
            return str(at.month)
        case "01":
            return f"{at.month:02d}"
        case "Monday":
            return DAYS[at.weekday()]
        case "Mon":
            return DAYS[at.weekday()][:3]
        case "2":
            return str(at.day)
        case "_2":
            return f"{at.day:2d}"
        case "02":
            return f"{at.day:02d}"
        case "__2":
            return f"{at.timetuple().tm_yday:3d}"
        case "002":
            return f"{at.timetuple().tm_yday:03d}"
        case "15":
            return f"{at.hour:02d}"
        case "3":
            return str(at.hour % 12 or 12)
        case "03":
            return f"{at.hour % 12 or 12:02d}"
        case "4":
            return str(at.minute)
        case "04":
            return f"{at.minute:02d}"
        case "5":
            return str(at.second)
        case "05":
            return f"{at.second:02d}"
        case "2006":
            return f"{at.year:04d}"
        case "06":
            return f"{at.year % 100:02d}"
        case "PM":
            return "PM" if at.hour >= 12 else "AM"
        case "pm":
            return "pm" if at.hour >= 12 else "am"
        case "MST":
            return _zone_name(at)
    if token[0] in ".,":
        digits = f"{nanos:09d}"[: len(token) - 1].ljust(len(token) - 1, "0")
        if token[1] == "9":
            digits = digits.rstrip("0")
        return token[0] + digits if digits else ""
    return _write_offset(token, int((at.utcoffset() or timedelta()).total_seconds()))


def _write_offset(token: str, offset_s: int) -> str:
    if token[0] == "Z" and offset_s == 0:
        return "Z"
    sign, size = ("-", -offset_s) if offset_s < 0 else ("+", offset_s)
    hours, minutes, seconds = size // 3600, size // 60 % 60, size % 60
    match token[1:]:
        case "07":
            return f"{sign}{hours:02d}"
        case "0700":
            return f"{sign}{hours:02d}{minutes:02d}"
        case "07:00":
            return f"{sign}{hours:02d}:{minutes:02d}"
        case "070000":
            return f"{sign}{hours:02d}{minutes:02d}{seconds:02d}"
        case _:
            return f"{sign}{hours:02d}:{minutes:02d}:{seconds:02d}"


def _zone_name(at: datetime) -> str:
    name = at.tzname() or "UTC"
    return (
        name
        if not name.startswith("UTC") or name == "UTC"
        else offset_name(int((at.utcoffset() or timedelta()).total_seconds()))
    )


def offset_name(offset_s: int) -> str:
    """Go has no name for a zone that is only an offset, and writes the offset."""
    sign, size = ("-", -offset_s) if offset_s < 0 else ("+", offset_s)
    return f"{sign}{size // 3600:02d}{size // 60 % 60:02d}"
