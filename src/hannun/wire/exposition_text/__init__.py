"""Scraped pages in text form: Prometheus text 0.0.4 / 1.0.0 (UTF-8 names in quotes) and OpenMetrics 1.0 -> columns.

Two decoders with one meaning: `plain` reads line by line and is what a reader checks the format against; `PageDecoder`
remembers the series texts of its target, so that a line seen before costs a compare and a number. Fuzz tests hold them
together. Strict where Prometheus 3.x is: one bad line loses the page, and the error names it.
"""

from hannun.wire.exposition_text.columns import FirstSeen, PageColumns, PageExemplar, PageHistogram
from hannun.wire.exposition_text.dialect import PROTOCOLS, Dialect, dialect_of
from hannun.wire.exposition_text.fast import PageDecoder, warm
from hannun.wire.exposition_text.histograms import HistogramReading
from hannun.wire.exposition_text.limits import PageLimits
from hannun.wire.exposition_text.plain import Page, read_page

__all__ = [
    "PROTOCOLS",
    "Dialect",
    "FirstSeen",
    "HistogramReading",
    "Page",
    "PageColumns",
    "PageDecoder",
    "PageExemplar",
    "PageHistogram",
    "PageLimits",
    "dialect_of",
    "read_page",
    "warm",
]
