"""An OpenMetrics file of any size -> batches of samples, as `promtool tsdb create-blocks-from openmetrics` reads it.

The file is read in pieces that end at a line, each decoded by the scraper's decoder, which remembers series from piece
to piece; so memory does not grow with the file. Every sample must bear its time, and `# EOF` must be the last line: a
file without it was cut off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from hannun.model.errors import WireError
from hannun.model.labels import Labels
from hannun.model.metric import MetricMetadata, SeriesColumns
from hannun.wire.exposition_text import PageColumns, PageDecoder

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0"
PIECE_BYTES = 2 << 20
LINE_BYTES_MAX = 1 << 20
_EOF = b"# EOF\n"


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Samples of one piece of the file. `lines` counts up to its end."""

    series: SeriesColumns
    metadata: tuple[MetricMetadata, ...]
    lines: int


class Backfill:
    """One file on its way."""

    def __init__(self) -> None:
        # Bounds stay as they are written: promtool does not touch them either, and both ways must meet in one series.
        self._decoder = PageDecoder(normalise_bounds=False)
        self._labels: dict[int, Labels] = {}
        self._lines = 0

    def read(self, parts: Iterable[bytes]) -> Iterator[Batch]:
        """`parts`: the file in order, cut anywhere. Raises WireError naming the line where it goes wrong."""
        ended = False
        for piece in _pieces(parts):
            if ended:
                raise WireError(f"line {self._lines + 1}: there is something behind # EOF")
            ended = piece.endswith(b"\n" + _EOF) or piece == _EOF
            yield self._batch(piece if ended else piece + _EOF)
            self._lines += piece.count(b"\n")
        if not ended:
            raise WireError(f"line {self._lines}: data does not end with # EOF", "the file may have been cut off")

    def _batch(self, piece: bytes) -> Batch:
        try:
            page = self._decoder.decode(piece, CONTENT_TYPE)
        except WireError as err:
            # The decoder counts the lines of its piece.
            first = self._lines + 1
            words = str(err)
            raise WireError(f"{words}" if first == 1 else f"{words} (counted from line {first} of the file)") from err
        self._remember(page)
        return Batch(self._columns(page), page.metadata, self._lines + piece.count(b"\n"))

    def _remember(self, page: PageColumns) -> None:
        for number in page.forgotten.tolist():
            self._labels.pop(number, None)
        self._labels.update((one.number, Labels.of(one.labels)) for one in page.new)

    def _columns(self, page: PageColumns) -> SeriesColumns:
        if not page.has_ts.all():
            row = int(np.flatnonzero(~page.has_ts)[0])
            raise WireError(f"expected timestamp for series {self._labels[int(page.index[row])]}, got none")
        # Stable: of two lines with equal series and time the later one stays behind the other, and wins.
        order = np.lexsort((page.ts_ms, page.index))
        numbers, begins = np.unique(page.index[order], return_index=True)
        offsets = np.append(begins, len(order)).astype(np.int64)
        labels = tuple(self._labels[number] for number in numbers.tolist())
        return SeriesColumns(labels, offsets, 0, page.ts_ms[order], page.value[order])


def _pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about PIECE_BYTES that end behind a newline; the last may end without one."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        cut = part.rfind(b"\n") + 1
        if cut and size + cut >= PIECE_BYTES:
            yield b"".join([*held, part[:cut]])
            held, size = [part[cut:]], len(part) - cut
        else:
            held.append(part)
            size += len(part)
            if size > PIECE_BYTES + LINE_BYTES_MAX and not any(b"\n" in one for one in held):
                raise WireError(f"a line of more than {LINE_BYTES_MAX} bytes")
    if rest := b"".join(held):
        yield rest
