"""Parameters of Loki's API, read and refused as Loki does. Times are nanoseconds since 1970."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from hannun.api.form import Form
from hannun.model.errors import BadQuery
from hannun.model.matcher import Matchers
from hannun.query.logql.durations import NS_PER_S, parse_duration_ns
from hannun.query.logql.limits import ENDS_EARLY, NO_LIMIT, NO_STEP, POINTS_MAX, TOO_MANY_POINTS
from hannun.query.logql.parser import parse_log_query, parse_selector
from hannun.query.promql.lexer import go_quote
from hannun.query.promql.literal import go_parse_float

NS_PER_H = 3600 * NS_PER_S
LIMIT_DEFAULT = 100
LIMIT_MAX = (1 << 32) - 1
_NS_MAX = (1 << 63) - 1
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(?:(Z)|([+-])(\d\d):(\d\d))")
_TRUE = ("1", "t", "T", "true", "TRUE", "True")


@dataclass(frozen=True, slots=True)
class Window:
    start_ns: int
    end_ns: int


def time_ns(text: str) -> int:
    """Unix ns, seconds (ten digits and fewer), seconds with a fraction, or RFC3339. Raises BadQuery."""
    seconds = go_parse_float(text) if "." in text else None
    if seconds is not None and math.isfinite(seconds) and abs(seconds) < _NS_MAX / NS_PER_S:
        # Loki reads milliseconds here and throws the rest away.
        return round(seconds * 1000) * 1_000_000
    if _INTEGER.fullmatch(text):
        number = int(text)
        if len(text) <= 10:
            return number * NS_PER_S
        if abs(number) <= _NS_MAX:
            return number
    return _rfc3339_ns(text)


def _rfc3339_ns(text: str) -> int:
    found = _RFC3339.fullmatch(text) if len(text) < 100 else None
    if found is None:
        raise BadQuery(f"strconv.ParseInt: parsing {go_quote(text[:100])}: invalid syntax")
    *date, fraction, _zulu, sign, hours, minutes = found.groups()
    try:
        base = datetime(*(int(part) for part in date), tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError as err:
        raise BadQuery(f"parsing time {go_quote(text)}: {err}") from err
    offset_s = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    return (int(base.timestamp()) - offset_s) * NS_PER_S + int((fraction or "").ljust(9, "0") or 0)


def moment(form: Form, name: str, default_ns: int) -> int:
    text = form.one(name)
    if not text:
        return default_ns
    try:
        return time_ns(text)
    except BadQuery as err:
        raise BadQuery(f"could not parse '{name}' parameter: {err}") from err


def window(form: Form, now_ns: int, *, since_ns: int = NS_PER_H) -> Window:
    """`start`, `end` and `since`; an explicit start wins. Raises BadQuery."""
    end_ns = moment(form, "end", now_ns)
    text = form.one("since")
    if text:
        since_ns = duration_ns(text, "could not parse 'since' parameter")
    # A window that ends in the future still begins so long before the present.
    return Window(moment(form, "start", min(end_ns, now_ns) - since_ns), end_ns)


def duration_ns(text: str, words: str) -> int:
    try:
        return parse_duration_ns(text)
    except ValueError as err:
        raise BadQuery(f"{words}: {err}") from err


def seconds_or_duration_ns(text: str) -> int:
    """`15`, `0.5`, `15s`. Raises BadQuery."""
    seconds = go_parse_float(text)
    if seconds is None:
        try:
            return parse_duration_ns(text)
        except ValueError as err:
            raise BadQuery(f"cannot parse {go_quote(text[:100])} to a valid duration") from err
    if not math.isfinite(seconds) or abs(seconds) * NS_PER_S > _NS_MAX:
        raise BadQuery(f"cannot parse {go_quote(text[:100])} to a valid duration. It overflows int64")
    return int(seconds * NS_PER_S)


def step_ns(form: Form, asked: Window) -> int:
    """At least one point for every 250th of the window where none is given. Raises BadQuery for too many points."""
    text = form.one("step")
    if text:
        found = seconds_or_duration_ns(text)
    else:
        found = max((asked.end_ns - asked.start_ns) // (250 * NS_PER_S), 1) * NS_PER_S
    if found <= 0:
        raise BadQuery(NO_STEP)
    if (asked.end_ns - asked.start_ns) // found > POINTS_MAX:
        raise BadQuery(TOO_MANY_POINTS)
    return found


def interval_ns(form: Form) -> int:
    text = form.one("interval")
    found = seconds_or_duration_ns(text) if text else 0
    if found < 0:
        raise BadQuery("interval must be >= 0")
    return found


def ordered(asked: Window) -> Window:
    if asked.end_ns <= asked.start_ns:
        raise BadQuery(ENDS_EARLY)
    return asked


def integer(form: Form, name: str, default: int) -> int:
    text = form.one(name)
    if not text:
        return default
    if not _INTEGER.fullmatch(text):
        raise BadQuery(f"strconv.Atoi: parsing {go_quote(text[:100])}: invalid syntax")
    return int(text)


def limit(form: Form, default: int = LIMIT_DEFAULT, *, name: str = "limit") -> int:
    found = integer(form, name, default)
    if found <= 0 or found > LIMIT_MAX:
        raise BadQuery(NO_LIMIT)
    return found


def backward(form: Form) -> bool:
    text = form.one("direction") or "backward"
    if text.lower() not in ("forward", "backward"):
        raise BadQuery(f"invalid direction '{text[:100]}'")
    return text.lower() == "backward"


def flag(form: Form, name: str) -> bool:
    return form.one(name) in _TRUE


def selectors(texts: list[str]) -> tuple[Matchers, ...]:
    """`{}` alone means every stream."""
    return tuple([parse_selector(text) for text in texts])


def one_selector(form: Form, name: str = "query") -> Matchers:
    """The selector of a question about streams; nothing given means all of them."""
    text = form.one(name).strip()
    return parse_selector(text) if text else ()


def pipeline_selector(form: Form) -> Matchers:
    """The selector of a whole log query; its filters do not count for what is asked about streams."""
    text = form.one("query").strip()
    if text in ("", "{}"):
        return ()
    return parse_log_query(text).matchers
