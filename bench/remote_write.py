"""How fast remote-write bodies become columns: decompress + scan + batch, CPU time of one core, no server.

    .venv/bin/python bench/remote_write.py

The bodies are those of the acceptance number: 2,000 known series with one sample and 8 labels each.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Callable

import cramjam

from hannun.model.metric import MetricBatch
from hannun.wire.compression import snappy_block
from hannun.wire.remote_write import FastDecoder, PlainDecoder, Sample, encode

SERIES, ROUNDS, LIMIT_BYTES = 2_000, 300, 64 << 20


def body(ts_ms: int) -> bytes:
    series = [
        (
            (
                ("__name__", f"http_requests_{number % 7}_total"),
                ("code", "200"),
                ("handler", f"/api/v1/items/{number}"),
                ("instance", f"10.0.{number % 16}.{number % 250}:9100"),
                ("job", "shop-backend"),
                ("method", "GET"),
                ("pod", f"shop-backend-6f7d8c9b5-{number:05d}"),
                ("zone", "ap-northeast-2a"),
            ),
            (Sample(ts_ms, float(number * 17)),),
        )
        for number in range(SERIES)
    ]
    return bytes(cramjam.snappy.compress_raw(encode(series)))


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(name: str, decode: Callable[[bytes], object], bodies: list[bytes]) -> float:
    for one in bodies:
        decode(one)
    started_s = cpu_s()
    for _ in range(max(1, ROUNDS // len(bodies))):
        for one in bodies:
            decode(one)
    spent_s = cpu_s() - started_s
    rate = SERIES * max(1, ROUNDS // len(bodies)) * len(bodies) / spent_s
    print(f"{name:<34}{rate / 1e6:8.2f} M samples per CPU-second", file=sys.stdout)
    return rate


def main() -> None:
    bodies = [body(1_700_000_000_000 + 15_000 * step) for step in range(10)]
    raw = snappy_block(bodies[0], LIMIT_BYTES)
    print(f"{SERIES} series x 1 sample: {len(raw)} bytes, {len(bodies[0])} as snappy")
    fast, plain = FastDecoder(), PlainDecoder()

    def whole(compressed: bytes) -> MetricBatch:
        columns = fast.decode(snappy_block(compressed, LIMIT_BYTES))
        return MetricBatch(columns.series(), columns.ts_ms, columns.value)

    measure("snappy + scan + lookup + batch", whole, bodies)
    measure("snappy alone", lambda one: snappy_block(one, LIMIT_BYTES), bodies)
    measure("scan + lookup", lambda _: fast.decode(raw), bodies)
    measure("plain reference", lambda _: plain.decode(raw), bodies[:1] if ROUNDS > 10 else bodies)


if __name__ == "__main__":
    main()
