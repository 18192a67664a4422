"""Warnings and infos that travel with an answer, in Prometheus's words, with the place in the query they speak of."""

from __future__ import annotations

from hannun.query.promql.position import Span, line_and_column

NOTES_MAX = 10


class Notes:
    """Collects while a question is evaluated; equal words are kept once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._warnings: dict[str, None] = {}
        self._infos: dict[str, None] = {}

    def warn(self, words: str, span: Span) -> None:
        self._warnings[f"PromQL warning: {words} ({line_and_column(self._text, span.start)})"] = None

    def info(self, words: str, span: Span) -> None:
        self._infos[f"PromQL info: {words} ({line_and_column(self._text, span.start)})"] = None

    def plain_warning(self, words: str) -> None:
        self._warnings[words] = None

    @property
    def warnings(self) -> tuple[str, ...]:
        return _capped(tuple(self._warnings), "warning")

    @property
    def infos(self) -> tuple[str, ...]:
        return _capped(tuple(self._infos), "info")


def _capped(lines: tuple[str, ...], kind: str) -> tuple[str, ...]:
    if len(lines) <= NOTES_MAX:
        return lines
    rest = len(lines) - NOTES_MAX
    return (*lines[:NOTES_MAX], f"{rest} more {kind} annotations omitted")
