"""Compiles what reading storage files calls, so that `hannun import` begins at once; `make setup` keeps the result."""

from __future__ import annotations

from hannun.wire.tsdb import chunks, wal, xor


def warm() -> None:
    chunks.castagnoli(b"\x00")
    # One sample: its count, its time (0) and its value.
    xor.decode(b"\x00\x01" + bytes(9))
    wal.WalReader().read(b"\x02" + bytes(16) + bytes(10))
