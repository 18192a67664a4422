"""`| pattern` in SQL: literals are looked for one after the other, as Loki does, and what lies between is cut out."""

from __future__ import annotations

from hannun.query.logql.compile import like
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.parsers import NO_ERROR, Hint
from hannun.query.logql.compile.sure import ABSENT, NEVER, Sure, Text, all_of
from hannun.query.logql.stages.patterns import Capture, parse_parser


class PatternCaptures:
    error_name = ""

    def __init__(self, build: Building, line: str, pattern: str) -> None:
        self._build = build
        self._line = line
        self._parts = parse_parser(pattern)
        self._names = [part.name for part in self._parts if isinstance(part, Capture)]

    def value(self, name: str) -> Text:
        if name not in self._names:
            return ABSENT
        build, line, parts = self._build, self._line, self._parts
        alive, at, index = [f"notEmpty({line})"], "1", 0
        if isinstance(parts[0], str):
            literal = build.text(parts[0])
            alive.append(f"startsWith({line}, {literal})")
            at, index = f"1 + length({literal})", 1
        while True:
            capture = parts[index]
            assert isinstance(capture, Capture)
            begins = build.name(f"toUInt64({at})", "begins")
            if index + 1 == len(parts):
                caught = f"substring({line}, {begins})"
                ends = "1"
            else:
                literal = build.text(str(parts[index + 1]))
                ends = build.name(f"position({line}, {literal}, {begins})", "ends")
                caught = f"if({ends} = 0, substring({line}, {begins}), substring({line}, {begins}, {ends} - {begins}))"
                at = f"{ends} + length({literal})"
            if capture.name == name:
                there = build.name(all_of(alive), "there")
                return Text(build.name(f"if({there}, {caught}, '')", "value"), NEVER, there)
            alive.append(f"{ends} > 0")
            index += 2

    def number_text(self, name: str) -> Text:
        return self.value(name)

    def error(self) -> Sure:
        return NO_ERROR

    def hint(self, name: str, value: str) -> Hint:
        """What is caught stands in the line as it is."""
        return Hint(f"position({self._line}, {self._build.text(value)}) > 0", like.holds(self._build, value))
