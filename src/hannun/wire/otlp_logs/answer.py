"""What a log exporter is answered: ExportLogsServiceResponse and google.rpc.Status, in the encoding that it spoke."""

from __future__ import annotations

import orjson

from hannun.wire.protobuf_write import nested, text, varint


def success(rejected: int, message: str, *, as_json: bool) -> bytes:
    """With `rejected` records left out and why; both empty where all were taken."""
    if as_json:
        part = {"rejectedLogRecords": str(rejected), "errorMessage": message}
        return orjson.dumps({"partialSuccess": part} if rejected or message else {})
    inner = (b"\x08" + varint(rejected) if rejected else b"") + text(2, message)
    return nested(1, inner) if inner else b""


def failure(message: str, *, as_json: bool) -> bytes:
    """The message alone: exporters act on the HTTP status."""
    return orjson.dumps({"message": message}) if as_json else text(2, message)
