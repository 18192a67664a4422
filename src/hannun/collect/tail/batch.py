"""Entries on their way to the spool: named as streams, given times, grouped by tenant, written as push bodies. Pure.

Times that nobody set rise strictly. Of entries with one time and one text in one stream a store keeps one, so a line
that truly came twice is moved by a nanosecond; the same line read by two jobs is not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from hannun.collect.discovery.labels import sanitized
from hannun.model.labels import Labels
from hannun.process.pipeline.entry import Entry
from hannun.wire.loki.encode import encode, labels_text

REMEMBERED_MAX = 20_000
STREAMS_CACHED_MAX = 10_000
_LINE_COST = 32

Key = tuple[tuple[str, str], ...]
Line = tuple[int, str, Sequence[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class LabelLimits:
    """0: no limit. `streams_max` of a tenant; entries of others are dropped and counted."""

    name_length: int = 0
    value_length: int = 0
    streams_max: int = 0
    line_max: int = 0
    line_cut: bool = False


class Stamps:
    """Times of lines that have none."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._last = 0

    def next(self) -> int:
        self._last = max(self._now_ns(), self._last + 1)
        return self._last


class Batch:
    """What was taken since the last one was written. `size_bytes` is about that of the body."""

    def __init__(self, limits: LabelLimits | None = None, dropped: Callable[[str, int], None] | None = None) -> None:
        self._limits = limits or LabelLimits()
        self._dropped = dropped or (lambda reason, count: None)
        self._streams: dict[str, dict[Key, list[Line]]] = {}
        self._known: OrderedDict[frozenset[tuple[str, str]], Key] = OrderedDict()
        self._twice: OrderedDict[tuple[str, int, int], int] = OrderedDict()
        self._seen_streams: set[Key] = set()
        self.size_bytes = 0
        self.lines = 0

    def __bool__(self) -> bool:
        return self.lines > 0

    def add(self, entry: Entry, source: str = "", *, timed: bool = False) -> bool:
        """False: a limit dropped it. `timed`: its time is its own, not that of its reading."""
        key = self._key(entry.labels)
        limits = self._limits
        line = entry.line
        if limits.line_max and len(line) > limits.line_max:
            if not limits.line_cut:
                self._dropped("line_too_long", 1)
                return False
            line = line[: limits.line_max]
        if limits.streams_max and key not in self._seen_streams:
            if len(self._seen_streams) >= limits.streams_max:
                self._dropped("stream_limited", 1)
                return False
            self._seen_streams.add(key)
        ts_ns = self._once(source, entry.ts_ns, key, line) if timed else entry.ts_ns
        metadata = (
            tuple((clean(name), clean(value)) for name, value in entry.metadata.items()) if entry.metadata else ()
        )
        self._streams.setdefault(clean(entry.tenant), {}).setdefault(key, []).append((ts_ns, line, metadata))
        self.size_bytes += len(line) + _LINE_COST
        self.lines += 1
        return True

    def write(self, external: Mapping[str, str] | None = None) -> tuple[bytes, tuple[tuple[str, int], ...]]:
        """(all push bodies behind each other, tenant and size of each). `external` are labels for every stream."""
        bodies = [(tenant, encode(_named(streams, external or {}))) for tenant, streams in self._streams.items()]
        return b"".join(body for _, body in bodies), tuple((tenant, len(body)) for tenant, body in bodies)

    def clear(self) -> None:
        self._streams = {}
        self.size_bytes = self.lines = 0

    def _key(self, labels: Mapping[str, str]) -> Key:
        wanted = frozenset(labels.items())
        key = self._known.get(wanted)
        if key is None:
            key = self._known[wanted] = self._canonical(labels)
            if len(self._known) > STREAMS_CACHED_MAX:
                self._known.popitem(last=False)
        return key

    def _canonical(self, labels: Mapping[str, str]) -> Key:
        names, values = self._limits.name_length or None, self._limits.value_length or None
        return tuple(
            sorted(
                (named(name)[:names], clean(value[:values]))
                for name, value in labels.items()
                if value and not name.startswith("__")
            )
        )

    def _once(self, source: str, ts_ns: int, key: Key, line: str) -> int:
        twice = self._twice
        seen = (source, ts_ns, hash((key, line)))
        count = twice.get(seen, -1) + 1
        twice[seen] = count
        twice.move_to_end(seen)
        if len(twice) > REMEMBERED_MAX:
            twice.popitem(last=False)
        return ts_ns + count


def named(name: str) -> str:
    """A label's name of what a stage or a file called it: a push with any other name would be refused."""
    made = name if name.isascii() and name.isidentifier() else sanitized(name)
    return f"_{made}" if made[:1].isdigit() else made


def clean(text: str) -> str:
    """Text that UTF-8 can write: names of files and escapes in JSON may hold halves of characters."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _named(streams: Mapping[Key, list[Line]], external: Mapping[str, str]) -> Iterable[tuple[str, list[Line]]]:
    for key, lines in streams.items():
        # As Promtail: what the entry says of itself wins over what the client says of all.
        yield labels_text(Labels.of({**external, **dict(key)})), lines
