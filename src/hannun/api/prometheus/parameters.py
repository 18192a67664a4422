"""Parameters of the Prometheus API, refused in Prometheus's own words."""

from __future__ import annotations

import math
import re

from hannun.api.form import Form
from hannun.api.prometheus.envelope import bad_data, bad_parameter
from hannun.model.errors import BadQuery
from hannun.model.matcher import Matchers
from hannun.model.time import parse_duration_ms, parse_timestamp_ms
from hannun.query.promql.lexer import go_quote
from hannun.query.promql.parser import METRIC_WORDS, Parser
from hannun.query.promql.types import check_types

TIME_MIN_MS, TIME_MAX_MS = 0, 4_102_444_800_000
"""1970 to 2100: what "all time" means where no time is given. Nothing outside is ever accepted for storage."""

_MIN_TIME, _MAX_TIME = "-292273086-05-16T16:47:06Z", "292277025-08-18T07:12:54.999999999Z"
_FAR_MS = 8_640_000_000_000_000
"""Times farther from 1970 than a browser's calendar reaches are all the same to us."""
_DURATION_S_MAX = 9_223_372_036.0
_GO_FLOAT = re.compile(r"[+-]?(\d+\.?\d*([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?|(?i:inf(inity)?|nan))")
_TRUE, _FALSE = ("1", "t", "T", "TRUE", "true", "True"), ("0", "f", "F", "FALSE", "false", "False")
_INTEGER = re.compile(r"[+-]?\d{1,18}")


def time_ms(text: str) -> int:
    """Float seconds or RFC3339; raises ValueError with Prometheus's words."""
    if text in (_MIN_TIME, _MAX_TIME):
        return -_FAR_MS if text == _MIN_TIME else _FAR_MS
    if text != text.strip() or not text.isascii():
        raise ValueError(f"cannot parse {go_quote(text)} to a valid timestamp")
    try:
        return min(max(parse_timestamp_ms(text), -_FAR_MS), _FAR_MS)
    except ValueError as err:
        raise ValueError(f"cannot parse {go_quote(text)} to a valid timestamp") from err


def optional_time_ms(form: Form, name: str, default_ms: int) -> int:
    """A time that may be left out (`parseTimeParam`)."""
    text = form.one(name)
    if text == "":
        return default_ms
    try:
        return time_ms(text)
    except ValueError as err:
        raise bad_parameter(name, f"Invalid time value for '{name}': {err}") from err


def required_time_ms(form: Form, name: str) -> int:
    try:
        return time_ms(form.one(name))
    except ValueError as err:
        raise bad_parameter(name, str(err)) from err


def window(form: Form) -> tuple[int, int]:
    """`start` and `end` of a metadata question: everything when they are left out."""
    start_ms = optional_time_ms(form, "start", TIME_MIN_MS)
    end_ms = optional_time_ms(form, "end", TIME_MAX_MS)
    return max(start_ms, TIME_MIN_MS), min(end_ms, TIME_MAX_MS)


def duration_s(text: str) -> float:
    """Float seconds or `1h30m`; raises ValueError with Prometheus's words. NaN counts as negative, as in Go."""
    if _GO_FLOAT.fullmatch(text):
        seconds = float(text)
        if abs(seconds) > _DURATION_S_MAX:
            raise ValueError(f"cannot parse {go_quote(text)} to a valid duration. It overflows int64")
        return -_DURATION_S_MAX if math.isnan(seconds) else seconds
    try:
        return parse_duration_ms(text) / 1000
    except ValueError as err:
        raise ValueError(f"cannot parse {go_quote(text)} to a valid duration") from err


def step_ms(form: Form) -> int:
    """`step`, at least 1 ms."""
    try:
        seconds = duration_s(form.one("step"))
    except ValueError as err:
        raise bad_parameter("step", str(err)) from err
    if seconds <= 0:
        raise bad_parameter(
            "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"
        )
    return max(int(round(seconds * 1_000_000) // 1000), 1)


def timeout_s(form: Form) -> float | None:
    text = form.one("timeout")
    if text == "":
        return None
    try:
        return duration_s(text)
    except ValueError as err:
        raise bad_parameter("timeout", str(err)) from err


def lookback_ms(form: Form) -> int | None:
    text = form.one("lookback_delta")
    if text == "":
        return None
    try:
        seconds = duration_s(text)
    except ValueError as err:
        raise bad_data(f"error parsing lookback delta duration: {err}") from err
    # Zero and less mean the server's own, as in Prometheus's engine.
    return round(seconds * 1000) if seconds > 0 else None


def limit(form: Form) -> int:
    """`limit`: 0 means all."""
    text = form.one("limit")
    if text == "":
        return 0
    if not _INTEGER.fullmatch(text) or not text.isascii():
        raise bad_parameter("limit", f"strconv.Atoi: parsing {go_quote(text)}: invalid syntax")
    number = int(text)
    if number < 0:
        raise bad_parameter("limit", "limit must be non-negative")
    return number


def integer(form: Form, name: str, default: int, words: str) -> int:
    """A number whose refusal is `words` alone."""
    text = form.one(name)
    if text == "":
        return default
    if not _INTEGER.fullmatch(text) or not text.isascii():
        raise bad_data(words)
    return int(text)


def boolean(form: Form, name: str, complaint: str) -> bool:
    """Go's `strconv.ParseBool`; False when left out. The refusal begins with `complaint`."""
    text = form.one(name)
    if text not in ("", *_TRUE, *_FALSE):
        raise bad_parameter(name, f"{complaint}: strconv.ParseBool: parsing {go_quote(text)}: invalid syntax")
    return text in _TRUE


def selectors(form: Form) -> tuple[Matchers, ...]:
    """Every `match[]`; each must exclude something."""
    return tuple(_selector(text) for text in form.many("match[]"))


def require_selectors(form: Form) -> None:
    """Told before anything else is wrong, as Prometheus does."""
    if not form.many("match[]"):
        raise bad_data("no match[] parameter provided")


def _selector(text: str) -> Matchers:
    try:
        found = metric_selector(text)
    except BadQuery as err:
        raise bad_parameter("match[]", str(err)) from err
    if all(matcher.matches_empty() for matcher in found):
        raise bad_parameter("match[]", "match[] must contain at least one non-empty matcher")
    return found


def metric_selector(text: str) -> Matchers:
    """One selector, such as `up{job="web"}`; also one that excludes nothing. Raises BadQuery in the parser's words."""
    parser = Parser(text)
    first = parser.token
    if first.kind in ("IDENTIFIER", "METRIC") or first.kind in METRIC_WORDS:
        parser.advance()
        found = parser.selector(first)
    elif first.kind == "{":
        found = parser.selector(None)
    else:
        raise parser.unexpected()
    if parser.token.kind != "EOF":
        raise parser.unexpected()
    if not all(matcher.matches_empty() for matcher in found.matchers):
        check_types(found, text)
    return found.matchers


def label_name(escaped: str) -> str:
    """The name in a path: `U__` names are unescaped as Prometheus 3.x does. Raises ApiError for an empty name."""
    name = _unescaped(escaped) if escaped.startswith("U__") else escaped
    if name == "":
        raise bad_data('invalid label name: ""')
    return name


_ESCAPED = re.compile(r"__|_([0-9a-f]{1,6})_|_")


def _unescaped(name: str) -> str:
    """`U__my_2e_metric` -> `my.metric`; text that is not well escaped stays as it is."""
    broken = False

    def one(found: re.Match[str]) -> str:
        nonlocal broken
        if found[0] == "__":
            return "_"
        code = int(found[1], 16) if found[1] else -1
        if code < 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
            broken = True
            return ""
        return chr(code)

    plain = _ESCAPED.sub(one, name[3:])
    return name if broken else plain
