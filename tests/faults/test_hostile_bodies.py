"""Bodies that are cut off, inflate, lie or mean nothing, at every way in: a clear 4xx, and nobody else notices."""

from __future__ import annotations

import gzip
import random
import socket
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import cramjam
import httpx
import pytest

from hannun.model.labels import Labels
from hannun.testing.server import Server
from hannun.testing.traffic import HEADERS, body_of
from hannun.testing.watcher import Watcher

pytestmark = pytest.mark.xdist_group("faults-bodies")

MIB = 1 << 20
GROWTH_BYTES_MAX = 150 * MIB
ANSWER_WITHIN_S = 20.0


def watching(server: Server) -> Watcher:
    """Few answers come in the time of one refusal, and making a bomb keeps a core busy."""
    return Watcher(server.url, late_share=0.2, pid=server.pid)


def snappy(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))


def zstd(body: bytes) -> bytes:
    return bytes(cramjam.zstd.compress(body))


def chunk(tag: int, payload: bytes) -> bytes:
    """One length-delimited protobuf field of up to 127 bytes."""
    assert len(payload) < 128
    return bytes([tag << 3 | 2, len(payload)]) + payload


def write_v1() -> bytes:
    return body_of([Labels.of(__name__="hostile_v1", n=str(n)) for n in range(100)], _now_ms(), [1.0] * 100)


def write_v2() -> bytes:
    sample = b"\x09" + struct.pack("<d", 1.0) + b"\x10" + _varint(_now_ms())
    symbols = b"".join(chunk(4, word.encode()) for word in ("", "__name__", "hostile_v2"))
    return snappy(symbols + chunk(5, chunk(1, b"\x01\x02") + chunk(2, sample)))


def family() -> bytes:
    """A gauge as Pushgateway takes it in protobuf: each family behind its length."""
    metric = chunk(2, b"\x09" + struct.pack("<d", 1.0))
    message = chunk(1, b"hostile_proto") + b"\x18\x01" + chunk(4, metric)
    return bytes([len(message)]) + message


def read_request() -> bytes:
    matcher = chunk(2, b"__name__") + chunk(3, b"hostile_v1")
    return snappy(chunk(1, b"\x08\x00\x10" + _varint(_now_ms() + 60_000) + chunk(3, matcher)))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


@dataclass(frozen=True)
class Door:
    """A way in. `wrapped` is the encoding that its bodies always have, and `good` brings it along."""

    method: str
    path: str
    good: Callable[[], bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    wrapped: str = ""

    def bodies(self, plain: bytes) -> dict[str, bytes]:
        """The same bytes in every encoding that the door takes."""
        if self.wrapped:
            return {self.wrapped: snappy(plain)}
        return {"gzip": gzip.compress(plain, 6), "identity": plain}

    def send(self, server: Server, body: bytes, encoding: str = "") -> httpx.Response:
        headers = dict(self.headers)
        if encoding and encoding != "identity":
            headers["Content-Encoding"] = encoding
        return httpx.request(
            self.method, f"{server.url}{self.path}", content=body, headers=headers, timeout=ANSWER_WITHIN_S
        )


V2 = {"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request"}
DELIMITED = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
DOORS = {
    "remote write 1.0": Door("POST", "/api/v1/write", write_v1, HEADERS, "snappy"),
    "remote write 2.0": Door("POST", "/api/v1/write", write_v2, {**HEADERS, **V2}, "snappy"),
    "remote read": Door("POST", "/api/v1/read", read_request, HEADERS, "snappy"),
    "pushgateway text": Door("PUT", "/metrics/job/hostile", lambda: b"hostile_text 1\n"),
    "pushgateway protobuf": Door("PUT", "/metrics/job/hostile", family, {"Content-Type": DELIMITED}),
    "influx v1": Door("POST", "/write?db=hostile", lambda: b"hostile_influx v=1\n"),
    "influx v2": Door("POST", "/api/v2/write?bucket=hostile&org=o", lambda: b"hostile_influx v=1\n"),
}
at_each_door = pytest.mark.parametrize("door", [pytest.param(door, id=name) for name, door in DOORS.items()])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("bodies") / "data", flags=("--no-self",)) as running:
        for door in DOORS.values():  # What is loaded at first use is no growth.
            answer = door.send(running, door.good())
            assert answer.status_code in (200, 202, 204), answer.text
        yield running
        assert "Traceback" not in running.log, running.log


def refused(answer: httpx.Response, *statuses: int) -> str:
    """The words of a refusal: some, and not the body thrown back."""
    assert answer.status_code in (statuses or (400, 413, 415)), (answer.status_code, answer.text[:300])
    assert 0 < len(answer.text.strip()) < 2_000
    return answer.text


@at_each_door
def test_a_compressed_body_cut_off_anywhere_is_refused(server: Server, door: Door) -> None:
    whole = door.good() if door.wrapped else gzip.compress(door.good())
    with watching(server):
        for end in sorted({1, len(whole) // 4, len(whole) // 2, len(whole) - 1}):
            refused(door.send(server, whole[:end], "" if door.wrapped else "gzip"), 400)


@at_each_door
def test_garbage_is_refused_in_any_encoding(server: Server, door: Door) -> None:
    rng = random.Random(7)
    with watching(server):
        for size in (1, 100, 70_000, 3 * MIB):
            junk = b"\xff" + rng.randbytes(size)
            for encoding, body in door.bodies(junk).items():
                refused(door.send(server, body, encoding), 400, 413)
            refused(door.send(server, junk, "zstd" if not door.wrapped else "snappy"), 400, 413, 415)


@at_each_door
def test_a_body_that_inflates_is_refused_before_it_is_inflated(server: Server, door: Door) -> None:
    before = server.private_bytes()
    zeros = b"\0" * (512 * MIB)
    bomb = snappy(zeros) if door.wrapped else gzip.compress(zeros, 1)
    del zeros
    with watching(server):
        refused(door.send(server, bomb, door.wrapped or "gzip"), 413)
        # Bombs in bombs: a layer is taken off once and never guessed.
        refused(door.send(server, gzip.compress(bomb, 1), "gzip, gzip, gzip"), 400, 413, 415)
    assert server.private_bytes() - before < GROWTH_BYTES_MAX


@at_each_door
def test_a_length_beyond_the_limit_is_refused_before_a_byte_is_sent(server: Server, door: Door) -> None:
    head = [f"{door.method} {door.path} HTTP/1.1", "Host: localhost", f"Content-Length: {1 << 30}"]
    head += [f"{name}: {value}" for name, value in door.headers.items()]
    before = server.private_bytes()
    with watching(server), socket.create_connection(("127.0.0.1", server.port)) as sender:
        sender.settimeout(ANSWER_WITHIN_S)
        sender.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        assert sender.recv(4096).startswith(b"HTTP/1.1 413 ")
    assert server.private_bytes() - before < GROWTH_BYTES_MAX


@at_each_door
def test_a_body_without_end_is_cut_off(server: Server, door: Door) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1024):
            yield b"\0" * MIB

    before = server.private_bytes()
    with watching(server):
        try:
            url = f"{server.url}{door.path}"
            answer = httpx.request(door.method, url, content=endless(), headers=door.headers, timeout=60)
            refused(answer, 413)
        except httpx.TransportError:
            pass  # Closed while we were still sending: as good an answer.
    assert server.private_bytes() - before < GROWTH_BYTES_MAX


@at_each_door
def test_after_all_of_it_the_door_is_open(server: Server, door: Door) -> None:
    """Runs after the tests above it, whose bodies stored nothing and broke nothing."""
    assert door.send(server, door.good()).status_code in (200, 202, 204)
    if not door.wrapped:
        assert door.send(server, gzip.compress(door.good()), "gzip").status_code in (200, 202, 204)
    found = httpx.get(f"{server.url}/api/v1/label/__name__/values", timeout=30).json()["data"]
    names = {"hostile_v1", "hostile_v2", "hostile_text", "hostile_proto", "hostile_influx_v"}
    assert set(found) - names <= {"push_time_seconds", "push_failure_time_seconds"}
