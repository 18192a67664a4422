"""What a file is: lines of text, a compressed file that is read once, or something that has no lines."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path

HEAD_BYTES = 4096
_NO_LINES = frozenset(("lastlog", "faillog", "tallylog", "wtmp", "btmp", "utmp"))
"""Records of logins, whole pages of zeros; rotated ones are named `wtmp.1` and so on."""
_BINARY_ENDINGS = (".journal", ".journal~", ".db", ".sqlite", ".sqlite3", ".core", ".pcap", ".so", ".bin")
_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"BZh": "bz2",
    b"\x7fELF": "binary",
    b"LPKSHHRH": "binary",  # a journal file
    b"SQLite format 3\x00": "binary",
    b"\xfd7zXZ\x00": "binary",
    b"PK\x03\x04": "binary",
}


class Kind(Enum):
    TEXT = "text"
    GZIP = "gzip"
    ZSTD = "zstd"
    BZ2 = "bz2"
    BINARY = "binary"
    SPARSE = "sparse"
    UTF16 = "utf16"
    """Text, but not in the encoding that is read here; Promtail's `encoding` says which it is."""

    @property
    def is_compressed(self) -> bool:
        return self in (Kind.GZIP, Kind.ZSTD, Kind.BZ2)

    @property
    def has_lines(self) -> bool:
        return self not in (Kind.BINARY, Kind.SPARSE)


def kind_of(path: Path, head: bytes, stat: os.stat_result) -> Kind:
    """By its first bytes and its name. An empty file is text: something may be written to it."""
    name = path.name
    if name.partition(".")[0] in _NO_LINES or name.endswith(_BINARY_ENDINGS):
        return Kind.BINARY
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return Kind(kind)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Kind.UTF16
    # A file of which a megabyte says to be there and nothing is on the disk: `lastlog` under any name.
    if stat.st_size > 1 << 20 and stat.st_blocks * 512 < stat.st_size // 64:
        return Kind.SPARSE
    # One stray zero may stand in a text (a torn write after a crash); pages of them do not.
    if head.count(0) > max(8, len(head) // 16):
        return Kind.BINARY
    return Kind.TEXT
