"""`from` and `to` of a question of the own API: Unix ms or RFC 3339, and a span of its own when they are left out."""

from __future__ import annotations

from hannun.api.form import Form
from hannun.model.errors import WireError
from hannun.model.text import Text
from hannun.model.time import parse_timestamp_ms

TIME_MS_MAX = 4_102_444_800_000
"""The year 2100; nothing beyond is ever stored."""
_BAD_TIME = Text(
    en='{name} "{said}" is not a time: give Unix milliseconds or 2026-11-20T09:00:00Z',
    ko='{name} "{said}": 시각이 아닙니다. 유닉스 밀리초나 2026-11-20T09:00:00Z 형식으로 쓰세요',
)
_BACKWARDS = Text(en="to must not be before from", ko="to는 from보다 앞설 수 없습니다")
_BAD_NUMBER = Text(
    en='{name} "{said}" is not a number from 1 to {most}', ko='{name} "{said}": 1부터 {most}까지의 숫자여야 합니다'
)


def window(form: Form, now_ms: int, span_ms: int) -> tuple[int, int]:
    """(from, to) in ms, within 1970 to 2100; the last `span_ms` when nothing is said. Raises WireError."""
    end_ms = _time(form, "to", now_ms)
    start_ms = _time(form, "from", end_ms - span_ms)
    if end_ms < start_ms:
        raise WireError(_BACKWARDS)
    return start_ms, end_ms


def count(form: Form, name: str, default: int, most: int) -> int:
    """A number from 1 to `most`; larger ones are cut. Raises WireError."""
    said = form.one(name)
    if said == "":
        return default
    if not (said.isascii() and said.isdecimal()) or len(said) > 9 or int(said) < 1:
        raise WireError(_BAD_NUMBER.with_(name=name, said=said[:40], most=most))
    return min(int(said), most)


def _time(form: Form, name: str, default_ms: int) -> int:
    said = form.one(name)
    if said == "":
        return max(default_ms, 0)
    try:
        at_ms = int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else parse_timestamp_ms(said)
    except ValueError as err:
        raise WireError(_BAD_TIME.with_(name=name, said=said[:40])) from err
    return min(max(at_ms, 0), TIME_MS_MAX)
