"""Answers -> the JSON that Prometheus sends, in bulk.

Large answers are made by orjson over one flat array (shortest round-trip digits) and framed by a compiled pass; no
value becomes a Python object. Small ones take a plain path, which is also the reference for the bulk path's tests.
"""

from __future__ import annotations

import numpy as np
import orjson

from hannun.model.labels import Labels
from hannun.model.metric import Floats
from hannun.model.time import format_seconds
from hannun.query.promql.answer import Answer, RawSamples
from hannun.query.promql.grid import Bools
from hannun.query.promql.numbers import go_float, plain_float

PLAIN_CELLS_MAX = 200
"""Up to here Python is faster than starting the kernels, and needs no numba."""
PIECE_CELLS = 200_000


def data_json(answer: Answer) -> bytes:
    """`{"resultType":…,"result":…}`."""
    match answer.kind:
        case "vector":
            result = vector_json(answer)
        case "matrix":
            result = matrix_json(answer)
        case "scalar":
            # A scalar never has an exponent: Prometheus writes it with its general encoder, samples with a fast one.
            value = plain_float(float(answer.values[0, 0]))
            result = f'[{format_seconds(answer.start_ms)},"{value}"]'.encode()
        case "string":
            result = b"[" + format_seconds(answer.start_ms).encode() + b"," + _json_text(answer.text) + b"]"
    return b'{"resultType":"' + answer.kind.encode() + b'","result":' + result + b"}"


def vector_json(answer: Answer) -> bytes:
    """`[{"metric":{…},"value":[ts,"v"]},…]`."""
    rows = _rows(answer.values, answer.present, [format_seconds(answer.start_ms)])
    parts = [
        b'{"metric":' + _metric(labels) + b',"value":' + row + b"}"
        for labels, row in zip(answer.labels, rows, strict=True)
    ]
    return b"[" + b",".join(parts) + b"]"


def matrix_json(answer: Answer) -> bytes:
    """`[{"metric":{…},"values":[[ts,"v"],…]},…]`."""
    if answer.raw is not None:
        rows = [_raw_row(answer.raw, row) for row in range(len(answer.labels))]
    else:
        stamps = [format_seconds(answer.start_ms + k * answer.step_ms) for k in range(answer.steps)]
        rows = _rows(answer.values, answer.present, stamps)
    parts = [
        b'{"metric":' + _metric(labels) + b',"values":[' + row + b"]}"
        for labels, row in zip(answer.labels, rows, strict=True)
        if row
    ]
    return b"[" + b",".join(parts) + b"]"


def _rows(values: Floats, present: Bools, stamps: list[str]) -> list[bytes]:
    if values.size <= PLAIN_CELLS_MAX:
        return plain_rows(values, present, stamps)
    return bulk_rows(values, present, stamps)


def plain_rows(values: Floats, present: Bools, stamps: list[str]) -> list[bytes]:
    """The present cells of each row as `[ts,"v"],…`, one value at a time."""
    return [
        ",".join(
            f'[{stamps[k]},"{go_float(value)}"]'
            for k, (value, there) in enumerate(zip(row.tolist(), mask.tolist(), strict=True))
            if there
        ).encode()
        for row, mask in zip(values, present, strict=True)
    ]


def bulk_rows(values: Floats, present: Bools, stamps: list[str]) -> list[bytes]:
    """As `plain_rows`, compiled."""
    from hannun.query.promql.kernels.framing import VALUE_BYTES_MAX, frame

    texts = [stamp.encode() for stamp in stamps]
    stamp_bytes = np.frombuffer(b"".join(texts), dtype=np.uint8)
    stamp_at = np.concatenate((np.zeros(1, np.int64), np.cumsum([len(text) for text in texts], dtype=np.int64)))
    longest = max((len(text) for text in texts), default=0)
    rows_per_piece = max(PIECE_CELLS // max(len(stamps), 1), 1)
    out: list[bytes] = []
    buffer = np.empty(0, dtype=np.uint8)
    for first in range(0, len(values), rows_per_piece):
        piece = np.ascontiguousarray(values[first : first + rows_per_piece])
        mask = np.ascontiguousarray(present[first : first + rows_per_piece])
        cells = int(mask.sum())
        source = np.frombuffer(orjson.dumps(piece[mask], option=orjson.OPT_SERIALIZE_NUMPY), dtype=np.uint8)
        size = cells * (longest + VALUE_BYTES_MAX + 6)
        if len(buffer) < size:
            buffer = np.empty(size, dtype=np.uint8)
        ends = np.empty(len(piece), dtype=np.int64)
        written = frame(source, piece, mask, stamp_bytes, stamp_at, buffer, ends)
        text = buffer[:written].tobytes()
        start = 0
        for end in ends.tolist():
            out.append(text[start:end])
            start = end
    return out


def _raw_row(raw: RawSamples, row: int) -> bytes:
    piece = slice(int(raw.offsets[row]), int(raw.offsets[row + 1]))
    values = raw.value[piece][None, :]
    stamps = [format_seconds(ms) for ms in raw.ts_ms[piece].tolist()]
    return _rows(values, np.ones_like(values, dtype=np.bool_), stamps)[0]


def _metric(labels: Labels) -> bytes:
    try:
        return orjson.dumps(dict(labels.pairs))
    except TypeError:  # a lone surrogate cannot be sent as UTF-8
        return orjson.dumps({_sendable(name): _sendable(value) for name, value in labels.pairs})


def _json_text(text: str) -> bytes:
    return orjson.dumps(_sendable(text))


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
