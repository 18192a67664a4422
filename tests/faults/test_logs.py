"""Hostile pushes of lines, at every way in: a clear 4xx or a line that was mended; a good sender notices nothing."""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cramjam
import httpx
import pytest

from hannun.testing.server import Server
from hannun.testing.waiting import until
from hannun.testing.watcher import Watcher
from hannun.wire.loki import encode

pytestmark = pytest.mark.xdist_group("faults-logs")

MIB = 1 << 20
GROWTH_BYTES_MAX = 200 * MIB
ANSWER_WITHIN_S = 20.0
PUSH = "/loki/api/v1/push"
PROTO = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}

Lines = Sequence[tuple[int, str | bytes, Sequence[tuple[str, str]]]]


def snappy(raw: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(raw))


def push_body(labels: str, *texts: str | bytes) -> bytes:
    """A push of these lines, now."""
    now_ns = time.time_ns()
    return snappy(encode([(labels, [(now_ns + at, text, []) for at, text in enumerate(texts)])]))


class GoodSender(threading.Thread):
    """Pushes a line every 50 ms, as Promtail does: with the Watcher's checks of `/-/healthy`, and 204 each time."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._enough = threading.Event()
        self.answers: list[int] = []
        self.texts: list[str] = []

    def run(self) -> None:
        with httpx.Client(base_url=self._url, timeout=ANSWER_WITHIN_S) as client:
            while not self._enough.is_set() or not self.answers:
                text = f"good line {len(self.texts)} {time.time_ns()}"
                self.texts.append(text)
                body = push_body('{app="good"}', text)
                self.answers.append(client.post(PUSH, content=body, headers=PROTO).status_code)
                time.sleep(0.05)

    def __enter__(self) -> GoodSender:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self.join(ANSWER_WITHIN_S)
        assert set(self.answers) == {204}, self.answers


class Undisturbed:
    """Health checks in time, and a good sender whose every push is 204.

    Building and sending bombs keeps a core busy here, so more answers than usual may be the test's own doing.
    """

    def __init__(self, server: Server) -> None:
        self._watcher = Watcher(server.url, late_share=0.2, pid=server.pid)
        self._sender = GoodSender(server.url)

    def __enter__(self) -> Undisturbed:
        self._watcher.__enter__()
        self._sender.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._sender.__exit__(*error)
        self._watcher.__exit__(*error)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("logs") / "data", flags=("--no-self",)) as running:
        for door in DOORS.values():  # What is loaded at first use is no growth.
            answer = door.send(running, door.good())
            assert answer.status_code in (200, 204), answer.text
        assert ask(running, '{app=~".+"}') is not None
        yield running
        assert "Traceback" not in running.log, running.log
        assert "ERROR" not in running.log, running.log


def ask(server: Server, query: str, **more: str) -> list[dict[str, object]]:
    """Streams of the last hour."""
    asked = {"query": query, "limit": "5000", **more}
    answer = httpx.post(f"{server.url}/loki/api/v1/query_range", data=asked, timeout=30)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, object]] = answer.json()["data"]["result"]
    return found


def texts_of(server: Server, query: str) -> list[str]:
    """Oldest first."""
    found = [pair for stream in ask(server, query, direction="forward") for pair in stream["values"]]
    return [text for _, text in sorted(found, key=lambda pair: int(pair[0]))]


def push(server: Server, body: bytes, **headers: str) -> httpx.Response:
    return httpx.post(f"{server.url}{PUSH}", content=body, headers={**PROTO, **headers}, timeout=ANSWER_WITHIN_S)


def refused(answer: httpx.Response, *statuses: int) -> str:
    """The words of a refusal: some, and not the body thrown back. OTLP's are a protobuf message."""
    assert answer.status_code in (statuses or (400, 413, 415)), (answer.status_code, answer.content[:300])
    assert 0 < len(answer.content.strip()) < 2_500
    return answer.text


@dataclass(frozen=True)
class Door:
    """A way in. `wrapped`: bodies always are snappy."""

    path: str
    good: Callable[[], bytes]
    headers: Mapping[str, str] = field(default_factory=dict)
    wrapped: bool = False
    takes_anything: bool = False
    """Plain lines: any bytes are lines."""

    def send(self, server: Server, body: bytes, encoding: str = "") -> httpx.Response:
        headers = {**self.headers, **({"Content-Encoding": encoding} if encoding else {})}
        return httpx.post(f"{server.url}{self.path}", content=body, headers=headers, timeout=ANSWER_WITHIN_S)


def json_push() -> bytes:
    return json.dumps({"streams": [{"stream": {"app": "json"}, "values": [[str(time.time_ns()), "x"]]}]}).encode()


def old_push() -> bytes:
    entry = {"ts": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "line": "x"}
    return json.dumps({"streams": [{"labels": '{app="old"}', "entries": [entry]}]}).encode()


def otlp_json() -> bytes:
    record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "x"}}
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def otlp() -> bytes:
    record = b"\x09" + struct.pack("<Q", time.time_ns()) + b"\x2a\x03\x0a\x01x"
    scope = b"\x12" + bytes([len(record)]) + record
    resource = b"\x12" + bytes([len(scope)]) + scope
    return b"\x0a" + bytes([len(resource)]) + resource


def bulk() -> bytes:
    return b'{"create":{"_index":"logs"}}\n{"message":"x","service":"bulk"}\n'


DOORS = {
    "loki": Door(PUSH, lambda: push_body('{app="proto"}', "x"), PROTO, wrapped=True),
    "loki json": Door(PUSH, json_push, JSON),
    "loki before 1.0": Door("/api/prom/push", old_push, JSON),
    "otlp": Door("/v1/logs", otlp, PROTO),
    "otlp json": Door("/otlp/v1/logs", otlp_json, JSON),
    "elasticsearch": Door("/_bulk", bulk, NDJSON),
    "plain": Door("/api/hannun/v1/logs?service=plain", lambda: b"x\n", takes_anything=True),
}
at_each_door = pytest.mark.parametrize("door", [pytest.param(door, id=name) for name, door in DOORS.items()])


@at_each_door
def test_what_is_cut_off_or_means_nothing_is_refused(server: Server, door: Door) -> None:
    rng = random.Random(7)
    whole = door.good() if door.wrapped else gzip.compress(door.good())
    with Undisturbed(server):
        for end in sorted({1, len(whole) // 2, len(whole) - 1}):
            refused(door.send(server, whole[:end], "" if door.wrapped else "gzip"), 400)
        for size in (1, 100, 70_000, 3 * MIB):
            junk = b"\xff" + rng.randbytes(size)
            if not door.takes_anything:
                refused(door.send(server, snappy(junk) if door.wrapped else junk), 400)
            refused(door.send(server, junk, "gzip"), 400)
            refused(door.send(server, junk, "br, zstd"), 400, 415)


@at_each_door
def test_a_body_that_inflates_is_refused_before_it_is_inflated(server: Server, door: Door) -> None:
    before = server.private_bytes()
    zeros = b"\0" * (256 * MIB)
    bomb = snappy(zeros) if door.wrapped else gzip.compress(zeros, 1)
    del zeros
    with Undisturbed(server):
        refused(door.send(server, bomb, "" if door.wrapped else "gzip"), 413)
        refused(door.send(server, gzip.compress(bomb, 1), "gzip, gzip"), 400, 413, 415)
        refused(door.send(server, gzip.compress(gzip.compress(bomb, 1), 1), "gzip, gzip, gzip"), 400, 413, 415)
    assert server.private_bytes() - before < GROWTH_BYTES_MAX


@at_each_door
def test_a_length_beyond_the_limit_is_refused_before_a_byte_is_sent(server: Server, door: Door) -> None:
    head = [f"POST {door.path} HTTP/1.1", "Host: localhost", f"Content-Length: {1 << 30}"]
    head += [f"{name}: {value}" for name, value in door.headers.items()]
    with Undisturbed(server), socket.create_connection(("127.0.0.1", server.port)) as sender:
        sender.settimeout(ANSWER_WITHIN_S)
        sender.sendall("\r\n".join(head).encode() + b"\r\n\r\n")
        assert sender.recv(4096).startswith(b"HTTP/1.1 413 ")


DEEP = b"[" * 10_000 + b"]" * 10_000
JSON_BOMBS = {
    "10,000 lists": DEEP,
    "10,000 lists, not closed": DEEP[:10_000],
    "10,000 objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "a number of 100,000 digits": b"9" * 100_000,
    "a number beyond floats": b"1e400",
    "half a surrogate": b'"\\ud800"',
    "a million keys": b"{" + b",".join(b'"k%d":1' % n for n in range(300_000)) + b"}",
}
JSON_DOORS = {
    "loki": (PUSH, JSON, b"%s"),
    "loki labels": (PUSH, JSON, b'{"streams":[{"stream":%s,"values":[["1","x"]]}]}'),
    "loki label": (PUSH, JSON, b'{"streams":[{"stream":{"app":%s},"values":[["1","x"]]}]}'),
    "loki values": (PUSH, JSON, b'{"streams":[{"stream":{"app":"bomb"},"values":%s}]}'),
    "loki line": (PUSH, JSON, b'{"streams":[{"stream":{"app":"bomb"},"values":[["1",%s]]}]}'),
    "loki metadata": (PUSH, JSON, b'{"streams":[{"stream":{"app":"bomb"},"values":[["1","x",%s]]}]}'),
    "old": ("/api/prom/push", JSON, b'{"streams":[{"labels":%s,"entries":[]}]}'),
    "otlp": ("/v1/logs", JSON, b'{"resourceLogs":%s}'),
    "otlp body": ("/v1/logs", JSON, b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":%s}]}]}]}'),
    "bulk action": ("/_bulk", NDJSON, b"%s\n{}\n"),
    "bulk document": ("/_bulk", NDJSON, b'{"create":{}}\n%s\n'),
    "bulk field": ("/_bulk", NDJSON, b'{"create":{}}\n{"message":"bomb","service":"bomb","a":%s}\n'),
    "plain": ("/api/hannun/v1/logs?service=bomb", JSON, b"%s"),
}


@pytest.mark.parametrize("where", JSON_DOORS)
def test_json_bombs_get_an_answer_in_time(server: Server, where: str) -> None:
    path, headers, around = JSON_DOORS[where]
    with Undisturbed(server), httpx.Client(base_url=server.url, timeout=ANSWER_WITHIN_S) as client:
        for name, bomb in JSON_BOMBS.items():
            answer = client.post(path, content=around % bomb, headers=headers)
            assert answer.status_code in (200, 204, 400, 413, 422), (name, answer.status_code, answer.text[:300])
            assert len(answer.content) < 3_000, name


@pytest.mark.parametrize(
    ("line", "stored"),
    [
        pytest.param(b"\xff\xfe broken \xea\xb2 half", "\ufffd\ufffd broken \ufffd half", id="no UTF-8"),
        pytest.param("결제".encode()[:4], "결\ufffd", id="Hangul broken in the middle of a syllable"),
        pytest.param(b"\x1b[31mred\x1b[0m\x1b]0;title\x07", "\x1b[31mred\x1b[0m\x1b]0;title\x07", id="ANSI controls"),
        pytest.param("\u202egnp.exe\u202c\u200b", "\u202egnp.exe\u202c\u200b", id="BiDi and zero width"),
        pytest.param("ok\nFATAL forged\r\n", "ok\nFATAL forged\r\n", id="forged newlines stay one line"),
        pytest.param("<script>alert(1)</script>", "<script>alert(1)</script>", id="HTML"),
        pytest.param("a\x00b", "a\x00b", id="NUL"),
        pytest.param("", "", id="empty"),
        pytest.param(b"\xed\xa0\x80", "\ufffd\ufffd\ufffd", id="a surrogate in UTF-8"),
    ],
)
def test_a_nasty_line_is_kept_as_it_came_or_mended(server: Server, line: str | bytes, stored: str) -> None:
    """Protobuf and JSON the same where JSON can say it."""
    name = f"nasty{time.time_ns()}"
    with Undisturbed(server):
        assert push(server, push_body(f'{{app="{name}"}}', line)).status_code == 204
        if isinstance(line, str):
            value = {"stream": {"app": f"{name}json"}, "values": [[str(time.time_ns()), line]]}
            answer = httpx.post(f"{server.url}{PUSH}", json={"streams": [value]}, timeout=ANSWER_WITHIN_S)
            assert answer.status_code == 204, answer.text
            assert texts_of(server, f'{{app="{name}json"}}') == [stored]
    assert texts_of(server, f'{{app="{name}"}}') == [stored]
    page = httpx.get(f"{server.url}/api/hannun/v1/logs", params={"q": f'{{app="{name}"}}'}, timeout=30)
    assert [one["line"] for one in page.json()["lines"]] == [stored]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["content-type"].startswith("application/json")


def test_a_line_of_50_mib_is_cut_and_says_so(server: Server) -> None:
    before = server.private_bytes()
    with Undisturbed(server):
        huge = b"head " + b"x" * (50 * MIB)
        assert push(server, push_body('{app="huge"}', huge, "the next line is whole")).status_code == 204
        (cut, whole) = texts_of(server, '{app="huge"}')
        assert whole == "the next line is whole"
        assert cut.startswith("head xxx")
        assert cut.endswith(f" … [cut: the line had {50 * MIB + 5} bytes]")
        assert len(cut) < 300_000
        beyond = b"x" * (65 * MIB)
        refused(push(server, push_body('{app="huge"}', beyond)), 413)
        plain = {"params": {"service": "huge-plain"}, "content": huge, "timeout": ANSWER_WITHIN_S}
        told = httpx.post(f"{server.url}/api/hannun/v1/logs", **plain)
        assert told.json() == {"accepted": 1, "refused": 0, "cut": 1}
    assert server.private_bytes() - before < GROWTH_BYTES_MAX


@pytest.mark.parametrize(
    ("labels", "status", "said"),
    [
        pytest.param("{" + ", ".join(f'l{n}="v"' for n in range(100_000)) + "}", 400, "label", id="100,000 labels"),
        pytest.param('{app="a", "quo\\"ted"="c"}', 400, "error parsing labels", id="a quoted name"),
        pytest.param('{app="a", a"b="c"}', 400, "error parsing labels", id="a name with a quote"),
        pytest.param('{app="a"', 400, "error parsing labels", id="no end"),
        pytest.param('{app="a"} |= "x"', 400, "error parsing labels", id="a query"),
        pytest.param('{app=~"a"}', 400, "error parsing labels", id="a matcher"),
        pytest.param('{app="a", app="b"}', 400, "duplicate label name: 'app'", id="doubled"),
        pytest.param(f'{{app="{"v" * 9_000}"}}', 400, "label value too long", id="a value of 9 kB"),
        pytest.param(f'{{{"n" * 9_000}="v"}}', 400, "label name too long", id="a name of 9 kB"),
        pytest.param(f'{{app="{"v" * MIB}"}}', 400, "more than 1048576 characters", id="a value of a mebibyte"),
    ],
)
def test_streams_that_cannot_be_are_refused_beside_good_ones(
    server: Server, labels: str, status: int, said: str
) -> None:
    mark = f"beside {time.time_ns()}"
    body = snappy(encode([(labels, [(time.time_ns(), "x", [])]), ('{app="beside"}', [(time.time_ns(), mark, [])])]))
    with Undisturbed(server):
        for _ in range(3):  # from the second time on the refusal is remembered
            assert said in refused(push(server, body), status)
    assert mark in texts_of(server, '{app="beside"}')


def test_label_values_of_every_kind_come_back_as_they_went(server: Server) -> None:
    nasty = ['x"y\\z\n가', "'; DROP TABLE logs; --", "${jndi:ldap://x}", "%27", "\u202e", "{{ range }}", "a" * 2048]
    for value in nasty:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        assert push(server, push_body(f'{{app="values", v="{quoted}"}}', "x")).status_code == 204
    found = httpx.get(f"{server.url}/loki/api/v1/label/v/values", timeout=30).json()["data"]
    assert sorted(found) == sorted(nasty)
    for value in nasty:
        assert len(ask(server, '{app="values", v=' + json.dumps(value, ensure_ascii=False) + "}")) == 1


TIMES = (-(1 << 62), -1, 0, 1, 4_102_444_800 * 10**9, (1 << 63) - 1)


def test_times_from_nowhere_are_refused_and_said(server: Server) -> None:
    with Undisturbed(server):
        for ts_ns in TIMES:
            body = snappy(encode([('{app="times"}', [(ts_ns, "x", []), (time.time_ns(), f"now {ts_ns}", [])])]))
            assert "has timestamp too" in refused(push(server, body), 400)
    assert texts_of(server, '{app="times"}') == [f"now {ts_ns}" for ts_ns in TIMES]


def test_a_flood_of_new_streams_stops_at_the_bound_and_harms_nobody_else(tmp_path: Path) -> None:
    """Loki's words and 429; streams that are known already go on, in the same push too."""
    config = tmp_path / "loki.yml"
    config.write_text("limits_config: {max_global_streams_per_user: 500, ingestion_rate_mb: 100}\n")
    with Server(tmp_path / "data", flags=("--no-self", "--loki-config", str(config))) as server:
        assert push(server, push_body('{app="good"}', "first")).status_code == 204
        with Undisturbed(server):
            seen = set()
            for turn in range(10):
                now_ns = time.time_ns()
                flood = [(f'{{app="flood", id="{turn}-{n}"}}', [(now_ns, "x", [])]) for n in range(500)]
                answer = push(server, snappy(encode([*flood, ('{app="good"}', [(now_ns, f"turn {turn}", [])])])))
                seen.add(answer.status_code)
                assert answer.headers["retry-after"] == "1"
                assert "maximum active stream limit exceeded when trying to create stream" in answer.text
                assert len(answer.content) < 2_500
            assert seen == {429}
        known = httpx.get(f"{server.url}/loki/api/v1/series", params={"match[]": '{app="flood"}'}, timeout=30)
        assert len(known.json()["data"]) == 499
        assert [text for text in texts_of(server, '{app="good"}') if text.startswith("turn")] == [
            f"turn {turn}" for turn in range(10)
        ]


class Promtail:
    """Sends a batch as Promtail's client does: again after 429 and 5xx and broken connections, dropped after a 4xx."""

    def __init__(self, url: str, min_backoff_s: float = 0.1) -> None:
        self._url = url
        self._backoff_s = min_backoff_s
        self.seen: list[int] = []

    def send(self, body: bytes, tries: int = 100) -> bool:
        for _ in range(tries):
            try:
                answer = httpx.post(f"{self._url}{PUSH}", content=body, headers=PROTO, timeout=10)
            except httpx.TransportError:
                self.seen.append(0)
            else:
                self.seen.append(answer.status_code)
                if answer.status_code // 100 == 2:
                    return True
                if answer.status_code != 429 and answer.status_code < 500:
                    return False
                assert answer.headers.get("retry-after", "").isdecimal(), answer.headers
            time.sleep(self._backoff_s)
        return False


def test_overload_is_429_that_promtail_sends_again_and_every_line_is_there_once(tmp_path: Path) -> None:
    """Six bodies that never end hold all the memory that requests may have, until their senders give up."""
    with Server(tmp_path / "data", flags=("--no-self",)) as server:
        agent = Promtail(server.url)
        noise = [random.Random(n).randbytes(100_000).hex() for n in range(150)]
        assert agent.send(push_body('{app="canary"}', "canary 0"))
        stuck: list[socket.socket] = []
        enough = threading.Event()

        def go_on() -> None:
            """A byte a second each: a body that pauses for long is given up, and filling all of them may take long."""
            while not enough.wait(1):
                for each in stuck:
                    with contextlib.suppress(OSError):
                        each.send(b"\0")

        def leave() -> None:
            until(lambda: 429 in agent.seen, "the agent was told to come again")
            enough.set()
            for each in stuck:
                each.close()

        threading.Thread(target=go_on, daemon=True).start()
        head = f"POST {PUSH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\n"
        try:
            for _ in range(6):
                each = socket.create_connection(("127.0.0.1", server.port))
                each.settimeout(10)
                with contextlib.suppress(OSError):  # refused already: the others hold what there is
                    each.sendall(f"{head}Content-Length: {60 * MIB}\r\n\r\n".encode() + bytes(59 * MIB))
                stuck.append(each)
            with Watcher(server.url, late_share=0.1, pid=server.pid):
                answer = push(server, push_body('{app="canary"}', *noise))
                assert answer.status_code == 429, answer.text
                assert answer.headers["retry-after"].isdecimal()
                leaving = threading.Thread(target=leave, daemon=True)
                leaving.start()
                for number in range(1, 6):
                    assert agent.send(push_body('{app="canary"}', f"canary {number}", *noise))
                leaving.join(30)
        finally:
            enough.set()
            for each in stuck:
                each.close()
        assert 429 in agent.seen
        found = until(lambda: texts_of(server, '{app="canary"} |= "canary"'), "the canaries are there")
        assert found == [f"canary {number}" for number in range(6)]
