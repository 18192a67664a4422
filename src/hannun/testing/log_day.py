"""A day of log lines with everything that is in them written down beside them.

Differential tests of LogQL compute what they expect from `DayLine.fields`, which is what the line was made of, and
never parse a line. The same seed gives the same day.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hannun.model.identity import Identity
from hannun.model.labels import Labels
from hannun.model.log import SEVERITIES, Attributes, LogBatch, NewStream, TextColumn
from hannun.store import schema
from hannun.store.engine import ChdbEngine
from hannun.store.logs import LogStore
from hannun.store.writer import Writer

START_NS = 1_799_884_800 * 10**9
"""2027-01-14T00:00:00Z."""
DAY_NS = 86_400 * 10**9
ROUTES = ("/orders", "/cart", "/login", "/api/items")
MESSAGES = ("결제 승인 완료", "결제 실패: 한도 초과", "재고 부족", "배송 시작")
LEVELS = ("debug", "info", "info", "info", "info", "warn", "error")


@dataclass(frozen=True)
class DayLine:
    """`fields`: what a parser gives, as text. `said`: the text with its escapes written out, "" where it has none."""

    labels: Labels
    ts_ns: int
    text: str
    level: str
    fields: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    said: str = ""

    @property
    def app(self) -> str:
        return self.labels.get("app")

    @property
    def all_metadata(self) -> dict[str, str]:
        """With what the severity says."""
        return {"detected_level": self.level, **self.metadata}


Made = tuple[str, str, dict[str, str], str]
"""Text, level, fields, said."""


def day(seed: int = 7, count: int = 1_000) -> list[DayLine]:
    """Ascending in time. Some lines stand exactly on a minute, and some of those share it."""
    chance = random.Random(seed)
    lines: list[DayLine] = []
    for _ in range(count):
        app, hosts, make = chance.choices(_APPS, _WEIGHTS)[0]
        ns = START_NS + chance.randrange(1, DAY_NS)
        if chance.random() < 0.1:
            ns -= ns % (60 * 10**9)
        text, level, fields, said = make(chance)
        metadata: dict[str, str] = {}
        if chance.random() < 0.2:
            metadata["region"] = chance.choice(("kr-1", "kr-2"))
        if app == "api" and chance.random() < 0.1:
            metadata["route"] = "of the sender"
        more = {"level": "fixed"} if app == "legacy" else {}
        labels = Labels.of(app=app, env="prod", host=f"node-{chance.randrange(hosts) + 1}", **more)
        lines.append(DayLine(labels, ns, text, level, fields, metadata, said))
    lines.sort(key=lambda line: (line.ts_ns, line.text))
    return lines


def batch_of(lines: list[DayLine]) -> LogBatch:
    """As a receiver hands it to the store, all streams introduced."""
    sets = {line.labels.series_id(): line.labels for line in lines}
    pairs = [pair for line in lines for pair in sorted(line.metadata.items())]
    offsets = np.cumsum([0, *(len(line.metadata) for line in lines)]).astype(np.int64)
    return LogBatch(
        np.array([line.labels.series_id() for line in lines], np.uint64),
        np.array([line.ts_ns for line in lines], np.int64),
        np.array([SEVERITIES.index(line.level) for line in lines], np.uint8),
        TextColumn.of([line.text for line in lines]),
        TextColumn.of([line.said for line in lines]),
        Attributes(offsets, TextColumn.of([name for name, _ in pairs]), TextColumn.of([value for _, value in pairs])),
        introduced=tuple(
            NewStream(one, labels, Identity(labels.get("app"), "prod", labels.get("host"), ""))
            for one, labels in sorted(sets.items())
        ),
    )


@contextmanager
def stored(lines: list[DayLine], path: Path) -> Iterator[LogStore]:
    """A log store in the directory `path` that holds the lines."""
    engine = ChdbEngine.open(path, memory_bytes=1 << 30, threads=2)
    schema.apply(engine)
    loop, writer = asyncio.new_event_loop(), Writer()
    try:
        store = LogStore(engine, writer, clock=_EndOfDay())
        loop.run_until_complete(writer.start())
        loop.run_until_complete(store.write(batch_of(lines)))
        yield store
    finally:
        loop.run_until_complete(writer.stop())
        loop.close()
        engine.close()


class _EndOfDay:
    def now_ms(self) -> int:
        return (START_NS + DAY_NS) // 10**6

    def monotonic_s(self) -> float:
        return 1000.0


def _api(chance: random.Random) -> Made:
    """JSON without spaces, a nested object, numbers that are not written shortest."""
    level, route = chance.choice(LEVELS), chance.choice(ROUTES)
    status = chance.choice((500, 503)) if level == "error" else chance.choice((200, 200, 201, 404))
    took, size, ip = f"{chance.randrange(1, 9000) / 10:.2f}", chance.randrange(10**6), f"10.0.{chance.randrange(4)}.7"
    text = (
        f'{{"level":"{level}","route":"{route}","status":{status},"took_ms":{took},"size":{size},'
        f'"client":{{"ip":"{ip}","port":{1000 + size % 50}}},"ok":{"false" if level == "error" else "true"}}}'
    )
    fields = {
        "level": level,
        "route": route,
        "status": str(status),
        "took_ms": took,
        "size": str(size),
        "client_ip": ip,
        "client_port": str(1000 + size % 50),
        "ok": "false" if level == "error" else "true",
    }
    return text, level, fields, ""


def _shop(chance: random.Random) -> Made:
    """Python's JSON: spaces, Korean that is escaped in three lines of four."""
    level, message = chance.choice(LEVELS), f"{chance.choice(MESSAGES)} order={chance.randrange(10**5)}"
    fields = {"levelname": level.upper(), "message": message, "line": str(chance.randrange(40))}
    shown = {"levelname": level.upper(), "message": message, "line": int(fields["line"])}
    plain = json.dumps(shown, ensure_ascii=False)
    if chance.random() < 0.25:
        return plain, level, fields, ""
    return json.dumps(shown), level, fields, plain


def _worker(chance: random.Random) -> Made:
    """logfmt: quoted values, a key without value, durations and sizes."""
    level, queue = chance.choice(LEVELS), f"q{chance.randrange(3)}"
    took, size = f"{chance.randrange(1, 5000)}ms", f"{chance.randrange(1, 900)}kB"
    message = chance.choice(("job done", "job level=high", "retry later"))
    text = f'level={level} msg="{message}" queue={queue} took={took} read={size} last'
    return text, level, {"level": level, "msg": message, "queue": queue, "took": took, "read": size}, ""


def _gateway(chance: random.Random) -> Made:
    """nginx's combined form."""
    level, route = chance.choice(LEVELS), chance.choice(ROUTES)
    status = {"error": "502", "warn": "404"}.get(level, "200")
    ip, size, method = f"10.{chance.randrange(3)}.0.{chance.randrange(9)}", chance.randrange(9000), chance.choice("GP")
    method = {"G": "GET", "P": "POST"}[method]
    text = f'{ip} - - [14/Jan/2027:10:00:00 +0000] "{method} {route} HTTP/1.1" {status} {size} "-" "curl/8"'
    return text, level, {"ip": ip, "method": method, "path": route, "status": status, "size": str(size)}, ""


def _kubelet(chance: random.Random) -> Made:
    level = chance.choice(("info", "warn", "error"))
    source, pid = chance.choice(("kubelet.go", "pod.go")), str(chance.randrange(5))
    text = f'{level[0].upper()}0114 10:00:00.000000 {pid} {source}:77] "Sync pod" pod="shop/web-{pid}"'
    return text, level, {"letter": level[0].upper(), "pid": pid, "source": source}, ""


def _billing(chance: random.Random) -> Made:
    """Java, with traces over several lines."""
    level, thread = chance.choice(LEVELS), f"exec-{chance.randrange(3)}"
    trace = "\n\tat c.e.Invoice.write(Invoice.java:9)\nCaused by: java.io.IOException" if level == "error" else ""
    text = f"2027-01-14 10:00:00.000 {level.upper():5} 1 --- [{thread}] c.e.Invoice : took 12 % of a_b\\c{trace}"
    return text, level, {"thread": thread, "severity": level.upper()}, ""


def _legacy(chance: random.Random) -> Made:
    """JSON in a stream that has a label `level` of its own, some of it cut off or no JSON at all."""
    level, code = chance.choice(LEVELS), str(chance.randrange(3))
    fields = {"level": level, "code": code}
    kind = chance.random()
    if kind < 0.7:
        return f'{{"level": "{level}", "code": "{code}"}}', level, fields, ""
    if kind < 0.85:
        return f'{{"level": "{level}", "code": "{code}"', level, fields | {"__error__": "JSONParserErr"}, ""
    return f"plain words {code}", "unknown", {"__error__": "JSONParserErr"}, ""


_APPS: tuple[tuple[str, int, Callable[[random.Random], Made]], ...] = (
    ("api", 2, _api),
    ("shop", 2, _shop),
    ("worker", 2, _worker),
    ("gateway", 2, _gateway),
    ("kubelet", 1, _kubelet),
    ("billing", 2, _billing),
    ("legacy", 1, _legacy),
)
_WEIGHTS = (30, 12, 18, 18, 6, 10, 6)
