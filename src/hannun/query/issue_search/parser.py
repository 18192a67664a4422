"""Words -> terms: what each key takes, relative times made absolute, `me` made a name."""

from __future__ import annotations

import re

from hannun.model.errors import BadQuery
from hannun.model.issue_search import (
    DATE_KEYS,
    NUMBER_KEYS,
    STATES,
    Compare,
    FreeText,
    Has,
    SearchTerm,
    canonical,
)
from hannun.model.text import Text
from hannun.model.time import parse_timestamp_ms
from hannun.query.issue_search.lexer import Word, words

DAY_MS = 86_400_000
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS, "w": 7 * DAY_MS}
_RELATIVE = re.compile(r"([+-])(\d{1,6})([smhdw])")
_NUMBER = re.compile(r"(\d{1,15})(?:\.0+)?([kmb]?)", re.IGNORECASE)
_THOUSANDS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9}
_TAG = re.compile(r'tags\["?([^\]"]{1,200})"?\]')
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_OPERATORS = (">=", "<=", ">", "<")
_PEOPLE = frozenset({"assigned", "assigned_or_suggested", "bookmarks"})
_KEY = re.compile(r"[\w.\-/:\[\]\" ]{1,200}")

UNKNOWN_STATE = Text(
    en="`is:{value}` is not known; there are {known}", ko="`is:{value}` 상태는 없습니다. 쓸 수 있는 상태: {known}"
)
BAD_DATE = Text(
    en="`{key}:{value}` is no time; write {key}:-24h (within a day), {key}:+7d (before that) or {key}:>2026-01-31",
    ko="`{key}:{value}`에서 시각을 읽을 수 없습니다. {key}:-24h(하루 안), {key}:+7d(그보다 전), "
    "{key}:>2026-01-31처럼 쓰세요",
)
BAD_NUMBER = Text(
    en="`{key}:{value}` is no number; write {key}:>10", ko="`{key}:{value}`는 숫자가 아닙니다. {key}:>10처럼 쓰세요"
)
NO_OR = Text(
    en="`{word}` cannot be used here: all terms of a search hold at once. Several values of a key: release:[1.0, 1.1]",
    ko="`{word}`는 쓸 수 없습니다. 조건은 모두 함께 적용됩니다. 한 항목의 여러 값은 release:[1.0, 1.1]처럼 쓰세요",
)
NOBODY = Text(en="`{key}:me` needs somebody who is logged in", ko="`{key}:me`는 로그인해야 쓸 수 있습니다")


def parse(text: str, *, now_ms: int, me: str = "") -> tuple[SearchTerm, ...]:
    """`me` is the caller's name, "" when nobody is logged in. Raises BadQuery in both languages."""
    terms: list[SearchTerm] = []
    loose: list[str] = []
    for word in words(text):
        if word.key.startswith("("):
            raise BadQuery(NO_OR.with_(word=word.key[:20]))
        if word.key:
            terms += _terms(word, now_ms, me)
        elif word.values[0] == "AND" and not word.quoted:
            continue
        elif (word.values[0] == "OR" or word.values[0].startswith("(")) and not word.quoted:
            raise BadQuery(NO_OR.with_(word=word.values[0][:20]))
        elif word.negated or word.quoted:
            terms.append(FreeText(word.values[0], word.negated))
        else:
            loose.append(word.values[0])
    if loose:
        # Words that stand alone are one text, as in Sentry: `connection refused` finds these two side by side.
        terms.append(FreeText(" ".join(loose)))
    return tuple(terms)


def _terms(word: Word, now_ms: int, me: str) -> list[SearchTerm]:
    tag = _TAG.fullmatch(word.key)
    key = tag[1] if tag else canonical(word.key)
    is_tag = tag is not None
    if not is_tag and key == "has":
        return [Has(canonical(value), word.negated) for value in word.values]
    if not is_tag and key == "is":
        return [Compare("is", "=", tuple(_state(value) for value in word.values), word.negated)]
    if not is_tag and key in DATE_KEYS:
        return _times(key, word, now_ms)
    if not is_tag and key in NUMBER_KEYS:
        return [_number(key, word)]
    if not is_tag and key in _PEOPLE:
        return [Compare(key, "=", tuple(_person(key, value, me) for value in word.values), word.negated)]
    if word.values == ("",):
        return [Has(key, not word.negated, is_tag)]
    operator, value = _operator(word)
    values = word.values if operator == "=" else (value,)
    return [Compare(key, operator, tuple(values), word.negated, is_tag)]


def _operator(word: Word) -> tuple[str, str]:
    value = word.values[0]
    if not word.quoted:
        for operator in _OPERATORS:
            if value.startswith(operator) and len(value) > len(operator):
                return operator, value.removeprefix(operator)
    return "=", value


def _state(value: str) -> str:
    if value not in STATES:
        raise BadQuery(UNKNOWN_STATE.with_(value=value[:40], known=", ".join(sorted(STATES))))
    return value


def _person(key: str, value: str, me: str) -> str:
    """`user:NAME`, `team:SLUG`, or `none`."""
    if value == "me":
        if not me:
            raise BadQuery(NOBODY.with_(key=key))
        return f"user:{me}"
    if value in ("none", "*") or value.startswith(("user:", "team:")):
        return value
    return f"team:{value[1:]}" if value.startswith("#") else f"user:{value}"


def _number(key: str, word: Word) -> Compare:
    operator, value = _operator(word)
    found = _NUMBER.fullmatch(value)
    if found is None or len(word.values) > 1:
        raise BadQuery(BAD_NUMBER.with_(key=word.key, value=word.values[0][:40]))
    return Compare(key, operator, (int(found[1]) * _THOUSANDS[found[2].lower()],), word.negated)


def _times(key: str, word: Word, now_ms: int) -> list[SearchTerm]:
    operator, value = _operator(word)
    bad = BadQuery(BAD_DATE.with_(key=word.key, value=word.values[0][:40]))
    if len(word.values) > 1:
        raise bad
    if (relative := _RELATIVE.fullmatch(value)) is not None and operator == "=":
        at_ms = now_ms - int(relative[2]) * _UNITS_MS[relative[3]]
        return [Compare(key, ">=" if relative[1] == "-" else "<=", (at_ms,), word.negated)]
    try:
        at_ms = parse_timestamp_ms(f"{value}T00:00:00Z" if _DATE.fullmatch(value) else value)
    except ValueError as err:
        raise bad from err
    if operator != "=":
        return [Compare(key, operator, (at_ms,), word.negated)]
    if not _DATE.fullmatch(value):
        return [Compare(key, "=", (at_ms,), word.negated)]
    if word.negated:
        raise bad
    return [Compare(key, ">=", (at_ms,)), Compare(key, "<", (at_ms + DAY_MS,))]
