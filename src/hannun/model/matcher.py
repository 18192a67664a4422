"""Label matchers, `name op "value"`, with Prometheus 3.x meaning.

Regexes are RE2, fully anchored, and the dot matches a newline. A label that is absent counts as "".
RE2 never backtracks, so a hostile pattern costs time linear in its input.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import re2

from hannun.model.errors import BadQuery
from hannun.model.labels import Labels, quoted

REGEX_BYTES_MAX = 16 * 1024
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.dot_nl = True
_OPTIONS.max_mem = 8 << 20


class MatchOp(Enum):
    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    name: str
    op: MatchOp
    value: str
    _regex: object = field(init=False, repr=False, compare=False, hash=False, default=None)

    def __post_init__(self) -> None:
        if self.op in (MatchOp.REGEX, MatchOp.NOT_REGEX):
            object.__setattr__(self, "_regex", compile_anchored(self.value))

    def matches(self, value: str) -> bool:
        match self.op:
            case MatchOp.EQUAL:
                return value == self.value
            case MatchOp.NOT_EQUAL:
                return value != self.value
            case MatchOp.REGEX:
                return self._regex.fullmatch(value) is not None  # type: ignore[attr-defined]
            case MatchOp.NOT_REGEX:
                return self._regex.fullmatch(value) is None  # type: ignore[attr-defined]

    def matches_empty(self) -> bool:
        """True when a series that lacks the label is selected."""
        return self.matches("")

    def __str__(self) -> str:
        return f"{self.name}{self.op.value}{quoted(self.value)}"


Matchers = tuple[Matcher, ...]


def equal(name: str, value: str) -> Matcher:
    return Matcher(name, MatchOp.EQUAL, value)


def all_match(matchers: Matchers, labels: Labels) -> bool:
    values = dict(labels.pairs)
    return all(matcher.matches(values.get(matcher.name, "")) for matcher in matchers)


def compile_anchored(pattern: str) -> object:
    """An RE2 program for `^(?s:pattern)$`; use its `fullmatch`. Raises BadQuery with RE2's own words."""
    if len(pattern) > REGEX_BYTES_MAX:
        raise BadQuery(f"regular expression of {len(pattern)} characters; at most {REGEX_BYTES_MAX} are taken")
    try:
        return re2.compile(pattern, _OPTIONS)
    except (re2.error, UnicodeEncodeError) as err:
        words = err.args[0] if err.args else err
        said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
        raise BadQuery(f"error parsing regexp: {said}: `{pattern}`") from err
