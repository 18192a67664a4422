"""Error events over HTTP, as Sentry's Python SDK sends them: about 30 kB of JSON each, gzipped, one envelope per event.

Rows: events visible per second of server CPU; the time to the answer at 200 and 500 events offered a second; disk per
event; private memory during all of it. "Visible" is what the issue pages count, asked of the server.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from run import Line

from hannun.testing.sentry_events import django
from hannun.testing.server import Server

BURST = 6_000
KINDS = 20
"""Different bugs, each met again and again."""
SENDERS = 16
SECONDS = 10
BUGSINK_PER_CPU_S = 55
"""Bugsink 2.6 on such a machine, as measured when the bar was set."""


@dataclass(frozen=True, slots=True)
class Target:
    host: str
    port: int
    path: str
    key: str

    @staticmethod
    def of(dsn: str) -> Target:
        parts = urlsplit(dsn)
        return Target(
            parts.hostname or "", parts.port or 80, f"/api/{parts.path.strip('/')}/envelope/", parts.username or ""
        )

    def request(self, body: bytes) -> bytes:
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: {self.host}\r\ncontent-encoding: gzip\r\n"
            f"x-sentry-auth: Sentry sentry_key={self.key}, sentry_version=7, sentry_client=sentry.python/2.75.0\r\n"
            f"content-type: application/x-sentry-envelope\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def envelopes(count: int, first: int) -> list[bytes]:
    """Gzipped envelopes of different events, each with an id of its own."""
    made = []
    for number in range(first, first + count):
        event = {**django(number % KINDS), "event_id": f"{number:032x}", "timestamp": time.time()}
        payload = json.dumps(event, ensure_ascii=False).encode()
        head = json.dumps({"event_id": event["event_id"]}).encode()
        item = json.dumps({"type": "event", "length": len(payload)}).encode()
        made.append(gzip.compress(b"\n".join((head, item, payload, b"")), 6))
    return made


class Sender:
    """One connection that is kept."""

    def __init__(self, target: Target) -> None:
        self._target = target

    async def open(self) -> Sender:
        self._reader, self._writer = await asyncio.open_connection(self._target.host, self._target.port)
        return self

    async def send(self, body: bytes) -> int:
        self._writer.write(self._target.request(body))
        head = await self._reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:] if b": " in line)
        await self._reader.readexactly(int(fields.get(b"content-length", b"0")))
        return int(head.split(b" ", 2)[1])


async def burst(target: Target, bodies: Sequence[bytes]) -> None:
    """As fast as the server takes them."""
    waiting = iter(bodies)

    async def one(sender: Sender) -> None:
        for body in waiting:
            status = await sender.send(body)
            assert status == 200, status

    await asyncio.gather(*[one(await Sender(target).open()) for _ in range(SENDERS)])


async def offered(target: Target, bodies: Sequence[bytes], per_s: int) -> list[float]:
    """Seconds to each answer, counted from when it was due: a server that falls behind is not waited for."""
    free: asyncio.Queue[Sender] = asyncio.Queue()
    for _ in range(64):
        free.put_nowait(await Sender(target).open())
    began, took = time.perf_counter(), []

    async def one(number: int, body: bytes) -> None:
        due = began + number / per_s
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        sender = await free.get()
        assert await sender.send(body) == 200
        took.append(time.perf_counter() - due)
        free.put_nowait(sender)

    await asyncio.gather(*[one(number, body) for number, body in enumerate(bodies)])
    return sorted(took)


def visible(server: Server) -> int:
    params = {"query": "", "limit": 200}
    answer = httpx.get(f"{server.url}/api/hannun/v1/errors", params=params, timeout=60).json()
    return sum(issue["events"] for issue in answer["issues"])


def run(folder: Path) -> Iterator[Line]:
    with Server(folder / "errors", flags=("--no-self", "--memory", "1GiB")) as server:
        target = Target.of(httpx.get(f"{server.url}/api/hannun/v1/projects").json()[0]["dsn"])
        warm = envelopes(200, 0)
        raw_kb = sum(len(gzip.decompress(body)) for body in warm) / len(warm) / 1000
        asyncio.run(burst(target, warm))
        bodies = envelopes(BURST, 1_000)
        cpu_s, began = server.cpu_s(), time.perf_counter()
        asyncio.run(burst(target, bodies))
        while visible(server) < BURST + len(warm):
            time.sleep(0.05)
        per_cpu_s = BURST / (server.cpu_s() - cpu_s)
        wall = BURST / (time.perf_counter() - began)
        yield Line(
            f"errors of {raw_kb:.0f} kB, visible per CPU-second",
            f"{per_cpu_s:,.0f} ({wall:,.0f}/s of wall)",
            f"{BUGSINK_PER_CPU_S} (Bugsink, measured before)",
            f"{per_cpu_s / BUGSINK_PER_CPU_S:.1f}×",
            "≥ 550",
            per_cpu_s >= 550,
        )
        for per_s, bar_ms in ((200, 50), (500, 250)):
            took = asyncio.run(offered(target, envelopes(per_s * SECONDS, 100_000 * per_s), per_s))
            p99_ms = took[len(took) * 99 // 100] * 1000
            yield Line(
                f"errors, p99 to the answer at {per_s}/s offered",
                f"{p99_ms:.0f} ms (median {took[len(took) // 2] * 1000:.1f})",
                bar=f"≤ {bar_ms} ms",
                met=p99_ms <= bar_ms,
            )
        private_mib = server.private_bytes() / 2**20
        yield Line("errors, private memory after it", f"{private_mib:.0f} MiB", bar="≤ 450 MiB", met=private_mib <= 450)
        stored = BURST + len(warm) + (200 + 500) * SECONDS
        time.sleep(30)  # Merges.
        size = sum(
            file.stat().st_size
            for file in (server.data_dir).rglob("*")
            if file.is_file() and "ballast" not in file.name
        )
        yield Line("errors, disk per event", f"{size / stored:,.0f} B", bar="≤ 4,000 B", met=size / stored <= 4000)
