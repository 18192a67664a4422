"""The decoder of the scrape road."""

from __future__ import annotations

import numpy as np

from hannun.model.metric import MetricMetadata
from hannun.wire.exposition_text.columns import FirstSeen, PageColumns, PageExemplar
from hannun.wire.exposition_text.dialect import Dialect, dialect_of
from hannun.wire.exposition_text.limits import PageLimits
from hannun.wire.exposition_text.plain import read_page


class PageDecoder:
    """The memory of one target. Not thread-safe."""

    def __init__(
        self,
        limits: PageLimits | None = None,
        *,
        normalise_bounds: bool = True,
        legacy_names: bool = False,
        fallback: Dialect | None = None,
    ) -> None:
        self._limits = limits or PageLimits()
        self._normalise_bounds = normalise_bounds
        self._legacy_names = legacy_names
        self._fallback = fallback
        self._known: dict[tuple[bytes, frozenset[tuple[str, str]]], int] = {}
        self._metadata: tuple[MetricMetadata, ...] = ()

    def forget(self) -> None:
        """As if no page had been read: every series will be new again, and numbers begin at 0."""
        self._known.clear()
        self._metadata = ()

    def decode(self, body: bytes, content_type: str) -> PageColumns:
        """Raises WireError naming the line, or Unsupported for a content type that is no page."""
        page = read_page(
            body,
            dialect_of(content_type, self._fallback),
            self._limits,
            normalise_bounds=self._normalise_bounds,
            legacy_names=self._legacy_names,
        )
        new: list[FirstSeen] = []
        index = np.empty(len(page.samples), dtype=np.int64)
        for row, sample in enumerate(page.samples):
            key = (sample.text, frozenset(sample.labels.items()))
            known = self._known.get(key)
            if known is None:
                known = self._known[key] = len(self._known)
                new.append(FirstSeen(known, sample.labels))
            index[row] = known
        value = np.array([sample.value for sample in page.samples], dtype=np.float64)
        value.view(np.uint64)[np.isnan(value)] = 0x7FF8000000000001
        changed = page.metadata != self._metadata
        if changed:
            self._metadata = page.metadata
        return PageColumns(
            index,
            value,
            np.array([sample.ts_ms or 0 for sample in page.samples], dtype=np.int64),
            np.array([sample.ts_ms is not None for sample in page.samples], dtype=np.bool_),
            tuple(new),
            np.empty(0, dtype=np.int64),
            len(self._known),
            tuple(
                PageExemplar(row, *sample.exemplar)
                for row, sample in enumerate(page.samples)
                if sample.exemplar is not None
            ),
            self._metadata,
            changed,
        )


def warm() -> None:
    """Compile everything this decoder calls, so that no scrape waits for it."""
    PageDecoder().decode(b"warm 1\n", "text/plain")
