"""The decoder of the scrape road: what a target told before is known by number and is not read again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hannun.model.metric import Ints, MetricMetadata
from hannun.wire.exposition_text.columns import FirstSeen, PageColumns, without_rows
from hannun.wire.exposition_text.dialect import Dialect, dialect_of
from hannun.wire.exposition_text.histograms import Classics, HistogramReading, Rows
from hannun.wire.exposition_text.limits import PageLimits
from hannun.wire.exposition_text.lines import LineExemplar, Meta, Sample, check_legacy
from hannun.wire.exposition_text.plain import metadata_of, reading_of

if TYPE_CHECKING:
    from hannun.wire.exposition_proto import ProtoPage
    from hannun.wire.exposition_text.page import PageScan


class PageDecoder:
    """The memory of one target. Not thread-safe; the scan itself runs without the GIL.

    `normalise_bounds`: `le` and `quantile` values come in float form, as Prometheus 3.x brings them. `legacy_names`:
    names that Prometheus 2 did not know are refused. `fallback`: the format of a page whose content type names none.
    `histograms`: what becomes of them.
    """

    def __init__(
        self,
        limits: PageLimits | None = None,
        *,
        normalise_bounds: bool = True,
        legacy_names: bool = False,
        fallback: Dialect | None = None,
        histograms: HistogramReading | None = None,
    ) -> None:
        self._limits = limits or PageLimits()
        self._normalise_bounds = normalise_bounds
        self._legacy_names = legacy_names
        self._fallback = fallback
        self._histograms = histograms or HistogramReading()
        self.forget()

    @property
    def known(self) -> int:
        """How many texts are remembered, of series and of comment lines."""
        return len(self._memory)

    @property
    def nbytes(self) -> int:
        """What remembering them takes, metadata apart."""
        return self._memory.nbytes

    def forget(self) -> None:
        """As if no page had been read: every series will be new again, and numbers begin at 0."""
        from hannun.wire.exposition_text.memory import Memory  # numba: whoever never decodes does not load it

        self._memory = Memory()
        self._classics = Classics()
        self._withheld: dict[int, FirstSeen] = {}
        self._told: dict[int, Meta] = {}
        self._telling: Ints | None = None
        self._metadata: tuple[MetricMetadata, ...] = ()

    def decode(self, body: bytes, content_type: str) -> PageColumns:
        """Raises WireError naming the line, or Unsupported for a content type that is no page.

        After an error all is as before: nothing of the page is remembered.
        """
        from hannun.wire.exposition_text.page import PageScan

        dialect = dialect_of(content_type, self._fallback)
        self._limits.check_body(len(body))
        scan = PageScan(self._memory, self._limits, dialect, normalise_bounds=self._normalise_bounds)
        spoken: ProtoPage | None = None
        try:
            if dialect is Dialect.PROTOBUF:
                spoken = self._read_protobuf(scan, body)
            else:
                scan.read(body, reading_of(dialect, self._limits, legacy_names=self._legacy_names))
            return self._columns(scan, spoken)
        except BaseException:
            # Whatever it was: a series that stays in the memory now would never be announced.
            self._memory.drop(np.array([entry for entry, _ in scan.learned], dtype=np.int64))
            raise

    def _read_protobuf(self, scan: PageScan, body: bytes) -> ProtoPage:
        from hannun.wire.exposition_proto import decode_page

        page = decode_page(body, self._limits, self._histograms)
        if self._legacy_names:
            for line in page.samples:
                check_legacy(line.labels)
        if page.samples:
            scan.take(page.samples)
        return page

    def _columns(self, scan: PageScan, spoken: ProtoPage | None) -> PageColumns:
        memory = self._memory
        self._told.update((entry, line) for entry, line in scan.learned if isinstance(line, Meta))
        changed = self._tell_of(scan.sequence) if spoken is None else self._tell(tuple(spoken.metadata))
        # Those of protobuf are converted where they are read: there a native one stands beside its classic form.
        replaced = self._convert(scan) if self._histograms.convert_classic and spoken is None else None
        gone = memory.turn(scan.sequence)
        for entry in gone.tolist():
            self._told.pop(entry, None)
            self._withheld.pop(entry, None)
        self._classics.forget(gone.tolist())
        columns = PageColumns(
            index=scan.index,
            value=scan.value,
            ts_ms=scan.ts_ms,
            has_ts=scan.has_ts,
            new=tuple(FirstSeen(entry, line.labels) for entry, line in scan.learned if isinstance(line, Sample)),
            forgotten=gone,
            index_end=memory.end,
            exemplars=tuple(scan.exemplars),
            metadata=self._metadata,
            metadata_changed=changed,
            histograms=tuple(scan.histograms),
        )
        return columns if replaced is None else self._announced(without_rows(columns, replaced), columns.new)

    def _announced(self, page: PageColumns, new: tuple[FirstSeen, ...]) -> PageColumns:
        """A line that was replaced is announced when it stands for itself: its family may lose its type."""
        due = [self._withheld.pop(entry) for entry in set(page.index.tolist()) & self._withheld.keys()]
        told = {one.number for one in page.new}
        self._withheld.update((one.number, one) for one in new if one.number not in told)
        return replace(page, new=(*page.new, *due)) if due else page

    def _convert(self, scan: PageScan) -> Ints | None:
        """Takes native forms of the page's classic histograms in; which rows they replace, None: none."""
        self._classics.learn((entry, line) for entry, line in scan.learned if isinstance(line, Sample))
        families = frozenset(told.metric for told in self._metadata if told.type == "histogram")
        exemplars = [(one.row, LineExemplar(one.labels, one.value, one.ts_ms)) for one in scan.exemplars]
        made, rows = self._classics.convert(Rows(scan.index, scan.value, scan.ts_ms, scan.has_ts), families, exemplars)
        if made:
            scan.take(made)
        return None if self._histograms.keep_classic else rows

    def _tell_of(self, sequence: Ints) -> bool:
        """Read the metadata in these lines of a text page, when they are other lines than last time."""
        telling = self._memory.comments(sequence)
        if self._telling is not None and np.array_equal(telling, self._telling):
            return False
        changed = self._tell(metadata_of(self._told[entry] for entry in telling.tolist() if entry in self._told))
        self._telling = telling
        return changed

    def _tell(self, metadata: tuple[MetricMetadata, ...]) -> bool:
        """Whether this is news."""
        self._telling = None
        if metadata == self._metadata:
            return False
        self._metadata = metadata
        return True


def warm() -> None:
    """Compile (or load from numba's cache) everything this decoder calls, so that no scrape waits for it."""
    page = b"".join(b"# TYPE warm%d gauge\nwarm%d 1\n" % (number, number) for number in range(100))
    decoder = PageDecoder()
    for _ in range(2):
        decoder.decode(page, Dialect.TEXT.value)
