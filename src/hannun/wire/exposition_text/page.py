"""One page on its way into columns: the scan runs as far as it knows the lines, the plain reader takes the others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hannun.model.errors import WireError
from hannun.model.metric import NORMAL_NAN_BITS, Ints
from hannun.wire.exposition_text import scan
from hannun.wire.exposition_text.columns import PageExemplar, PageHistogram
from hannun.wire.exposition_text.dialect import Dialect
from hannun.wire.exposition_text.limits import PageLimits
from hannun.wire.exposition_text.lines import (
    BOUND_LABEL,
    Blank,
    Comment,
    End,
    LineExemplar,
    Meta,
    Reading,
    Sample,
    read_exemplar,
    read_line,
)
from hannun.wire.exposition_text.memory import Memory
from hannun.wire.exposition_text.plain import NOT_ENDED

Told = Sample | Meta | Comment

_BURST_MAX = 1024
"""Unknown lines come in runs: while the scan does not get on, the plain reader takes twice as many each time."""
_ROOM_MIN = 64
_BOUND_LABELS = ("", *BOUND_LABEL.values())
"""Which label holds a bound, by the scan's mode."""
_DIALECTS = {Dialect.TEXT: 0, Dialect.OPENMETRICS: scan.DIALECT, Dialect.PROTOBUF: 2 * scan.DIALECT}


class PageScan:
    """Fills its columns from one page. What it enters into the memory stands in `learned`."""

    def __init__(self, memory: Memory, limits: PageLimits, dialect: Dialect, *, normalise_bounds: bool) -> None:
        self._memory = memory
        self._limits = limits
        self._dialect = _DIALECTS[dialect]
        self._normalise_bounds = normalise_bounds
        self._cursor = np.zeros(scan.CURSOR_SLOTS, dtype=np.int64)
        room = min(len(memory.order) + _ROOM_MIN, limits.lines_max)
        self._sequence: Ints = np.empty(room, dtype=np.int64)
        self._index: Ints = np.empty(room, dtype=np.int64)
        self._bits: NDArray[np.uint64] = np.empty(room, dtype=np.uint64)
        self._ts_ms: Ints = np.empty(room, dtype=np.int64)
        self._has_ts: NDArray[np.bool_] = np.empty(room, dtype=np.bool_)
        self._marks: Ints = np.empty((_ROOM_MIN, 2), dtype=np.int64)
        self.exemplars: list[PageExemplar] = []
        self.histograms: list[PageHistogram] = []
        self.learned: list[tuple[int, Told]] = []

    @property
    def sequence(self) -> Ints:
        """The entry of each line, comments too."""
        return self._sequence[: self._cursor[scan.LINE]]

    @property
    def index(self) -> Ints:
        return self._index[: self._cursor[scan.ROW]]

    @property
    def value(self) -> NDArray[np.float64]:
        return self._bits[: self._cursor[scan.ROW]].view(np.float64)

    @property
    def ts_ms(self) -> Ints:
        return self._ts_ms[: self._cursor[scan.ROW]]

    @property
    def has_ts(self) -> NDArray[np.bool_]:
        return self._has_ts[: self._cursor[scan.ROW]]

    def read(self, body: bytes, reading: Reading) -> None:
        """A page in either text format. Raises WireError naming the line."""
        view = np.frombuffer(body, dtype=np.uint8)
        burst, ended = 1, False
        while not ended:
            line = self._cursor[scan.LINE]
            stopped = self._scan(view, reading.openmetrics)
            if self._cursor[scan.LINE] > line:
                burst = 1
            if stopped == scan.DONE:
                ended = True
            elif stopped == scan.MORE_MARKS:
                self._marks = np.concatenate([self._marks, np.empty_like(self._marks)])
            elif stopped == scan.MORE_LINES and len(self._sequence) < self._limits.lines_max:
                self._make_room(1)
            else:
                # An unknown line; or one more than there may be, unless it does not count: a blank one, `# EOF`.
                ended = self._ask(body, reading, burst)
                burst = min(2 * burst, _BURST_MAX)
        self._read_marked(body, reading)

    def take(self, lines: Sequence[Told]) -> None:
        """Append lines that were read elsewhere."""
        self._make_room(len(lines))
        entries, fresh = self._memory.enter([line.text for line in lines], self._kinds(lines))
        line_at, row_at = int(self._cursor[scan.LINE]), int(self._cursor[scan.ROW])
        self._sequence[line_at : line_at + len(lines)] = entries
        rows = [(entry, line) for entry, line in zip(entries, lines, strict=True) if isinstance(line, Sample)]
        new = slice(row_at, row_at + len(rows))
        value = np.array([line.value for _, line in rows], dtype=np.float64)
        bits = value.view(np.uint64)
        bits[np.isnan(value)] = NORMAL_NAN_BITS
        self._index[new] = [entry for entry, _ in rows]
        self._bits[new] = bits
        self._ts_ms[new] = [line.ts_ms or 0 for _, line in rows]
        self._has_ts[new] = [line.ts_ms is not None for _, line in rows]
        for row, (_, line) in enumerate(rows, row_at):
            self._add_exemplar(row, line.exemplar)
            if line.native is not None:
                self.histograms.append(PageHistogram(row, line.native.histogram))
                self.exemplars += [PageExemplar(row, *exemplar) for exemplar in line.native.exemplars]
        self.learned += [(entry, line) for entry, line, is_new in zip(entries, lines, fresh, strict=True) if is_new]
        self._cursor[scan.LINE] += len(lines)
        self._cursor[scan.ROW] += len(rows)
        place = int(self._memory.place[entries[-1]])
        if place >= 0:
            self._cursor[scan.EXPECT] = place + 1

    def _scan(self, view: NDArray[np.uint8], openmetrics: bool) -> int:
        memory = self._memory
        return int(
            scan.scan(
                view,
                openmetrics,
                memory.seed,
                self._cursor,
                memory.order,
                memory.arena,
                memory.start,
                memory.length,
                memory.kinds,
                memory.hashes,
                memory.place,
                memory.slots,
                self._sequence,
                self._index,
                self._bits,
                self._ts_ms,
                self._has_ts,
                self._marks,
            )
        )

    def _ask(self, body: bytes, reading: Reading, burst: int) -> bool:
        """Read up to `burst` lines plainly; whether the page ended."""
        self._read_marked(body, reading)
        lines: list[Told] = []
        mode = int(self._cursor[scan.MODE])
        at, ended = int(self._cursor[scan.AT]), False
        # One line too many is enough to see that there are too many.
        burst = min(burst, self._limits.lines_max - int(self._cursor[scan.LINE]) + 1)
        while at < len(body) and len(lines) < burst and not ended:
            line = read_line(body, at, reading, _BOUND_LABELS[mode])
            at = line.end
            if isinstance(line, End):
                ended = True
            elif not isinstance(line, Blank):
                lines.append(line)
                if (begins := self._begins(line)) != scan.KEEPS:
                    mode = begins
        self._limits.check_lines(int(self._cursor[scan.LINE]) + len(lines))
        if reading.openmetrics and at == len(body) and not ended:
            raise WireError(NOT_ENDED)
        if lines:
            self.take(lines)
        self._cursor[scan.AT], self._cursor[scan.MODE] = at, mode
        return ended

    def _read_marked(self, body: bytes, reading: Reading) -> None:
        """The exemplars that the scan went past, before anything behind them: errors come in the page's order."""
        for row, at in self._marks[: self._cursor[scan.MARK]].tolist():
            self._add_exemplar(row, read_exemplar(body, at, reading)[0])
        self._cursor[scan.MARK] = 0

    def _kinds(self, lines: Sequence[Told]) -> list[int]:
        kinds: list[int] = []
        mode = int(self._cursor[scan.MODE])
        for line in lines:
            if isinstance(line, Sample):
                kinds.append(self._dialect + mode)
                continue
            begins = self._begins(line)
            kinds.append(scan.COMMENT + self._dialect + begins)
            if begins != scan.KEEPS:
                mode = begins
        return kinds

    def _begins(self, line: Told) -> int:
        """The mode that a line begins."""
        if not isinstance(line, Meta) or line.kind != "type":
            return scan.KEEPS
        return _BOUND_LABELS.index(BOUND_LABEL.get(line.says, "")) if self._normalise_bounds else 0

    def _add_exemplar(self, row: int, exemplar: LineExemplar | None) -> None:
        if exemplar is not None:
            self.exemplars.append(PageExemplar(row, *exemplar))

    def _make_room(self, lines: int) -> None:
        """For this many more lines. Raises WireError where that is more than a page may have."""
        wanted = int(self._cursor[scan.LINE]) + lines
        self._limits.check_lines(wanted)
        room = len(self._sequence)
        if wanted <= room:
            return
        more = max(min(2 * room, self._limits.lines_max), wanted) - room
        self._sequence, self._index, self._ts_ms = (
            np.concatenate([column, np.empty(more, dtype=np.int64)])
            for column in (self._sequence, self._index, self._ts_ms)
        )
        self._bits = np.concatenate([self._bits, np.empty(more, dtype=np.uint64)])
        self._has_ts = np.concatenate([self._has_ts, np.empty(more, dtype=np.bool_)])
