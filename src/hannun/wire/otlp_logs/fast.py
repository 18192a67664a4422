"""The protobuf decoder of the hot path: one compiled scan; resources and scopes are read once for as long as they last.

Whatever the scan does not know goes to the plain decoder: a value, a record, or a whole body; so do its errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hannun.wire.loki.columns import NS_MAX, Bytes, Pairs, PushColumns, stream_key
from hannun.wire.loki.limits import PushLimits
from hannun.wire.otlp_logs import records, scan
from hannun.wire.otlp_logs.mapping import (
    DEFAULT,
    SALT,
    Metadata,
    OtlpMapping,
    decode_protobuf,
    of_record,
    of_scope,
)
from hannun.wire.otlp_logs.room import Room, scanned
from hannun.wire.otlp_logs.values import any_value, as_text
from hannun.wire.protobuf_write import nested, text

REMEMBERED_MAX = 4_096
REMEMBERED_BYTES_MAX = 4 << 10
"""Of so many resources, and as many scopes, of at most so many bytes it is kept what they say."""
_DOUBLE = 0x21
"""The tag of AnyValue's double."""


@dataclass(frozen=True, slots=True)
class _Resource:
    key: tuple[int, int]
    labels: Pairs
    metadata: Metadata


class FastDecoder:
    """Safe to use from several threads at once; the scan runs without the GIL."""

    def __init__(self, mapping: OtlpMapping = DEFAULT, limits: PushLimits | None = None) -> None:
        self._mapping = mapping
        self._limits = limits or PushLimits()
        # Labels out of records and rules for their attributes are for the plain decoder.
        self._plain = mapping.severity_text_as_label or bool(mapping.record)
        self._resources: dict[bytes, _Resource] = {}
        self._scopes: dict[bytes, Metadata] = {}

    def decode(self, body: bytes, *, now_ns: int) -> PushColumns:
        """Raises WireError, or TooLarge for more lines or metadata than one request may bring."""
        room = None if self._plain else scanned(body, self._limits)
        if room is None:
            return decode_protobuf(body, now_ns=now_ns, mapping=self._mapping, limits=self._limits)
        return self._columns(body, room, now_ns)

    def _columns(self, body: bytes, room: Room, now_ns: int) -> PushColumns:
        grouped, lines, told, odd, left, written = room.tally.tolist()
        extra = _Extra(written)
        groups = room.groups[:grouped]
        of_group, resources, heads, head_texts = self._heads(body, groups.tolist())
        head_pairs, head_at = extra.tables(head_texts)
        pairs, ends, spans = room.pairs[:told], room.ends[:lines], room.lines[:lines]
        times = room.times[:lines].copy()
        noted = room.values[:odd]
        put, targets = extra.put_all(_texts(body, room.text, noted)), noted[:, 0]
        spans[-1 - targets[targets < 0]] = put[targets < 0]
        pairs[targets[targets >= 0], 2:] = put[targets >= 0]
        own: list[Metadata] = []
        for line, start, end in room.records[:left].tolist():
            record = records.of_protobuf(body, start, end)
            own.append(of_record(record, self._mapping))
            spans[line] = extra.put(as_text(record.body).encode("utf-8", "replace"))
            times[line] = record.time_ns or record.observed_ns
        record_pairs, record_at = extra.tables(own)
        counts = np.ascontiguousarray(groups[:, scan.COUNT])
        total = told + len(record_pairs) + int((np.diff(head_at)[heads] * counts).sum())
        self._limits.check_pairs(total)
        joined = np.empty((total, 4), dtype=np.int64)
        offsets = np.empty(lines + 1, dtype=np.int64)
        odd_lines = room.records[:left]
        scan.join(counts, heads, head_pairs, head_at, pairs, ends, odd_lines, record_pairs, record_at, joined, offsets)
        times[times == 0] = min(max(now_ns, 0), NS_MAX)
        rows, row_counts = _runs(of_group, counts)
        return PushColumns(
            text=extra.behind(room.text),
            keys=np.array([resources[row].key for row in rows], dtype=np.uint64).reshape(-1, 2),
            counts=row_counts,
            ts_ns=np.minimum(times, np.uint64(NS_MAX)).astype(np.int64),
            lines=spans,
            pairs_of=lambda index: resources[rows[index]].labels,
            pairs=joined if total else None,
            pair_offsets=offsets if total else None,
        )

    def _heads(
        self, body: bytes, groups: Sequence[Sequence[int]]
    ) -> tuple[NDArray[np.int64], list[_Resource], NDArray[np.int64], list[Metadata]]:
        """Per group its resource and its head (resource and scope together); the resources and the heads."""
        numbers: dict[bytes, int] = {}
        resources: list[_Resource] = []
        head_numbers: dict[tuple[int, bytes], int] = {}
        heads: list[Metadata] = []
        of_group = np.empty(len(groups), dtype=np.int64)
        head_of = np.empty(len(groups), dtype=np.int64)
        for index, (start, end, scope_start, scope_end, _count) in enumerate(groups):
            raw = body[start:end] if start >= 0 else b""
            number = numbers.get(raw)
            if number is None:
                number = numbers[raw] = len(resources)
                resources.append(self._resource(raw))
            raw_scope = body[scope_start:scope_end] if scope_start >= 0 else b""
            head = head_numbers.get((number, raw_scope))
            if head is None:
                head = head_numbers[number, raw_scope] = len(heads)
                heads.append([*resources[number].metadata, *self._scope(raw_scope)])
            of_group[index] = number
            head_of[index] = head
        return of_group, resources, head_of, heads

    def _resource(self, raw: bytes) -> _Resource:
        found = self._resources.get(raw)
        if found is None:
            labels, metadata = self._mapping.labels(records.resource(raw, 0, len(raw)))
            first, second = np.frombuffer(stream_key(labels, SALT), dtype=np.uint64).tolist()
            found = _Resource((first, second), labels, metadata)
            _remember(self._resources, raw, found)
        return found

    def _scope(self, raw: bytes) -> Metadata:
        found = self._scopes.get(raw)
        if found is None:
            found = of_scope(records.scope(raw, 0, len(raw)), self._mapping)
            _remember(self._scopes, raw, found)
        return found


def _remember(known: dict[bytes, Any], raw: bytes, found: Any) -> None:
    if len(raw) <= REMEMBERED_BYTES_MAX:
        if len(known) >= REMEMBERED_MAX:
            known.clear()
        known[raw] = found


def _texts(body: bytes, view: Bytes, noted: NDArray[np.int64]) -> list[bytes]:
    """What the noted values say; doubles are read all at once."""
    starts, ends = noted[:, 1], noted[:, 2]
    double = (ends - starts == 9) & (view[starts] == _DOUBLE)
    places = (starts[double] + 1)[:, None] + np.arange(8)
    doubles = iter(view[places].view("<f8").ravel().tolist())
    return [
        as_text(next(doubles) if is_double else any_value(body, start, end)).encode("utf-8", "replace")
        for start, end, is_double in zip(starts.tolist(), ends.tolist(), double.tolist(), strict=True)
    ]


class _Extra:
    """Texts that are written behind all that the scan has written."""

    def __init__(self, at: int) -> None:
        self._at = at
        self._bytes = bytearray()

    def put(self, text: bytes) -> tuple[int, int]:
        start = self._at + len(self._bytes)
        self._bytes += text
        return start, start + len(text)

    def put_all(self, texts: Sequence[bytes]) -> NDArray[np.int64]:
        """Their spans, int64[n, 2]."""
        ends = self._at + len(self._bytes) + np.cumsum([len(text) for text in texts], dtype=np.int64)
        self._bytes += b"".join(texts)
        return np.column_stack((ends - np.array([len(text) for text in texts], dtype=np.int64), ends))

    def tables(self, told: Sequence[Metadata]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All pairs as spans int64[p, 4], and where those of each one begin int64[n + 1]."""
        pairs = [(*self.put(key), *self.put(value)) for metadata in told for key, value in metadata]
        begins = np.zeros(len(told) + 1, dtype=np.int64)
        np.cumsum([len(metadata) for metadata in told], out=begins[1:])
        return np.array(pairs, dtype=np.int64).reshape(-1, 4), begins

    def behind(self, text: Bytes) -> Bytes:
        """`text` with these behind it, in its own room where there is enough."""
        end = self._at + len(self._bytes)
        if end > len(text):
            text = np.concatenate((text[: self._at], np.empty(end - self._at, dtype=np.uint8)))
        text[self._at : end] = np.frombuffer(self._bytes, dtype=np.uint8)
        return text


def _runs(of_group: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[list[int], NDArray[np.int64]]:
    """Resources of the lines, neighbours of one resource together, and how many lines each run has."""
    some = np.flatnonzero(counts)
    of_group, counts = of_group[some], counts[some]
    if not len(some):
        return [], counts
    starts = np.flatnonzero(np.concatenate(([True], of_group[1:] != of_group[:-1])))
    return of_group[starts].tolist(), np.add.reduceat(counts, starts)


def warm() -> None:
    """Compile (or load from numba's cache) the scan, so that no request waits for it."""
    record = nested(5, text(1, "line")) + nested(6, text(1, "a.b") + nested(2, b"\x18\x01"))
    FastDecoder().decode(nested(1, nested(2, nested(2, record))), now_ns=1)
