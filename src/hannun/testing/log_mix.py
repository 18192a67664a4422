"""The log lines that benches and tests are made of: the same ones for the same seed.

In the proportions of a small shop: JSON, logfmt, nginx, klog and Java lines, full of ids that never come again, some of
them Korean, and most of that as Python's `json.dumps` writes it (`\\uacb0\\uc81c`). 240 bytes a line on average,
26 streams, 600 lines a second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from hannun.model.identity import Identity
from hannun.model.labels import Labels
from hannun.model.log import SEVERITIES, LogBatch, NewStream, TextColumn
from hannun.model.metric import Ints

START_NS = 1_799_992_800 * 10**9
"""Two hours before the present time of the store's tests: a gigabyte takes about as long."""
GAP_NS = 1_666_667
LINES_PER_GB = 4_160_000
NEEDLE = "needle-7f3a9c51e2"
"""Stands in one line of `NEEDLE_EVERY`; no other line holds it."""
NEEDLE_EVERY = 500_000
RARE_WORD = "환불"
"""Two syllables, as seldom as the needle and in other lines."""

PATHS = ("/api/v1/orders", "/api/v1/cart", "/api/v1/items", "/login", "/static/app.js", "/api/v1/payments", "/healthz")
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15",
    "kube-probe/1.30",
    "python-httpx/0.27.0",
)
KOREAN = ("결제 승인 완료", "결제 실패: 한도 초과", "주문 접수", "재고 부족으로 주문 취소", "로그인 성공", "배송 중")
CLASSES = ("c.e.shop.billing.InvoiceService", "c.e.shop.search.QueryPlanner", "o.h.engine.jdbc.SqlExceptionHelper")
_RARE = {NEEDLE_EVERY // 2: NEEDLE, NEEDLE_EVERY // 4: RARE_WORD}
CODE = {name: code for code, name in enumerate(SEVERITIES)}
LEVELS = ("info", "info", "info", "info", "info", "info", "info", "debug", "debug", "debug", "debug", "warn", "warn")
"""Drawn by a byte, see `_level`: 3 % errors, the rest in these proportions."""


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """`which` int32[n] points into `streams`; the columns are those of a `LogBatch`, ascending in time."""

    streams: tuple[NewStream, ...]
    which: NDArray[np.int32]
    ts_ns: Ints
    severity: NDArray[np.uint8]
    body: TextColumn
    said: TextColumn
    trace_id: TextColumn
    span_id: TextColumn

    def __len__(self) -> int:
        return len(self.which)

    def batch(self, *, introduce: bool = True) -> LogBatch:
        """All lines as one batch; with `introduce` it carries the labels of its streams."""
        ids = np.array([new.id for new in self.streams], np.uint64)
        return LogBatch(
            ids[self.which],
            self.ts_ns,
            self.severity,
            self.body,
            self.said,
            trace_id=self.trace_id,
            span_id=self.span_id,
            introduced=self.streams if introduce else (),
        )

    def lines(self) -> Iterator[tuple[Labels, int, str]]:
        """For what pushes over a protocol: labels, time, text."""
        for position, which in enumerate(self.which.tolist()):
            yield self.streams[which].labels, int(self.ts_ns[position]), self.body[position]


@dataclass(frozen=True, slots=True)
class _Draw:
    """What chance gave one line."""

    at: str  # 2027-01-15T06:00:00.123
    hex: str  # 64 digits
    byte: int
    number: int
    level: str


def lines(seed: int, count: int, *, first: int = 0, start_ns: int = START_NS, gap_ns: int = GAP_NS) -> Mix:
    """Lines `first` to `first + count`. Equal arguments give equal lines; times go on where the part before ended."""
    rng = np.random.default_rng([seed, first])
    position = np.arange(first, first + count, dtype=np.int64)
    ts_ns = start_ns + position * gap_ns + np.sort(rng.integers(0, gap_ns, count))
    which = rng.choice(len(_STREAMS), count, p=_SHARES).astype(np.int32)
    digits = rng.bytes(32 * count).hex()
    byte = rng.integers(0, 256, count).tolist()
    number = rng.integers(0, 1 << 40, count).tolist()
    texts: list[str] = []
    said: list[str] = []
    traces: list[str] = []
    spans: list[str] = []
    severity = np.empty(count, np.uint8)
    second, prefix = -1, ""
    for i, (stream, ns) in enumerate(zip(which.tolist(), ts_ns.tolist(), strict=True)):
        if ns // 10**9 != second:
            second = ns // 10**9
            prefix = datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        level = _level(byte[i])
        draw = _Draw(
            f"{prefix}.{ns // 10**6 % 1000:03d}", digits[64 * i : 64 * i + 64], number[i] & 255, number[i], level
        )
        text, plain = _FORMS[stream](draw)
        if rare := _RARE.get((first + i) % NEEDLE_EVERY):
            text = f"{text} {rare}"
            plain = f"{plain} {rare}" if plain else ""
        texts.append(text)
        said.append(plain)
        traced = _FORMS[stream] is _json
        traces.append(draw.hex[:32] if traced else "")
        spans.append(draw.hex[32:48] if traced else "")
        severity[i] = CODE[level]
    columns = (TextColumn.of(texts), TextColumn.of(said), TextColumn.of(traces), TextColumn.of(spans))
    return Mix(_STREAMS, which, ts_ns, severity, *columns)


def chunks(seed: int, count: int, each: int = 40_000, *, start_ns: int = START_NS) -> Iterator[Mix]:
    """`count` lines in pieces, for what need not hold a gigabyte at once."""
    for first in range(0, count, each):
        yield lines(seed, min(each, count - first), first=first, start_ns=start_ns)


def _level(byte: int) -> str:
    return "error" if byte < 8 else LEVELS[byte % len(LEVELS)]


def _uuid(digits: str) -> str:
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"


def _json(draw: _Draw) -> tuple[str, str]:
    path, status = PATHS[draw.byte % 7], 500 if draw.level == "error" else 200
    return (
        f'{{"time":"{draw.at}Z","level":"{draw.level}","logger":"shop.http.access","msg":"request done","service":'
        f'{{"name":"orders","version":"1.42.0","zone":"ap-northeast-2a"}},"method":"POST","route":"{path}",'
        f'"status":{status},"duration_ms":{draw.number % 90_000 / 100},"trace_id":"{draw.hex[:32]}",'
        f'"span_id":"{draw.hex[32:48]}","user":"u{draw.number % 1000}"}}'
    ), ""


def _python(draw: _Draw) -> tuple[str, str]:
    """The users' formatter: Korean, written out in one line of four and escaped in the others."""
    message = f"{KOREAN[draw.byte % 6]} order={draw.number} request={_uuid(draw.hex)}"
    at = draw.at.replace("T", " ").replace(".", ",")
    head = f'{{"timestamp": "{at}", "level": "{draw.level.upper()}", "message": "'
    tail = f'", "module": "payments", "line": {draw.byte}, "logger": "app"}}'
    whole = head + message + tail
    if draw.byte & 3 == 0:
        return whole, ""
    return head + "".join(_escaped(char) for char in message) + tail, whole


def _escaped(char: str) -> str:
    return char if char < "\x80" else f"\\u{ord(char):04x}"


def _logfmt(draw: _Draw) -> tuple[str, str]:
    return (
        f'ts={draw.at}Z level={draw.level} caller=worker.go:{draw.byte} msg="job finished" job={_uuid(draw.hex)} '
        f"queue=q{draw.byte % 9} took={draw.number % 9000}ms attempts={draw.byte % 3} lease={draw.hex[32:40]} "
        f"rows={draw.number >> 20}"
    ), ""


def _nginx(draw: _Draw) -> tuple[str, str]:
    status = 502 if draw.level == "error" else 404 if draw.level == "warn" else 200
    at = f"{draw.at[8:10]}/Jan/{draw.at[:4]}:{draw.at[11:19]} +0000"
    return (
        f"10.{draw.byte}.{draw.number & 255}.{draw.number >> 8 & 255} - - [{at}] "
        f'"GET {PATHS[draw.byte % 7]}?id={draw.number} HTTP/1.1" {status} {draw.number >> 24} '
        f'"https://shop.example/" "{AGENTS[draw.byte & 3]}" {draw.hex[:32]}'
    ), ""


def _klog(draw: _Draw) -> tuple[str, str]:
    letter = {"error": "E", "warn": "W"}.get(draw.level, "I")
    return (
        f"{letter}{draw.at[5:7]}{draw.at[8:10]} {draw.at[11:]}000 {draw.number % 30_000} "
        f"kubelet.go:{draw.byte + 1000}] "
        f'"SyncLoop (PLEG): event for pod" pod="shop/orders-{draw.hex[:10]}-{draw.hex[10:15]}" '
        f'event={{"ID":"{_uuid(draw.hex[16:48])}","Type":"ContainerStarted","Data":"{draw.hex[16:48]}"}}'
    ), ""


def _java(draw: _Draw) -> tuple[str, str]:
    said = "Invoice written" if draw.level != "error" else "java.sql.SQLTransientException: connection timed out"
    return (
        f"{draw.at.replace('T', ' ')}  {draw.level.upper():5} 1 --- [nio-8080-exec-{draw.byte % 20}] "
        f"{CLASSES[draw.byte % 3]} : {said} invoice={_uuid(draw.hex)} customer={draw.number % 1_000_000} "
        f"correlation={draw.hex[32:48]}"
    ), ""


Form = Callable[[_Draw], tuple[str, str]]
_APPS: tuple[tuple[str, Form, int, int], ...] = (
    # name, form, streams (one a host), weight
    ("orders", _json, 4, 24),
    ("payments", _python, 3, 10),
    ("gateway", _nginx, 4, 24),
    ("worker", _logfmt, 4, 16),
    ("cart", _json, 3, 6),
    ("kubelet", _klog, 3, 8),
    ("billing", _java, 3, 9),
    ("search", _java, 2, 3),
)


def _stream(app: str, host: int) -> NewStream:
    name = f"node-{host + 1}"
    labels = Labels.of(app=app, env="prod", host=name, job=f"shop/{app}")
    return NewStream(labels.series_id(), labels, Identity(app, "prod", name, ""))


_STREAMS = tuple(_stream(app, host) for app, _, hosts, _ in _APPS for host in range(hosts))
_FORMS = tuple(form for _, form, hosts, _ in _APPS for _ in range(hosts))
_SHARES = np.array([weight / hosts / 100 for _, _, hosts, weight in _APPS for _ in range(hosts)])
