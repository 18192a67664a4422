"""Logs over HTTP: a deterministic gigabyte of lines pushed by two clients, and what questions over all of it take.

`make bench ARGS=logs`, or `python bench/logs.py --gb 0.3` for less. Loki's column was measured once with the same lines
on a machine like this (Debian has no package of it). The engine remembers which granules a condition found nothing in;
so that this helps nobody here, each run asks for other words or another hour.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
from logs_load import FORMS, prepare, push, send
from peers import Peer, cpu_s, hannun, quiet
from run import Line
from websockets.sync.client import connect

from hannun.testing import log_mix
from query import Cost, middle, once

NS = 10**9
DAY_NS, TWO_HOURS_NS = 86_400 * NS, 7_200 * NS
STEP_NS = 15 * NS
FLAGS = ("--memory", "1GiB", "--no-self")
ELSEWHERE = "Loki 3.8 {}, measured elsewhere on such a machine"
NEEDLES = [log_mix.NEEDLE[: len(log_mix.NEEDLE) - cut] for cut in range(5)]
"""The needle without its last letters: other words, the same lines."""
ANY = '{app=~".+"}'
UPKEEP_S = 16.0
"""Indexes are built once no lines have come for ten seconds, and that is looked at every five."""
GONE_WITHIN_S = 100.0
TAILED = 30
JSON_SHARE = 0.3

Ask = tuple[str, dict[str, object]]


@dataclass(frozen=True, slots=True)
class Question:
    """`runs`: one request each, none equal to another in what it filters."""

    what: str
    runs: Sequence[Ask]
    bar_ms: float
    loki: str
    fresh_bar_ms: float | None = None
    """The bar at once after the load, where there is one."""


def run(root: Path, gb: float = 1.0) -> Iterator[Line]:
    lines = int(log_mix.LINES_PER_GB * gb)
    start_ns = start_of(time.time_ns())
    with hannun(root / "protobuf", *FLAGS) as peer:
        warm(peer, start_ns)
        bodies = prepare(root / "bodies", "protobuf", lines, start_ns)
        before = cpu_s(peer.pid)
        sent = send(peer, bodies)
        yield pushed("protobuf + snappy", sent.cpu_s / bodies.gb, 20, "28.8 s")
        wall = bodies.gb * 1000 / sent.wall_s
        yield row("push, two clients, MB/s of wall time", f"{wall:.0f}", "32.7", wall / 32.7, "≥ 40", wall >= 40)
        questions = list(asked(start_ns, start_ns + int(lines * log_mix.GAP_NS)))
        forget_peak(peer)
        for question in questions:
            if question.fresh_bar_ms is not None:
                yield answered("at once: ", question, peer, question.fresh_bar_ms, lines)
        quiet(peer.pid, for_s=UPKEEP_S, at_most_s=120)
        whole = (cpu_s(peer.pid) - before) / bodies.gb
        yield pushed("until merges are quiet, indexes and the questions at once included", whole, 45, "28.8 s")
        for question in questions:
            yield answered("", question, peer, question.bar_ms, lines)
        yield tail(peer)
        peak = peak_mib(peer)
        yield row("resident memory during all questions, MiB", f"{peak}", "3,850", 3850 / peak, "≤ 1024", peak <= 1024)
        size = settled_bytes(peer) / bodies.gb / 1e6
        yield row("disk, MB per GB of lines", f"{size:.0f}", "244 (and 1.2 GB WAL)", 244 / size, "≤ 230", size <= 230)
    with hannun(root / "json", *FLAGS) as peer:
        warm(peer, start_ns)
        bodies = prepare(root / "bodies", "json", int(lines * JSON_SHARE), start_ns)
        yield pushed("JSON", send(peer, bodies).cpu_s / bodies.gb, 25, "40 s")


def start_of(now_ns: int) -> int:
    """Two hours ago, or midnight: a day is a partition, and the lines are to be of one."""
    return max(now_ns - TWO_HOURS_NS, now_ns // DAY_NS * DAY_NS) // STEP_NS * STEP_NS


def warm(peer: Peer, start_ns: int) -> None:
    """Code is loaded, by lines that no question is about."""
    mix = log_mix.lines(2, 200, start_ns=start_ns - 60 * NS)
    with httpx.Client(base_url=peer.url, timeout=60) as client:
        for form in FORMS.values():
            push(client, "/loki/api/v1/push", form.content_type, form.body(mix))
        for question in asked(start_ns - 3_600 * NS, start_ns):
            path, params = question.runs[0]
            client.get(path, params=params).raise_for_status()  # type: ignore[arg-type]
    quiet(peer.pid, at_most_s=20)


def asked(start_ns: int, end_ns: int) -> Iterator[Question]:
    """Over all lines, unless the question says otherwise."""
    whole: dict[str, object] = {"start": start_ns, "end": end_ns}

    def lines(*queries: str, limit: int = 1000) -> list[Ask]:
        return [("/loki/api/v1/query_range", {**whole, "query": query, "limit": limit}) for query in queries]

    def series(query: str, *, step_s: int, hours: float | None = None, runs: int = 5) -> list[Ask]:
        """Each run ends a step later, the last at the end."""
        span = end_ns - start_ns if hours is None else min(int(hours * 3_600 * NS), end_ns - start_ns)
        ends = [end_ns - later * step_s * NS for later in reversed(range(runs))]
        return [
            ("/loki/api/v1/query_range", {"query": query, "start": end - span, "end": end, "step": step_s})
            for end in ends
        ]

    rare = lines(*(f'{ANY} |= "{needle}"' for needle in NEEDLES))
    absent = lines(*(f'{ANY} |= "stands in no line at all {n}"' for n in range(5)))
    any_case = lines(*(f'{ANY} |~ "(?i){needle.upper()}"' for needle in NEEDLES))
    bad = lines(*(f'{ANY} |~ "(?i).*(timeout|refused).*[0-9]{{{n},}}.*x$"' for n in (3, 4, 5)))
    errors = f'sum by (level) (rate({ANY} | json | level="error" [1m]))'
    p99 = 'quantile_over_time(0.99, {app="orders"} | json | unwrap duration_ms [1m]) by (route)'
    latest = [
        ("/loki/api/v1/query_range", {"query": '{app="orders"}', "limit": 100, "start": start_ns, "end": end_ns - n})
        for n in range(5)
    ]
    yield Question(f'`|= "{log_mix.NEEDLE}"`, a rare string', rare, 150, "2.8 s", 250)
    yield Question("`|=` of what stands in no line", absent, 150, "2.9 s", 250)
    yield Question("`|~ (?i)` of the rare string", any_case, 150, "3.7 s", 250)
    yield Question("a bad regex: `(?i).*(timeout\\|refused).*[0-9]{3,}.*x$`", bad, 800, "18.5 s")
    yield Question(
        "`" + errors.replace("|", "\\|") + "`, an hour, every 15 s", series(errors, step_s=15, hours=1), 300, "3.7 s"
    )
    yield Question(
        "lines per app, every 15 s", series(f"sum by (app) (count_over_time({ANY}[15s]))", step_s=15), 60, "6.8 s"
    )
    yield Question("p99 of `unwrap` by route, an hour, every minute", series(p99, step_s=60, hours=1), 250, "2.2 s")
    yield Question("the latest 100 lines of one app", latest, 20, "41 ms")
    for name, path, params in (
        ("labels", "/loki/api/v1/labels", {}),
        ("values of a label", "/loki/api/v1/label/app/values", {}),
        ("series", "/loki/api/v1/series", {"match[]": ANY}),
        ("volume", "/loki/api/v1/index/volume", {"query": ANY}),
        ("index/stats", "/loki/api/v1/index/stats", {"query": ANY}),
    ):
        yield Question(name, [(path, {**whole, **params})] * 20, 2, "< 1 ms")


def answered(when: str, question: Question, peer: Peer, bar_ms: float, lines: int) -> Line:
    """The median of its runs."""
    costs: list[Cost] = []
    with httpx.Client(base_url=peer.url, timeout=120) as client:
        client.get("/-/ready")
        for path, params in question.runs:
            cost, body = once(client, peer, path, params)
            costs.append(cost)
            check(question, body, lines)
    cost = middle(costs)
    return row(
        f"{when}{question.what}, ms of wall time (CPU)",
        f"{cost.wall_ms:.1f} ({cost.cpu_ms:.1f})",
        question.loki,
        loki_ms(question.loki) / cost.wall_ms if question.loki[0] != "<" else None,
        f"≤ {bar_ms:.0f}",
        cost.wall_ms <= bar_ms,
    )


def check(question: Question, body: bytes, lines: int) -> None:
    """Fast and wrong is not fast."""
    answer = orjson.loads(body)
    if "rare string" in question.what:
        found = sum(len(stream["values"]) for stream in answer["data"]["result"])
        every, first = log_mix.NEEDLE_EVERY, log_mix.NEEDLE_EVERY // 2
        assert found == len(range(first, lines, every)), f"{question.what}: {found} lines"
    elif question.what == "index/stats":
        assert answer["entries"] >= lines * 0.99, f"{answer['entries']} lines of {lines} are stored"


def loki_ms(text: str) -> float:
    number, unit = text.split()
    return float(number) * {"s": 1000, "ms": 1}[unit]


def tail(peer: Peer) -> Line:
    """From before the push of one line until its frame is there."""
    times: list[float] = []
    url = f"{peer.url}/loki/api/v1/push"
    with (
        httpx.Client(timeout=30) as client,
        connect(f"ws{peer.url[4:]}/loki/api/v1/tail?query=%7Bapp%3D%22tailed%22%7D") as socket,
    ):
        for number in range(TAILED):
            stream = {"stream": {"app": "tailed"}, "values": [[str(time.time_ns()), f"line {number}"]]}
            began = time.perf_counter()
            push(client, url, "application/json", orjson.dumps({"streams": [stream]}))
            frame = orjson.loads(socket.recv(timeout=10))
            times.append((time.perf_counter() - began) * 1000)
            assert f"line {number}" in str(frame)
            time.sleep(0.05)
    wall = statistics.median(times)
    return row("tail: from a push to its frame, ms (median)", f"{wall:.1f}", "450 ms", 450 / wall, "≤ 50", wall <= 50)


def settled_bytes(peer: Peer) -> int:
    """On disk once the parts that were merged are gone, which stay for a minute or two; without the reserved file."""
    engine = peer.data_dir / "engine"
    most, deadline = changing_bytes(engine), time.monotonic() + GONE_WITHIN_S
    while changing_bytes(engine) > 0.6 * most and time.monotonic() < deadline:
        time.sleep(1)
    time.sleep(2)
    return changing_bytes(engine)


def changing_bytes(folder: Path) -> int:
    """As `disk_bytes`, of a folder in which files come and go."""
    size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += Path(path, name).stat().st_blocks * 512
    return size


def forget_peak(peer: Peer) -> None:
    Path(f"/proc/{peer.pid}/clear_refs").write_text("5", encoding="ascii")


def peak_mib(peer: Peer) -> int:
    """The most resident memory since `forget_peak`."""
    status = Path(f"/proc/{peer.pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) >> 10 for line in status.splitlines() if line.startswith("VmHWM:"))


def pushed(what: str, seconds: float, bar: float, loki: str) -> Line:
    ratio = loki_ms(loki) / 1000 / seconds
    return row(f"push, {what}: CPU s per GB of lines", f"{seconds:.1f}", loki, ratio, f"≤ {bar:.0f}", seconds <= bar)


def row(what: str, ours: str, loki: str, ratio: float | None, bar: str, met: bool) -> Line:
    return Line(what, ours, ELSEWHERE.format(loki), "–" if ratio is None else f"{ratio:.1f}×", bar, met)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=1.0, help="gigabytes of lines (default: 1)")
    gb = parser.parse_args().gb
    with tempfile.TemporaryDirectory(prefix="hannun-bench-logs-") as folder:
        for line in run(Path(folder), gb):
            print(f"{'✓' if line.met else '✗'} {line.what}: {line.hannun} ({line.bar}; {line.peer})", flush=True)


if __name__ == "__main__":
    main()
