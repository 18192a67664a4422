"""Sample traffic: remote-write 1.0 bodies made fast enough that the sender is never what a bench measures.

A body's label bytes are encoded once; values and timestamps have fixed width on the wire (a double, and a 6-byte
varint for any time between 2004 and 2109), so that each further body is a patch of a NumPy array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cramjam
import numpy as np
from numpy.typing import NDArray

from hannun.model.labels import Labels

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_TS_BYTES = 6


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(tag: int, payload: bytes) -> bytes:
    return bytes([tag]) + _varint(len(payload)) + payload


def encode_labels(labels: Labels) -> bytes:
    """The `labels` fields of one TimeSeries message."""
    return b"".join(_field(0x0A, _field(0x0A, name.encode()) + _field(0x12, value.encode())) for name, value in labels)


@dataclass(slots=True)
class WriteBody:
    """A WriteRequest of a fixed set of series with `per_series` samples each; `at()` fills in times and values."""

    template: NDArray[np.uint8]
    value_at: NDArray[np.int64]
    ts_at: NDArray[np.int64]

    @staticmethod
    def of(series: Sequence[Labels], per_series: int = 1) -> WriteBody:
        sample = b"\x12" + _varint(9 + 1 + _TS_BYTES) + b"\x09" + bytes(8) + b"\x10" + bytes(_TS_BYTES)
        out = bytearray()
        value_at, ts_at = [], []
        for labels in series:
            payload = encode_labels(labels)
            message = payload + sample * per_series
            head = b"\x0a" + _varint(len(message))
            first = len(out) + len(head) + len(payload)
            for number in range(per_series):
                begin = first + number * len(sample)
                value_at.append(begin + 3)
                ts_at.append(begin + 12)
            out += head + message
        return WriteBody(np.frombuffer(bytes(out), np.uint8), np.array(value_at), np.array(ts_at))

    def at(self, ts_ms: NDArray[np.int64], values: NDArray[np.float64]) -> bytes:
        """The snappy-compressed body; `ts_ms` and `values` in series order, samples of a series adjacent."""
        raw = self.template.copy()
        raw[self.value_at[:, None] + np.arange(8)] = values.astype("<f8").view(np.uint8).reshape(-1, 8)
        shifts = np.arange(_TS_BYTES, dtype=np.int64) * 7
        digits = (ts_ms[:, None] >> shifts) & 0x7F
        digits[:, :-1] |= 0x80
        raw[self.ts_at[:, None] + np.arange(_TS_BYTES)] = digits.astype(np.uint8)
        return bytes(cramjam.snappy.compress_raw(raw.tobytes()))


def counters(metric: str, count: int, *, job: str = "bench", extra: Iterable[tuple[str, str]] = ()) -> list[Labels]:
    """`count` label sets of a realistic width (8 labels, about 190 bytes)."""
    fixed = dict(extra)
    return [
        Labels.of(
            {
                "__name__": metric,
                "job": job,
                "instance": f"10.0.{n // 250 % 250}.{n % 250}:8000",
                "method": ("GET", "POST", "PUT", "DELETE")[n % 4],
                "handler": f"/api/v1/resource/{n % 50}",
                "status": ("200", "201", "400", "404", "500")[n % 5],
                "pod": f"shop-{n:06d}",
                "environment": "production",
                **fixed,
            }
        )
        for n in range(count)
    ]


def body_of(labels: Sequence[Labels], ts_ms: int, values: Sequence[float]) -> bytes:
    """The body of one sample per series, all at one time."""
    return WriteBody.of(labels).at(np.full(len(labels), ts_ms, np.int64), np.array(values, np.float64))
