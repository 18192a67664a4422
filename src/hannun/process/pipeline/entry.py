"""A log line on its way through a pipeline. Mutable, because thirty stages touch it and nobody else sees it."""

from __future__ import annotations

from typing import Any

from hannun.gotemplate.printing import format_float


class Entry:
    """`extracted` is what stages find and later ones use; it begins with the labels. `tenant` "" for the client's."""

    __slots__ = ("extracted", "labels", "line", "metadata", "tenant", "ts_ns")

    def __init__(
        self,
        labels: dict[str, str],
        ts_ns: int,
        line: str,
        extracted: dict[str, Any] | None = None,
        metadata: dict[str, str] | None = None,
        tenant: str = "",
    ) -> None:
        self.labels = labels
        self.ts_ns = ts_ns
        self.line = line
        self.extracted: dict[str, Any] = {} if extracted is None else extracted
        self.metadata: dict[str, str] = {} if metadata is None else metadata
        self.tenant = tenant

    def __repr__(self) -> str:
        return f"Entry({self.labels}, {self.ts_ns}, {self.line!r}, {self.extracted}, {self.metadata})"

    def key(self) -> frozenset[tuple[str, str]]:
        """Names the stream."""
        return frozenset(self.labels.items())


def text_of(value: Any) -> str | None:
    """An extracted value as text; None for what has no text (nothing, lists, objects)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return plain_number(value)
    return None


def plain_number(value: float) -> str:
    """Digits without an exponent, as Go's `FormatFloat(v, 'f', -1, 64)` writes them."""
    if value.is_integer() and abs(value) < 1e300:
        return str(int(value))
    shown = format_float(value)
    return f"{value:.20f}".rstrip("0") if "e" in shown and abs(value) < 1 else shown
