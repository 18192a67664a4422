"""One line on its way through a pipeline: its text and its labels, kept apart by where they came from.

Category and precedence are Loki's: a parsed label hides structured metadata of its name, which hides a stream label.
What is handed in is never changed; a category is copied when it first loses a label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

ERROR = "__error__"
DETAILS = "__error_details__"
EXTRACTED = "_extracted"

JSON_ERROR = "JSONParserErr"
LOGFMT_ERROR = "LogfmtParserErr"
SAMPLE_ERROR = "SampleExtractionErr"
FILTER_ERROR = "LabelFilterErr"
TEMPLATE_ERROR = "TemplateFormatErr"


class Line(NamedTuple):
    """What a pipeline makes of a line. `parsed` holds `__error__` and `__error_details__` where something failed."""

    text: str
    stream: Mapping[str, str]
    metadata: Mapping[str, str]
    parsed: dict[str, str]

    def labels(self) -> dict[str, str]:
        """All labels in one, without empty ones: the name of the series or stream that the line belongs to."""
        merged = {**self.stream, **self.metadata, **self.parsed}
        return {name: value for name, value in merged.items() if value}


class State:
    """`base`: the stream's labels as they came; `stream` without those that were dropped or replaced."""

    __slots__ = ("base", "details", "dropped", "error", "line", "metadata", "parsed", "stream", "ts_ns")

    def __init__(self, line: str, base: Mapping[str, str], metadata: Mapping[str, str], ts_ns: int) -> None:
        self.line = line
        self.base = base
        self.stream = base
        self.metadata = metadata
        self.parsed: dict[str, str] = {}
        self.ts_ns = ts_ns
        self.error = ""
        self.details = ""
        self.dropped = False
        if metadata and not (base.keys().isdisjoint(metadata) and ERROR not in metadata and DETAILS not in metadata):
            self._take(metadata)

    def _take(self, metadata: Mapping[str, str]) -> None:
        taken: dict[str, str] = {}
        for name, value in metadata.items():
            if name == ERROR:
                self.error = value
            elif name == DETAILS:
                self.details = value
            else:
                taken[name + EXTRACTED if name in self.base else name] = value
        self.metadata = taken

    def get(self, name: str) -> str | None:
        value = self.parsed.get(name)
        if value is None:
            value = self.metadata.get(name)
            if value is None:
                value = self.stream.get(name)
        return value

    def extract(self, name: str, value: str) -> None:
        """A label that a parser found: a name that is taken gets `_extracted`, and who came first stays."""
        if name in self.base or name in self.metadata:
            name += EXTRACTED
        if name not in self.parsed:
            self.parsed[name] = value

    def overwrite(self, name: str, value: str) -> None:
        """A parsed label whatever was there before."""
        if name in self.metadata:
            self.metadata = {other: kept for other, kept in self.metadata.items() if other != name}
        if name in self.stream:
            self.stream = {other: kept for other, kept in self.stream.items() if other != name}
        self.parsed[name] = value

    def delete(self, name: str) -> None:
        self.parsed.pop(name, None)
        if name in self.metadata:
            self.metadata = {other: kept for other, kept in self.metadata.items() if other != name}
        if name in self.stream:
            self.stream = {other: kept for other, kept in self.stream.items() if other != name}
        self.dropped = True

    def fail(self, error: str, details: str = "") -> None:
        """The line goes on with `__error__`; details of an older error stay where there are no newer ones."""
        self.error = error
        if details:
            self.details = details

    def all(self) -> dict[str, str]:
        """Every label, as a template sees them."""
        merged = {**self.stream, **self.metadata, **self.parsed}
        if self.error:
            merged[ERROR] = self.error
            if self.details:
                merged[DETAILS] = self.details
        return merged

    def finish(self) -> Line:
        parsed = self.parsed
        if self.error or self.details:
            # With `drop __error__` the details stay behind only where Loki shows them: beside other changed labels.
            changed = bool(self.error or parsed or self.metadata or self.dropped)
            if self.error:
                parsed[ERROR] = self.error
            if self.details and changed:
                parsed[DETAILS] = self.details
        return Line(self.line, self.stream, self.metadata, parsed)
