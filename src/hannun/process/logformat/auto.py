"""Lines of one file that nobody configured -> records: wrappers off, formats found, traces joined, times taken.

A record waits for the lines that may belong to it, a moment at most; records of formats that are one line each do not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import NamedTuple

from hannun.process.logformat.detect import Detector
from hannun.process.logformat.traces import Trace
from hannun.process.logformat.wrapper import unwrap

LINES_MAX = 1000
CHARACTERS_MAX = 1 << 20
WAIT_S = 0.5
PARTS_CHARACTERS_MAX = 4 << 20


class Record(NamedTuple):
    """`stream` is `stdout` or `stderr` of a container, else "". `format` "": none that we know.

    `ts_ns` is the time that the container's runtime gave it, else the one that it names, else when it was read.
    """

    line: str
    ts_ns: int
    stream: str = ""
    format: str = ""
    lines: int = 1


class _Open:
    """A record that more lines may join."""

    __slots__ = ("at_s", "characters", "format", "lines", "trace", "ts_ns")

    def __init__(self, line: str, ts_ns: int, format_: str, at_s: float) -> None:
        self.lines = [line]
        self.ts_ns = ts_ns
        self.format = format_
        self.characters = len(line)
        self.trace = Trace(line)
        self.at_s = at_s

    def record(self, stream: str) -> Record:
        while not self.lines[-1].strip():
            # It could have gone on behind a blank line, and did not.
            self.lines.pop()
        return Record("\n".join(self.lines), self.ts_ns, stream, self.format, len(self.lines))


class _Stream:
    __slots__ = ("cut", "cut_characters", "cut_ts_ns", "detector", "open")

    def __init__(self, zone: tzinfo | None) -> None:
        self.detector = Detector(zone)
        self.open: _Open | None = None
        self.cut: list[str] = []
        self.cut_characters = 0
        self.cut_ts_ns: int | None = None


class AutoFormat:
    """For one file. `zone` None: times without a zone are this machine's."""

    __slots__ = ("_now_s", "_streams", "_zone")

    def __init__(self, monotonic_s: Callable[[], float], zone: tzinfo | None = None) -> None:
        self._now_s = monotonic_s
        self._zone = zone
        self._streams: dict[str, _Stream] = {}

    def run(self, line: str, read_ns: int) -> list[Record]:
        """The records that are complete now, in order. Raises nothing."""
        wrapped = unwrap(line)
        if wrapped is None:
            return self._line("", line, None, read_ns)
        stream = self._stream(wrapped.stream)
        text, ts_ns = wrapped.text, wrapped.ts_ns
        if not wrapped.complete or stream.cut:
            if not stream.cut:
                stream.cut_ts_ns = ts_ns
            stream.cut.append(text)
            stream.cut_characters += len(text)
            if not wrapped.complete and stream.cut_characters < PARTS_CHARACTERS_MAX:
                return []
            text, ts_ns = "".join(stream.cut), stream.cut_ts_ns
            stream.cut, stream.cut_characters = [], 0
        return self._line(wrapped.stream, text, ts_ns, read_ns)

    def flush(self, *, everything: bool = False) -> list[Record]:
        """Records that nobody has gone on with for a moment; all that wait when the file ends."""
        now = self._now_s()
        out: list[Record] = []
        for name, stream in self._streams.items():
            if stream.open is not None and (everything or now - stream.open.at_s >= WAIT_S):
                out.append(stream.open.record(name))
                stream.open = None
            if everything and stream.cut:
                text, stream.cut, stream.cut_characters = "".join(stream.cut), [], 0
                out.append(Record(text, stream.cut_ts_ns or 0, name))
        return out

    @property
    def waiting(self) -> bool:
        return any(stream.open is not None or stream.cut for stream in self._streams.values())

    def _stream(self, name: str) -> _Stream:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = _Stream(self._zone)
        return stream

    def _line(self, name: str, text: str, wrapper_ns: int | None, read_ns: int) -> list[Record]:
        stream = self._stream(name)
        found = stream.detector.read(text, read_ns)
        open_ = stream.open
        # A line with a format of its own begins a record, however it is indented.
        if open_ is not None and not found.format and open_.trace.takes(text):
            open_.lines.append(text)
            open_.characters += len(text)
            open_.at_s = self._now_s()
            if len(open_.lines) >= LINES_MAX or open_.characters >= CHARACTERS_MAX:
                stream.open = None
                return [open_.record(name)]
            return []
        out = [] if open_ is None else [open_.record(name)]
        stream.open = None
        if not text.strip():
            # A blank line that joins nothing says nothing.
            return out
        # A container's clock without a zone is mostly UTC and the machine's is not, so its runtime knows better.
        ts_ns = next((each for each in (wrapper_ns, found.ts_ns) if each is not None), read_ns)
        begun = _Open(text, ts_ns, found.format, self._now_s())
        if found.format and stream.detector.is_single:
            out.append(begun.record(name))
        else:
            stream.open = begun
        return out
