"""Lines that a container runtime cut: joined per stream, bounded in parts, size and waiting."""

from __future__ import annotations

from collections.abc import Callable

from hannun.process.pipeline.entry import Entry

STREAMS_MAX = 10_000
WAIT_S = 10.0


class _Parts:
    __slots__ = ("at_s", "characters", "first", "texts")

    def __init__(self, first: Entry, at_s: float) -> None:
        self.first = first
        self.texts: list[str] = []
        self.characters = 0
        self.at_s = at_s


class Partial:
    """`between` stands between two parts. With `cuts` what goes beyond `characters` is thrown away, else the line is
    handed on when it is full."""

    def __init__(
        self, between: str, parts: int, characters: int, monotonic_s: Callable[[], float], *, cuts: bool = False
    ) -> None:
        self._between = between
        self._parts = parts
        self._characters = characters
        self._now = monotonic_s
        self._cuts = cuts
        self._open: dict[frozenset[tuple[str, str]], _Parts] = {}

    def add(self, entry: Entry, *, complete: bool) -> list[Entry]:
        """What goes on: nothing while parts are missing, else the whole line with the time of its first part."""
        if complete and not self._open:
            return [entry]
        key = entry.key()
        parts = self._open.get(key)
        if parts is None:
            if complete:
                return [entry]
            parts = self._open[key] = _Parts(entry, self._now())
        text = entry.line
        if self._cuts:
            text = text[: max(0, self._characters - parts.characters)]
        parts.texts.append(text)
        parts.characters += len(text)
        parts.at_s = self._now()
        full = len(parts.texts) >= self._parts or (parts.characters >= self._characters and not self._cuts)
        if complete or full:
            del self._open[key]
            return [self._joined(parts)]
        if len(self._open) > STREAMS_MAX:
            oldest = next(iter(self._open))
            return [self._joined(self._open.pop(oldest))]
        return []

    @property
    def holds(self) -> bool:
        return bool(self._open)

    def flush(self, *, everything: bool) -> list[Entry]:
        now = self._now()
        late = [key for key, parts in self._open.items() if everything or now - parts.at_s >= WAIT_S]
        return [self._joined(self._open.pop(key)) for key in late]

    def _joined(self, parts: _Parts) -> Entry:
        parts.first.line = self._between.join(parts.texts)
        return parts.first
