"""multipart/form-data (RFC 7578) -> its parts, bounded: for attachments and crash dumps. No temporary files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from hannun.model.errors import TooLarge, WireError

PARTS_MAX = 100
PART_HEADER_BYTES_MAX = 8_192
NAME_LENGTH_MAX = 255
_BOUNDARY = re.compile(r"""boundary=(?:"([^"\r\n]{1,200})"|([^\s;",]{1,200}))""", re.IGNORECASE)
_PARAMETER = re.compile(rb';\s*([a-zA-Z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;]*))')


@dataclass(frozen=True, slots=True)
class Part:
    """`filename` None: a plain field. The name is what the sender says; it is never a path of ours."""

    name: str
    filename: str | None
    content_type: str
    data: memoryview


def boundary(content_type: str) -> bytes:
    """Raises WireError when the header names none."""
    found = _BOUNDARY.search(content_type) if content_type.lower().lstrip().startswith("multipart/") else None
    if found is None:
        raise WireError("expected multipart/form-data with a boundary")
    return (found[1] or found[2]).encode("latin-1", "replace")


def parse(body: bytes, content_type: str) -> list[Part]:
    """In their order. Raises WireError, and TooLarge for more than `PARTS_MAX`."""
    mark = b"--" + boundary(content_type)
    at = 0 if body.startswith(mark) else _after(body, body.find(b"\r\n" + mark))
    view = memoryview(body)
    parts: list[Part] = []
    while True:
        at += len(mark)
        if body.startswith(b"--", at):
            return parts
        at = body.find(b"\r\n", at)
        if at < 0:
            raise WireError("multipart: the end is missing")
        head_end = body.find(b"\r\n\r\n", at, at + PART_HEADER_BYTES_MAX)
        if head_end < 0:
            raise WireError("multipart: a part has no headers")
        if len(parts) >= PARTS_MAX:
            raise TooLarge(f"multipart: more than {PARTS_MAX} parts")
        start = head_end + 4
        # A part may be empty: then the line break before the mark is the last one of the headers.
        end = body.find(b"\r\n" + mark, head_end + 2)
        if end < 0:
            raise WireError("multipart: the end is missing")
        parts.append(_part(body[at + 2 : head_end], view[start : max(start, end)]))
        at = end + 2


def _after(body: bytes, at: int) -> int:
    if at < 0:
        raise WireError("multipart: the boundary is missing")
    return at + 2


def _part(head: bytes, data: memoryview) -> Part:
    headers: dict[str, bytes] = {}
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        headers[name.strip().lower().decode("latin-1")] = value.strip()
    told: dict[str, str] = {}
    for found in _PARAMETER.finditer(headers.get("content-disposition", b"")):
        raw = re.sub(rb"\\(.)", rb"\1", found[2]) if found[2] is not None else found[3]
        told[found[1].lower().decode("latin-1")] = raw.decode("utf-8", "replace")
    if "name" not in told:
        raise WireError("multipart: a part has no name")
    filename = told.get("filename")
    if (extended := told.get("filename*")) is not None:
        filename = unquote(extended.rpartition("'")[2])
    return Part(
        told["name"][:NAME_LENGTH_MAX],
        None if filename is None else filename[:NAME_LENGTH_MAX],
        headers.get("content-type", b"").decode("latin-1")[:NAME_LENGTH_MAX],
        data,
    )
