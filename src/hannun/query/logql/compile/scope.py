"""The labels of a line as SQL sees them at one stage: of its stream, its structured metadata, and what was parsed.

Streams are known before the statement is made, so a statement is for streams that have the same names among those that
the question uses; which label then hides which is decided here and costs the engine nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from hannun.model.log import SEVERITIES, LogStream
from hannun.query.logql.compile.building import Building
from hannun.query.logql.compile.parsers import NO_ERROR, Parsed
from hannun.query.logql.compile.sure import ABSENT, NEVER, NotInSql, Sure, Text, any_of
from hannun.query.logql.stages.state import DETAILS, ERROR, EXTRACTED

LEVEL = "detected_level"


class Scope:
    """`streams` all have the same names among those that are asked for. `bare`: no line has metadata of a name that
    is asked for, which the statement must make sure of."""

    def __init__(self, build: Building, streams: Sequence[LogStream], *, bare: bool) -> None:
        self._build = build
        self._streams = streams
        self._bare = bare
        self._parser: Parsed | None = None
        self._error = NO_ERROR
        self._set: dict[str, Text] = {}
        self._kept: frozenset[str] | None = None
        self.asked_attributes: set[str] = set()

    @property
    def parser(self) -> Parsed | None:
        return self._parser

    def parse(self, parser: Parsed) -> None:
        if self._parser is not None or self._set or self._kept is not None:
            raise NotInSql
        self._parser = parser
        self._error = parser.error()

    def set(self, name: str, value: Text) -> None:
        self._set[name] = value

    def keep(self, names: frozenset[str]) -> None:
        self._kept = names if self._kept is None else self._kept & names
        self._set = {name: value for name, value in self._set.items() if name in names}

    def doubt_error(self, unsure: str) -> None:
        """A stage may fail on lines of which SQL is unsure."""
        self._error = Sure(self._error.holds, any_of((self._error.unsure, unsure)))

    def forget_error(self) -> None:
        self._error = Sure(NEVER, self._error.unsure)

    @property
    def error(self) -> Sure:
        return self._error

    def stream_has(self, name: str) -> bool:
        return name in self._streams[0].labels

    def is_of_stream(self, name: str) -> bool:
        """Whether the label is the stream's own, so that whoever knows the stream need not ask SQL."""
        return name not in self._set and (self._kept is None or name in self._kept) and self.stream_has(name)

    def value(self, name: str) -> Text:
        """The label's text, exactly as it is written."""
        return self._value(name, as_number=False)

    def number_text(self, name: str) -> Text:
        """The label's text where only the number that it says matters."""
        return self._value(name, as_number=True)

    def is_parsed_only(self, name: str) -> bool:
        """Whether only the line can give the label."""
        return (
            self._parser is not None
            and self._bare
            and name not in self._set
            and name not in (ERROR, DETAILS, LEVEL)
            and not self.stream_has(name)
            and not name.endswith(EXTRACTED)
        )

    def _value(self, name: str, *, as_number: bool) -> Text:
        if name == ERROR:
            return self._error_text()
        if name == DETAILS:
            raise NotInSql
        if name in self._set:
            return self._set[name]
        if self._kept is not None and name not in self._kept:
            return ABSENT
        if self.stream_has(name):
            return Text(self._of_stream(name))
        stem = name.removesuffix(EXTRACTED)
        if stem != name and (self.stream_has(stem) or stem == LEVEL):
            return self._extracted(name, stem, as_number=as_number)
        if name == LEVEL:
            return Text(self._level())
        parsed = self._parsed(name, as_number=as_number)
        if stem != name:
            # Metadata of the shorter name would push the parsed label to this one.
            parsed = Text(parsed.sql, any_of((parsed.unsure, self._has_attribute(stem))), parsed.empty_there)
        has = self._has_attribute(name)
        if has == NEVER:
            return parsed
        attribute = f"attributes[{self._build.text(name)}]"
        if parsed.sql == ABSENT.sql:
            return Text(attribute, parsed.unsure, has)
        unsure = NEVER if parsed.unsure == NEVER else f"(NOT {has} AND {parsed.unsure})"
        label = self._build.name(f"if({has}, {attribute}, {parsed.sql})", "label")
        return Text(label, unsure, any_of((has, parsed.empty_there)))

    def _parsed(self, name: str, *, as_number: bool) -> Text:
        if self._parser is None:
            return ABSENT
        return self._parser.number_text(name) if as_number else self._parser.value(name)

    def _extracted(self, name: str, stem: str, *, as_number: bool) -> Text:
        """A parsed label that gave way to the stream's one. Metadata or a key of the long name: unsure."""
        parsed, rival = self._parsed(stem, as_number=as_number), self._parsed(name, as_number=as_number)
        metadata = any_of((self._has_attribute(stem), self._has_attribute(name)))
        if self._parser is None:
            return Text("''", metadata)
        contested = NEVER if rival is ABSENT else f"notEmpty({rival.sql})"
        unsure = any_of((parsed.unsure, rival.unsure, contested, metadata))
        return Text(parsed.sql, unsure, any_of((parsed.empty_there, rival.empty_there)))

    def _has_attribute(self, name: str) -> str:
        self.asked_attributes.add(name)
        return NEVER if self._bare else f"mapContains(attributes, {self._build.text(name)})"

    def _level(self) -> str:
        """Derived from the severity, unless the line brought an odd one."""
        names = f"{self._build.texts(SEVERITIES)}[severity + 1]"
        self.asked_attributes.add(LEVEL)
        if self._bare:
            return names
        has = f"mapContains(attributes, {self._build.text(LEVEL)})"
        return self._build.name(f"if({has}, attributes[{self._build.text(LEVEL)}], {names})", "level")

    def _of_stream(self, name: str) -> str:
        values = [stream.labels.get(name) for stream in self._streams]
        if len(set(values)) == 1:
            return self._build.text(values[0])
        ids = self._build.ids([stream.id for stream in self._streams])
        return self._build.name(f"transform(stream, {ids}, {self._build.texts(values)}, '')", "label")

    def _error_text(self) -> Text:
        if self._error.holds == NEVER:
            return Text("''", self._error.unsure)
        assert self._parser is not None
        name = self._build.text(self._parser.error_name)
        return Text(self._build.name(f"if({self._error.holds}, {name}, '')", "error"), self._error.unsure)
