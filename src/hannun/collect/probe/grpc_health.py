"""grpc.health.v1 messages in bytes: a request of one string, an answer of one enum (health.proto). Pure."""

from __future__ import annotations

from hannun.model.errors import WireError
from hannun.wire.protobuf import VARINT, fields

STATUSES = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}


def health_request(service: str) -> bytes:
    """HealthCheckRequest{service}."""
    raw = service.encode()
    return b"\x0a" + _varint(len(raw)) + raw if raw else b""


def serving_status(framed: bytes) -> str:
    """The status of a HealthCheckResponse in its gRPC frame. Raises WireError."""
    if len(framed) < 5:
        raise WireError("gRPC: the answer has no message")
    if framed[0]:
        raise WireError("gRPC: the answer is compressed, and we asked for no compression")
    size = int.from_bytes(framed[1:5], "big")
    if len(framed) < 5 + size:
        raise WireError(f"gRPC: the message has {len(framed) - 5} of {size} bytes")
    status = 0
    for field in fields(framed, 5, 5 + size):
        if field.number == 1:
            status = field.expect(VARINT).value
    return STATUSES.get(status, "UNKNOWN")


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
