"""Where in the query text something stands, and the error that points there.

Positions inside are character offsets; people and Prometheus's clients read `line:column`, where a column counts bytes
as Go does.
"""

from __future__ import annotations

from dataclasses import dataclass

from hannun.model.errors import BadQuery


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `[start, end)` of the query."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        return Span(self.start, max(self.end, other.end))


NOWHERE = Span(0, 0)


def line_and_column(text: str, at: int) -> str:
    """`1:5`: both from 1, the column in bytes."""
    before = text[:at]
    last_break = before.rfind("\n")
    column = len(before[last_break + 1 :].encode("utf-8", "surrogatepass")) + 1
    return f"{before.count(chr(10)) + 1}:{column}"


class PromQLSyntaxError(BadQuery):
    """`1:5: parse error: …`, Prometheus's own form."""

    def __init__(self, words: str, text: str, span: Span) -> None:
        place = "unknown position" if text == "" else line_and_column(text, span.start)
        super().__init__(f"{place}: parse error: {words}")
        self.words = words
        self.span = span
