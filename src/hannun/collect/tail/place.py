"""How far a file was read, told apart from every other file that ever had its path."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

FINGERPRINT_BYTES = 256
"""Inodes are given out again at once; the first bytes of two logs differ, because they begin with a time."""


@dataclass(frozen=True, slots=True)
class Place:
    """`head` is the hash of the first `head_bytes` bytes; 0 of them match anything (Promtail's own positions).

    `reader` tells the places of several jobs in one file apart; "" where Promtail told it. Of a
    compressed file `offset` counts the lines that were read.
    """

    path: str
    offset: int
    device: int = 0
    inode: int = 0
    head: str = ""
    head_bytes: int = 0
    reader: str = ""

    @property
    def key(self) -> str:
        """Names whose place it is. Paths hold no NUL."""
        return f"{self.path}\0{self.reader}" if self.reader else self.path

    def is_of(self, stat: os.stat_result, beginning: bytes) -> bool:
        """Whether this place lies in the file that now has these numbers and begins so."""
        if self.inode and (self.device, self.inode) != (stat.st_dev, stat.st_ino):
            return False
        if len(beginning) < self.head_bytes:
            return False
        return not self.head_bytes or fingerprint(beginning[: self.head_bytes]) == self.head

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(said: Mapping[str, Any]) -> Place:
        """Raises KeyError, TypeError, ValueError for what none of ours wrote."""
        return Place(
            str(said["path"]),
            int(said["offset"]),
            int(said["device"]),
            int(said["inode"]),
            str(said["head"]),
            int(said["head_bytes"]),
            str(said.get("reader", "")),
        )


def fingerprint(beginning: bytes) -> str:
    return hashlib.blake2b(beginning, digest_size=16).hexdigest()
