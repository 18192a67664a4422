"""Lines -> a protobuf push, for what we send ourselves: the agent, tests, benches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hannun.model.labels import Labels, quoted
from hannun.wire.protobuf_write import nested, text, varint

Line = tuple[int, str | bytes, Sequence[tuple[str, str]]]


def encode(streams: Iterable[tuple[str, Iterable[Line]]]) -> bytes:
    """An uncompressed PushRequest of (labels as text, lines); `labels_text` writes the former."""
    return b"".join(nested(1, text(1, labels) + b"".join(map(_entry, lines))) for labels, lines in streams)


def labels_text(labels: Labels) -> str:
    """`{a="b", c="d"}`, as Promtail writes it."""
    return "{" + ", ".join(f"{name}={quoted(value)}" for name, value in labels) + "}"


def _entry(line: Line) -> bytes:
    ts_ns, body, metadata = line
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    seconds, nanos = divmod(ts_ns, 1_000_000_000)
    when = b"\x08" + varint(seconds % (1 << 64)) + (b"\x10" + varint(nanos) if nanos else b"")
    pairs = b"".join(nested(3, text(1, name) + text(2, value)) for name, value in metadata)
    return nested(2, nested(1, when) + (nested(2, raw) if raw else b"") + pairs)
