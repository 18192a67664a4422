"""Prometheus's storage files, read only: blocks (index, chunks, tombstones) and the write-ahead log of the head.

Follows prometheus/tsdb/docs/format. Bytes in (usually mapped files), series and samples out; who opens files is the
caller's business. Floats are decoded in compiled code, native histograms in plain Python one at a time.
"""

from hannun.wire.tsdb.chunks import Chunks, Decoded
from hannun.wire.tsdb.index import ChunkRef, Index, Series
from hannun.wire.tsdb.tombstones import Tombstones, read_tombstones
from hannun.wire.tsdb.wal import Samples, WalReader, WalSeries, records
from hannun.wire.tsdb.wal_histograms import WalHistogram
from hannun.wire.tsdb.warming import warm

__all__ = [
    "ChunkRef",
    "Chunks",
    "Decoded",
    "Index",
    "Samples",
    "Series",
    "Tombstones",
    "WalHistogram",
    "WalReader",
    "WalSeries",
    "read_tombstones",
    "records",
    "warm",
]
