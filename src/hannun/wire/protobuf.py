"""Walks protobuf's wire format field by field: the plain reference beside the compiled scanners.

It knows no schema and never recurses; a decoder walks into a nested message by its span. Stricter than the format
where no sender that we know is looser: groups (wire types 3 and 4) and field number 0 are errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hannun.model.errors import WireError

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
VARINT_BYTES_MAX = 10
_UINT64 = 1 << 64
_INT64_MAX = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Field:
    """`value`: the unsigned number of a VARINT, FIXED64 or FIXED32. `start`/`end`: the bytes of a LENGTH payload."""

    number: int
    wire: int
    value: int
    start: int
    end: int
    tag_at: int

    def expect(self, wire: int) -> Field:
        if self.wire != wire:
            raise WireError(
                f"protobuf: field {self.number} at byte {self.tag_at} has wire type {self.wire}, not {wire}"
            )
        return self


def fields(body: bytes, start: int, end: int) -> Iterator[Field]:
    """The fields of the message in `body[start:end]`. Raises WireError at the byte that breaks the format."""
    at = start
    while at < end:
        tag_at = at
        tag, at = varint(body, at, end)
        number, wire = tag >> 3, tag & 7
        if number == 0 or number >= 1 << 29:
            raise WireError(f"protobuf: field number {number} at byte {tag_at}")
        if wire == VARINT:
            value, at = varint(body, at, end)
            yield Field(number, wire, value, at, at, tag_at)
        elif wire == LENGTH:
            length, at = varint(body, at, end)
            if length > end - at:
                raise WireError(
                    f"protobuf: field {number} at byte {tag_at} is {length} bytes long, {end - at} are left"
                )
            yield Field(number, wire, length, at, at + length, tag_at)
            at += length
        elif wire in (FIXED64, FIXED32):
            width = 8 if wire == FIXED64 else 4
            if width > end - at:
                raise WireError(f"protobuf: truncated in field {number} at byte {tag_at}")
            yield Field(number, wire, int.from_bytes(body[at : at + width], "little"), at, at + width, tag_at)
            at += width
        else:
            raise WireError(f"protobuf: unknown wire type {wire} at byte {tag_at}")


def varint(body: bytes, at: int, end: int) -> tuple[int, int]:
    """The unsigned 64-bit number at `at` and the position behind it."""
    value = 0
    for index in range(VARINT_BYTES_MAX):
        if at + index >= end:
            raise WireError(f"protobuf: truncated at byte {at}")
        byte = body[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            if value >= _UINT64:
                break
            return value, at + index + 1
    raise WireError(f"protobuf: number longer than 64 bits at byte {at}")


def signed(value: int) -> int:
    """A varint's unsigned value as int64."""
    return value - _UINT64 if value > _INT64_MAX else value


def text(body: bytes, field: Field) -> str:
    """A string field; raises UnicodeDecodeError (what that means differs per format)."""
    return body[field.expect(LENGTH).start : field.end].decode("utf-8")
