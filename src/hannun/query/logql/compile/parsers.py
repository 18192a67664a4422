"""What a parser stage offers to SQL: labels of the line by name, and which lines it fails on."""

from __future__ import annotations

from typing import Protocol

from hannun.query.logql.compile.sure import NEVER, Sure, Text

NO_ERROR = Sure(NEVER)


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

    def hint(self, name: str, value: str) -> str:
        """True of every line that gives this label this value (not empty)."""
        ...
