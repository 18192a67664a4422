"""What a parser stage offers to SQL: labels of the line by name, and which lines it fails on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hannun.query.logql.compile import like
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.sure import ALWAYS, NEVER, Sure, Text, all_of, any_of

NO_ERROR = Sure(NEVER)


@dataclass(frozen=True, slots=True)
class Hint:
    """Two necessary conditions: `scan` is cheap to decide for a row, `index` lets the skip indexes drop granules."""

    scan: str = ALWAYS
    index: str = ALWAYS


NO_HINT = Hint()


def words_stand(build: Building, value: str) -> Hint:
    """Every line whose JSON or logfmt gives `value` holds its words, as they are or in what the line says.

    Letters that are escaped as their codes are written out in `said`. What other escapes write stands in no word here,
    and a space may stand for a character that Loki replaces by one.
    """
    if any(char in "\"\\/'" or char < " " for char in value):
        return NO_HINT
    words = [word for word in value.split(" ") if word]
    scans = [f"(position(body, {found}) > 0 OR position(said, {found}) > 0)" for found in map(build.text, words)]
    return Hint(all_of(scans), all_of(like.says(build, word) for word in words if like.is_worth(word)))


class Parsed(Protocol):
    """One parser stage over one line expression."""

    error_name: str

    def value(self, name: str) -> Text:
        """The label that the line itself gives. Raises NotInSql for names that SQL cannot find."""
        ...

    def number_text(self, name: str) -> Text:
        """As `value`, but a number may be written otherwise than in the line (`1.5` for `1.50`)."""
        ...

    def error(self) -> Sure:
        """Whether the line gets `__error__`; such a line gives no labels."""
        ...

    def hint(self, name: str, value: str) -> Hint:
        """What is true of every line that gives this label this value (not empty)."""
        ...


class Doubtful:
    """A parser of a line that may not be the stored one any more: where it is not, everything is unsure."""

    def __init__(self, parser: Parsed, unsure: str) -> None:
        self._parser = parser
        self._unsure = unsure
        self.error_name = parser.error_name

    def value(self, name: str) -> Text:
        return self._doubted(self._parser.value(name))

    def number_text(self, name: str) -> Text:
        return self._doubted(self._parser.number_text(name))

    def error(self) -> Sure:
        found = self._parser.error()
        return Sure(found.holds, any_of((found.unsure, self._unsure)))

    def hint(self, name: str, value: str) -> Hint:
        return NO_HINT

    def _doubted(self, text: Text) -> Text:
        return Text(text.sql, any_of((text.unsure, self._unsure)), text.empty_there)
