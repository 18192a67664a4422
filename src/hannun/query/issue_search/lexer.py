"""Cuts a search into words: `key:value`, `!key:"a b"`, `key:[a, b]`, plain ones; quotes and brackets hold together."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.model.errors import BadQuery
from hannun.model.text import Text

LENGTH_MAX = 4096
WORDS_MAX = 64
VALUES_MAX = 100

TOO_LONG = Text(en="a search has at most {most} characters", ko="검색어는 {most}자까지 쓸 수 있습니다")
TOO_MANY = Text(en="a search has at most {most} words", ko="검색어는 단어 {most}개까지 쓸 수 있습니다")
OPEN_QUOTE = Text(en="the quote at character {at} is never closed", ko="{at}번째 글자의 따옴표가 닫히지 않았습니다")
OPEN_LIST = Text(
    en="the list at character {at} is never closed with `]`", ko="{at}번째 글자의 목록이 `]`로 닫히지 않았습니다"
)
NO_VALUE = Text(
    en='`{key}:` at character {at} has no value; `has:{key}` asks whether there is any, `{key}:""` for an empty one',
    ko='{at}번째 글자의 `{key}:` 뒤에 값이 없습니다. 값이 있는지는 `has:{key}`, 빈 값은 `{key}:""`로 찾으세요',
)


@dataclass(frozen=True, slots=True)
class Word:
    """`key` "": plain text. `values` has one value, or those of a list. `quoted`: operators in it are text."""

    key: str
    values: tuple[str, ...]
    negated: bool
    quoted: bool
    at: int


def words(text: str) -> list[Word]:
    """Raises BadQuery with the place."""
    if len(text) > LENGTH_MAX:
        raise BadQuery(TOO_LONG.with_(most=LENGTH_MAX))
    found: list[Word] = []
    at = 0
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        if at == len(text):
            return found
        if len(found) == WORDS_MAX:
            raise BadQuery(TOO_MANY.with_(most=WORDS_MAX))
        word, at = _word(text, at)
        found.append(word)


def _word(text: str, start: int) -> tuple[Word, int]:
    at = start
    negated = text[at] == "!" and at + 1 < len(text) and not text[at + 1].isspace()
    at += negated
    key, begun = "", at
    while at < len(text) and not text[at].isspace() and text[at] not in '":':
        at += 1
    if at < len(text) and text[at] == ":" and at > begun:
        key = text[begun:at]
        at += 1
    else:
        at = begun
    if key and (at == len(text) or text[at].isspace()):
        raise BadQuery(NO_VALUE.with_(key=key, at=start + 1))
    if key and text[at] == "[":
        values, at = _list(text, at)
        return Word(key, values, negated, True, start), at
    value, quoted, at = _value(text, at, "")
    return Word(key, (value,), negated, quoted, start), at


def _list(text: str, start: int) -> tuple[tuple[str, ...], int]:
    values: list[str] = []
    at = start + 1
    while len(values) < VALUES_MAX:
        while at < len(text) and (text[at].isspace() or text[at] == ","):
            at += 1
        if at == len(text):
            break
        if text[at] == "]":
            return tuple(values), at + 1
        value, _, at = _value(text, at, ",]")
        values.append(value)
    raise BadQuery(OPEN_LIST.with_(at=start + 1))


def _value(text: str, start: int, ends: str) -> tuple[str, bool, int]:
    """(value, whether it was quoted, where it ends). A bare value ends at a space or one of `ends`."""
    at = start
    if text[at] == '"':
        out: list[str] = []
        at += 1
        while at < len(text):
            if text[at] == "\\" and text[at + 1 : at + 2] in ('"', "\\"):
                # A backslash before a star stays: the value's own language reads it.
                out.append(text[at + 1] if text[at + 1] == '"' else "\\\\")
                at += 2
            elif text[at] == '"':
                return "".join(out), True, at + 1
            else:
                out.append(text[at])
                at += 1
        raise BadQuery(OPEN_QUOTE.with_(at=start + 1))
    while at < len(text) and not text[at].isspace() and text[at] not in ends:
        at += 1
    return text[start:at], False, at
