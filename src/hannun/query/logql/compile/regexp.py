"""`| regexp` in SQL: the engine's RE2 gives the same groups."""

from __future__ import annotations

from hannun.query.logql.compile import like
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.parsers import NO_ERROR, Hint
from hannun.query.logql.compile.sure import ABSENT, NEVER, Sure, Text
from hannun.query.logql.stages.regex import compile_regex


class RegexpGroups:
    error_name = ""

    def __init__(self, build: Building, line: str, pattern: str) -> None:
        self._build = build
        self._line = line
        self._groups: dict[str, int] = dict(compile_regex(pattern, dot_all=False).groupindex)
        # Unlike that of a filter, the dot of a parser matches no newline.
        self._found = build.name(f"extractGroups({line}, {build.text(f'(?-s){pattern}')})", "groups")

    def value(self, name: str) -> Text:
        group = self._groups.get(name)
        return ABSENT if group is None else Text(f"{self._found}[{group}]", NEVER, f"notEmpty({self._found})")

    def number_text(self, name: str) -> Text:
        return self.value(name)

    def error(self) -> Sure:
        return NO_ERROR

    def hint(self, name: str, value: str) -> Hint:
        """What is caught stands in the line as it is."""
        return Hint(f"position({self._line}, {self._build.text(value)}) > 0", like.holds(self._build, value))
