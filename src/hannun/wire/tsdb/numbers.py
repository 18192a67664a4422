"""Numbers as Go's encoding/binary writes them, with a bound at every step."""

from __future__ import annotations

from hannun.model.errors import WireError

Bytes = bytes | memoryview
VARINT_BYTES_MAX = 10


class Cursor:
    """A position in bytes that never leaves `[at, end)`. Every read raises WireError where the bytes end."""

    __slots__ = ("_data", "at", "end", "what")

    def __init__(self, data: Bytes, at: int, end: int, what: str) -> None:
        if not 0 <= at <= end <= len(data):
            raise WireError(f"{what}: points outside its file ({at}..{end} of {len(data)} bytes)")
        self._data = data
        self.at = at
        self.end = end
        self.what = what

    def left(self) -> int:
        return self.end - self.at

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> Bytes:
        if count < 0 or count > self.end - self.at:
            raise WireError(f"{self.what}: truncated at byte {self.at}")
        self.at += count
        return self._data[self.at - count : self.at]

    def be32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def be64(self) -> int:
        return int.from_bytes(self.take(8), "big")

    def uvarint(self) -> int:
        value = 0
        data, at = self._data, self.at
        for index in range(VARINT_BYTES_MAX):
            if at >= self.end:
                raise WireError(f"{self.what}: truncated at byte {self.at}")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                self.at = at
                return value & 0xFFFF_FFFF_FFFF_FFFF
        raise WireError(f"{self.what}: number longer than 64 bits at byte {self.at}")

    def varint(self) -> int:
        """Zigzag."""
        value = self.uvarint()
        return value >> 1 if not value & 1 else -(value >> 1) - 1

    def text(self) -> str:
        raw = bytes(self.take(self.uvarint()))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise WireError(f"{self.what}: a text that is not UTF-8 at byte {self.at}") from None
