"""The error store alone: CPU of commits and merges, bytes on disk, and the questions of stream and issue page.

    python bench/errors_store.py write [--events 20000] [--group 50]
    python bench/errors_store.py ask [--events 1000000] [--issues 10000] [--keep DIR]

`write` stores whole events of 30 kB in groups and waits for the merges. `ask` puts a million small events into one
issue and some into each of ten thousand others, then asks what pages ask, the days before this one merged as they
are after two quiet hours: the median of seven on the clock, the least CPU. CPU is that of this process without the
making of events.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from hannun.model.budget import Budget
from hannun.model.event import Event
from hannun.model.issue import IssueQuestion
from hannun.model.issue_search import UNRESOLVED, Compare
from hannun.model.time import SystemClock
from hannun.store import schema
from hannun.store.engine import ChdbEngine
from hannun.store.errors import ErrorStore
from hannun.store.meta import MetaStore
from hannun.store.writer import Writer
from hannun.testing.error_mix import ErrorMix

DAY_MS = 86_400_000
MADE_AT_A_TIME = 2_000


def memory_mib() -> dict[str, int]:
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    found = dict(line.split(":", 1) for line in text.splitlines())
    return {name: int(found[name].split()[0]) >> 10 for name in ("VmRSS", "VmHWM", "RssAnon")}


class Run:
    def __init__(self, folder: Path) -> None:
        self.engine = ChdbEngine.open(folder / "engine", memory_bytes=1 << 30, threads=2)
        schema.apply(self.engine)
        self.meta = MetaStore.open(folder / "meta.db")
        self.writer = Writer()
        began = time.perf_counter()
        self.store = ErrorStore(self.engine, self.writer, self.meta.database, retention_ms=90 * DAY_MS)
        print(f"opened in {(time.perf_counter() - began) * 1000:.0f} ms")

    async def write(self, events: Sequence[Event], group: int) -> tuple[float, float]:
        """CPU and wall seconds of committing these in groups, one after the other."""
        cpu, wall = time.process_time(), time.perf_counter()
        for at in range(0, len(events), group):
            await self.store.write(events[at : at + group])
        return time.process_time() - cpu, time.perf_counter() - wall

    async def settle(self) -> float:
        """CPU until no merge runs and none is due."""
        cpu, quiet = time.process_time(), 0
        while quiet < 6:
            await asyncio.sleep(0.5)
            busy = self.engine.query_rows("SELECT count() FROM system.merges")[0][0]
            quiet = 0 if int(busy) else quiet + 1
        return time.process_time() - cpu

    def merge_days(self) -> None:
        """All but today."""
        days = self.engine.query_rows(
            "SELECT DISTINCT partition FROM system.parts\n"
            "WHERE active AND table = 'events__local' AND toDate(partition) < toDate(now('UTC'))"
        )
        for (day,) in days:
            self.engine.execute(f"OPTIMIZE TABLE events__local PARTITION '{day}' FINAL")

    def disk(self) -> None:
        rows = self.engine.query_rows(
            "SELECT count(), sum(rows), sum(bytes_on_disk), sum(data_uncompressed_bytes)\nFROM system.parts\n"
            "WHERE active AND table = 'events__local'"
        )
        parts, count, disk, raw = (int(cell) for cell in rows[0])
        print(f"{count} events in {parts} parts, {disk / count:.0f} B each on disk of {raw / count:.0f} B")
        columns = self.engine.query_rows(
            "SELECT column, sum(column_data_compressed_bytes) AS size\nFROM system.parts_columns\n"
            "WHERE active AND table = 'events__local'\nGROUP BY column\nORDER BY size DESC\nLIMIT 8"
        )
        print("  " + ", ".join(f"{name} {int(size) / count:.0f}" for name, size in columns))

    async def close(self) -> None:
        await self.writer.stop()
        self.engine.close()
        self.meta.close()


async def write(arguments: argparse.Namespace, folder: Path) -> None:
    run, mix = Run(folder), ErrorMix()
    await run.writer.start()
    now_ms = SystemClock().now_ms()
    await run.write(list(mix.events(200, now_ms - 7_300_000, 10)), 50)
    cpu = wall = 0.0
    for at in range(0, arguments.events, MADE_AT_A_TIME):
        events = list(mix.events(MADE_AT_A_TIME, now_ms - 7_200_000 + at * 100, 100))
        took = await run.write(events, arguments.group)
        cpu, wall = cpu + took[0], wall + took[1]
    print(f"committed: {1000 * cpu / arguments.events:.3f} ms CPU an event, {wall:.0f} s, groups of {arguments.group}")
    after = await run.settle()
    print(f"merges afterwards: {1000 * after / arguments.events:.3f} ms CPU an event; memory {memory_mib()}")
    run.disk()
    await run.close()


async def ask(arguments: argparse.Namespace, folder: Path) -> None:
    run = Run(folder)
    await run.writer.start()
    if not int(run.engine.query_rows("SELECT count() FROM events")[0][0]):
        await fill(run, arguments)
        run.merge_days()
        await run.settle()
    run.disk()
    store, now_ms = run.store, SystemClock().now_ms()
    loud = store.list(IssueQuestion(sort="freq", limit=1), Budget()).issues[0]
    print(f"issue {loud.short_id}: {loud.events} events, {loud.users} users; memory {memory_mib()}")
    latest = store.event(loud.id, "latest", Budget())
    middle = store.events(loud.id, Budget(), before_ms=now_ms - 3 * DAY_MS, limit=1)[0]
    hour = 3_600_000
    questions: dict[str, Callable[[Budget], object]] = {
        "issue": lambda _: store.issue(loud.id),
        "latest event": lambda budget: store.event(loud.id, "latest", budget),
        "recommended event": lambda budget: store.event(loud.id, "recommended", budget),
        "event in the middle": lambda budget: store.event(loud.id, middle.id, budget),
        "find event": lambda budget: store.find_event(None, latest.id, budget),
        "events": lambda budget: store.events(loud.id, budget, limit=50),
        "bars 24 h": lambda budget: store.bars([loud.id], now_ms - DAY_MS, now_ms, hour, budget),
        "bars 30 d": lambda budget: store.bars([loud.id], now_ms - 30 * DAY_MS, now_ms, 24 * hour, budget),
        "tags": lambda budget: store.tags(loud.id, budget),
        "activity": lambda _: store.activity(loud.id),
        "similar": lambda budget: store.similar(loud.id, budget),
        "users": lambda _: store._accounts.users.exact(1, store._directory.hashes_of([loud.id])[loud.id][1]),
        "tag keys": lambda budget: store.tag_keys((1,), budget),
        "tag values": lambda budget: store.tag_values((1,), "browser.name", "", budget),
    }
    week = {"start_ms": now_ms - 7 * DAY_MS}
    for sort in ("date", "new", "freq", "user", "priority", "trends"):
        questions[f"stream by {sort}"] = lambda budget, s=sort: store.list(IssueQuestion(sort=s), budget)
    questions["stream by freq, 7 d"] = lambda budget: store.list(IssueQuestion(sort="freq", **week), budget)
    questions["stream by user, 7 d"] = lambda budget: store.list(IssueQuestion(sort="user", **week), budget)
    terms = {
        "environment": Compare("environment", "=", ("production",)),
        "release": Compare("release", "=", ("shop@1.2.1",)),
        "level": Compare("level", "=", ("error",)),
        "user.email": Compare("user.email", "=", ("u17@example.com",)),
        "tag": Compare("browser.name", "=", ("Chrome",)),
    }
    for name, term in terms.items():
        question = IssueQuestion(terms=(UNRESOLVED, term))
        questions[f"search {name}"] = lambda budget, q=question: store.list(q, budget)
    production = IssueQuestion(environments=("production",))
    questions["environment chosen"] = lambda budget: store.list(production, budget)
    ids = [issue.id for issue in store.list(IssueQuestion(), Budget()).issues]
    questions["bars of a stream page"] = lambda budget: store.bars(ids, now_ms - DAY_MS, now_ms, hour, budget)
    for name, question in questions.items():
        times, cpu, rows = [], [], 0
        for _ in range(7):
            budget, began, worked = Budget(), time.perf_counter(), time.process_time()
            question(budget)
            times.append(1000 * (time.perf_counter() - began))
            cpu.append(1000 * (time.process_time() - worked))
            rows = budget.rows_read
        print(f"{name:24s} {statistics.median(times):7.1f} ms, {min(cpu):6.1f} ms CPU, {rows} rows read")
    print(f"memory {memory_mib()}")
    await run.close()


async def fill(run: Run, arguments: argparse.Namespace) -> None:
    """Payloads are cut short: what is asked of a million events never reads more than a page of them."""
    now_ms = SystemClock().now_ms()
    mix = ErrorMix(issues=1)
    patterns = list(mix.events(500, now_ms, 1))
    for at in range(0, arguments.events, 20_000):
        made = []
        for position in range(at, min(at + 20_000, arguments.events)):
            ts_ms = now_ms - 20 * DAY_MS + position * (20 * DAY_MS) // arguments.events
            pattern = patterns[position % len(patterns)]
            made.append(_again(pattern, position, ts_ms))
        await run.store.write(made)
    for at in range(0, arguments.issues, 1_000):
        quiet = ErrorMix(issues=1_000, start=1_000 + at)
        made = [
            _again(one, 10**9 + 3 * at + number, now_ms - number * 60_000)
            for number in range(3_000)
            for one in quiet.events(1, now_ms, 1, issue=number % 1_000)
        ]
        await run.store.write(made)
    print(f"filled; memory {memory_mib()}")


def _again(event: Event, number: int, ts_ms: int) -> Event:
    payload = json.dumps({"event_id": f"{number:032x}", "number": number}).encode() + event.payload[:200]
    return replace(event, id=f"{number:032x}", ts_ms=ts_ms, received_ms=ts_ms, payload=payload)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("write", "ask"))
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--issues", type=int, default=10_000)
    parser.add_argument("--group", type=int, default=50)
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="hannun-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run({"write": write, "ask": ask}[arguments.what](arguments, folder))
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
