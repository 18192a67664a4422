"""Batches of log lines as rows of `logs`, without touching their bytes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hannun.model.log import Attributes, LogBatch, NewStream, TextColumn
from hannun.model.metric import Ids
from hannun.store.logs import lines

TRACE_ID_BYTES, SPAN_ID_BYTES = 32, 16
_TIME = pa.timestamp("ns", "UTC")
_SEEN = pa.timestamp("ms", "UTC")
_LABELS = pa.map_(pa.string(), pa.string())


def line_rows(batches: Sequence[LogBatch], identity: dict[str, pa.DictionaryArray]) -> pa.Table:
    """All lines in the order of the batches; `identity` is service, environment and host of each line."""
    parts = [_columns(batch) for batch in batches]
    # A column that no batch fills is left out: the engine then stores nothing for it.
    names = {name: column.type for part in parts for name, column in part.items()}
    columns: dict[str, pa.Array | pa.ChunkedArray] = dict(identity)
    for name, kind in names.items():
        chunks = [
            part[name] if name in part else pa.array(_blank(kind, len(batch)), kind)
            for part, batch in zip(parts, batches, strict=True)
        ]
        columns[name] = chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
    return pa.table(columns)


def stream_rows(new: Sequence[NewStream], now_ms: int) -> pa.Table:
    """Rows of `log_streams`. Raises UnicodeEncodeError for labels that are no text."""
    return pa.table(
        {
            "stream": np.array([one.id for one in new], np.uint64),
            "labels": pa.array([one.labels.pairs for one in new], _LABELS),
            "service": [one.identity.service for one in new],
            "environment": [one.identity.environment for one in new],
            "host": [one.identity.host for one in new],
            "release": [one.identity.release for one in new],
            "first_seen": pa.array(np.full(len(new), now_ms), _SEEN),
        }
    )


def read_back(rows: pa.RecordBatch) -> LogBatch:
    """`stream, ts (ns), body, attributes` of stored rows as a batch: what their hashes are made of."""
    pairs = rows.column("attributes")
    start, end = pairs.offsets[0].as_py(), pairs.offsets[-1].as_py()
    return LogBatch(
        rows.column("stream").to_numpy(),
        rows.column("ts").to_numpy(),
        np.zeros(rows.num_rows, np.uint8),
        _text(rows.column("body")),
        attributes=Attributes(
            np.asarray(pairs.offsets).astype(np.int64) - start,
            _text(pairs.keys.slice(start, end - start)),
            _text(pairs.items.slice(start, end - start)),
        ),
    )


def dictionary(codes: NDArray[np.int32], names: Sequence[str]) -> pa.DictionaryArray:
    """`names[code]` of each line, with a dictionary of those that occur."""
    position = np.full(len(names), -1, np.int32)
    position[codes] = 0
    used = np.flatnonzero(position == 0)
    position[used] = np.arange(len(used), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(position[codes]), pa.array([names[code] for code in used.tolist()]))


def _columns(batch: LogBatch) -> dict[str, pa.Array]:
    columns: dict[str, pa.Array] = {
        "stream": pa.array(np.ascontiguousarray(batch.stream, np.uint64)),
        "ts": pa.array(np.ascontiguousarray(batch.ts_ns, np.int64)).view(_TIME),
        "severity": pa.array(np.ascontiguousarray(batch.severity, np.uint8)),
        "body": _binary(batch.body),
    }
    if batch.said is not None:
        columns["said"] = _binary(batch.said)
    if batch.attributes is not None:
        columns["attributes"] = pa.MapArray.from_arrays(
            pa.array(batch.attributes.offsets.astype(np.int32)),
            _binary(batch.attributes.keys),
            _binary(batch.attributes.values),
        )
    for name, ids, length in (("trace", batch.trace_id, TRACE_ID_BYTES), ("span", batch.span_id, SPAN_ID_BYTES)):
        if ids is not None:
            at, given = lines.locate(batch.body, ids, length)
            columns[f"{name}_at"] = pa.array(at)
            if given is not None:
                columns[f"{name}_given"] = _binary(given)
    return columns


def _blank(kind: pa.DataType, count: int) -> list[object]:
    if pa.types.is_map(kind):
        return [[]] * count
    return [0 if pa.types.is_integer(kind) else b""] * count


def _binary(column: TextColumn) -> pa.Array:
    buffers = [None, pa.py_buffer(column.offsets), pa.py_buffer(np.ascontiguousarray(column.data))]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(column), buffers)


def _text(column: pa.Array) -> TextColumn:
    """A text column of the engine's answer, without a copy of the bytes."""
    width = np.int64 if pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type) else np.int32
    _, offsets, data = column.buffers()
    if offsets is None or not len(column):
        return TextColumn.of([])
    bounds = np.frombuffer(offsets, width)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    bytes_ = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return TextColumn(bytes_, bounds)


def ids_of(new: Sequence[NewStream]) -> Ids:
    return np.array([one.id for one in new], np.uint64)
