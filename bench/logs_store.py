"""The log store alone: CPU of commits, of merges with their indexes, bytes on disk, and the questions of the log page.

    python bench/logs_store.py [--lines 4160000] [--each 40000] [--keep DIR]

4.16 M lines are a gigabyte. CPU is that of this process without the making of lines; the query condition cache is
emptied before each question. Times are the best of five.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from hannun.model.budget import Budget
from hannun.model.log import Statement
from hannun.model.matcher import Matcher, MatchOp, equal
from hannun.model.time import SystemClock
from hannun.store import schema
from hannun.store.engine import ChdbEngine
from hannun.store.logs import LogStore
from hannun.store.logs.warming import warm_all
from hannun.store.writer import Writer
from hannun.testing import log_mix

DAY_NS = 86_400 * 10**9
TWO_HOURS_NS = 7_200 * 10**9
LINE_FILTER = (
    "SELECT ts, stream, body FROM logs\n"
    "PREWHERE (empty(said) AND position(body, {n:String}) > 0) OR position(said, {n:String}) > 0\n"
    "WHERE lower(text) LIKE {like:String}{more}\nORDER BY ts DESC LIMIT 100"
)


def memory_mib() -> dict[str, int]:
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    found = dict(line.split(":", 1) for line in text.splitlines())
    return {name: int(found[name].split()[0]) >> 10 for name in ("VmRSS", "VmHWM")}


class Afternoon(SystemClock):
    """This machine's clock, moved to where the lines end."""

    def __init__(self, noon_ns: int) -> None:
        self._ahead_ms = (noon_ns + TWO_HOURS_NS) // 10**6 - super().now_ms()

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead_ms


class Run:
    def __init__(self, store: LogStore, engine: ChdbEngine, start_ns: int) -> None:
        self.store = store
        self.engine = engine
        self.start_ns = start_ns
        self.end_ns = start_ns + TWO_HOURS_NS
        self.gigabytes = 0.0
        self.made_cpu_s = 0.0

    async def load(self, count: int, each: int) -> None:
        first = True
        pending: list[asyncio.Task[None]] = []
        for mix in self.timed_chunks(count, each):
            batch = mix.batch(introduce=first)
            self.gigabytes += batch.body.data.nbytes / 1e9
            pending.append(asyncio.create_task(self.store.write(batch)))
            await asyncio.sleep(0)
            if first or len(pending) == 2:
                await asyncio.gather(*pending)
                pending.clear()
            first = False
        await asyncio.gather(*pending)

    def timed_chunks(self, count: int, each: int):  # type: ignore[no-untyped-def]
        chunks = log_mix.chunks(1, count, each, start_ns=self.start_ns)
        while True:
            before = time.thread_time()
            mix = next(chunks, None)
            self.made_cpu_s += time.thread_time() - before
            if mix is None:
                return
            yield mix

    def cpu_s(self) -> float:
        return time.process_time() - self.made_cpu_s

    def quiet(self) -> None:
        """Until merges are over and every index is built."""
        calm = 0
        while calm < 8:
            time.sleep(0.25)
            merging = int(self.engine.query_rows("SELECT count() FROM system.merges")[0][0])
            calm = 0 if merging or self.store.sweep(settle_all=True) else calm + 1

    def ask(self, what: str, run: Callable[[], object], repeat: int = 5) -> None:
        wall = cpu = float("inf")
        answer: object = None
        for _ in range(repeat):
            self.engine.execute("SYSTEM DROP QUERY CONDITION CACHE")
            before_wall, before_cpu = time.perf_counter(), time.process_time()
            answer = run()
            wall = min(wall, time.perf_counter() - before_wall)
            cpu = min(cpu, time.process_time() - before_cpu)
        print(f"  {what:44} {wall * 1e3:8.1f} ms {cpu * 1e3:8.1f} ms CPU   {answer}", flush=True)

    def rows(self, sql: str, **params: object) -> int:
        return sum(batch.num_rows for batch in self.store.read(Statement(sql, params), Budget()))

    def contains(self, needle: str, *, any_case: bool = False) -> int:
        like = "%" + needle.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        sql = LINE_FILTER
        if any_case:
            sql = sql.replace(
                "PREWHERE (empty(said) AND position(body, {n:String}) > 0) OR position(said, {n:String}) > 0\n", ""
            )
        more = "" if needle.isascii() else " AND wide LIKE {like:String}"
        return self.rows(sql.replace("{more}", more), n=needle, like=like)

    def questions(self) -> None:
        ids = [one.id for one in self.store.streams([(equal("app", "orders"),)], self.start_ns, self.end_ns, Budget())]
        sample = "SELECT body FROM logs WHERE service = {s:String} ORDER BY ts LIMIT 1 OFFSET 5000"
        uuid = self.text(sample, "worker").split("job=")[1].split(" ")[0]
        number = self.text(sample, "gateway").split("id=")[1].split(" ")[0]
        self.ask("rare string", lambda: self.contains(log_mix.NEEDLE))
        self.ask("absent string", lambda: self.contains("stands in no line at all"))
        self.ask("case-insensitive", lambda: self.contains("NEEDLE-7F3A9C51E2", any_case=True))
        self.ask("a uuid", lambda: self.contains(uuid))
        self.ask("an order number", lambda: self.contains(number))
        self.ask(f"two syllables ({log_mix.RARE_WORD})", lambda: self.contains(log_mix.RARE_WORD))
        self.ask("frequent word", lambda: self.contains("SQLTransientException"))
        bad = "(?i).*(timeout|refused).*[0-9]{3,}.*x$"
        self.ask(
            "bad regex, no literals", lambda: self.rows("SELECT ts FROM logs WHERE match(body, {r:String})", r=bad), 2
        )
        literals = (
            "SELECT ts FROM logs WHERE match(body, {r:String})"
            " AND (lower(text) LIKE '%timeout%' OR lower(text) LIKE '%refused%')"
        )
        self.ask("bad regex, with its literals", lambda: self.rows(literals, r=bad), 2)
        per_app = "SELECT stream, bucket, sum(lines) FROM log_counts GROUP BY stream, bucket"
        self.ask("lines per stream every 15 s, from the roll-up", lambda: self.rows(per_app))
        by_minute = "SELECT severity, intDiv(bucket, 4) AS minute, sum(lines) FROM log_counts GROUP BY severity, minute"
        self.ask("histogram by severity, a minute", lambda: self.rows(by_minute))
        latest = (
            "SELECT ts, stream, severity, body, attributes FROM logs\n"
            "WHERE service IN ('orders') AND stream IN {ids:Array(UInt64)}\n"
            "  AND ts >= fromUnixTimestamp64Nano({a:Int64}, 'UTC') AND ts < fromUnixTimestamp64Nano({b:Int64}, 'UTC')\n"
            "ORDER BY ts DESC LIMIT 100"
        )
        self.ask(
            "latest 100 of one app, whole range", lambda: self.rows(latest, ids=ids, a=self.start_ns, b=self.end_ns)
        )
        last_ns = int(self.text("SELECT toString(toUnixTimestamp64Nano(max(ts))) FROM logs", "")) + 1
        self.ask(
            "latest 100 of one app, its last 15 s",
            lambda: self.rows(latest, ids=ids, a=last_ns - 15 * 10**9, b=last_ns),
        )
        every = (Matcher("app", MatchOp.REGEX, ".+"),)
        a, b = self.start_ns + 123, self.end_ns - 456
        self.ask("volumes", lambda: len(self.store.volumes(every, a, b, Budget())))
        self.ask("streams", lambda: len(self.store.streams([every], a, b, Budget())))
        self.ask("label values", lambda: len(self.store.label_values("app", [every], a, b, Budget())))

    def text(self, sql: str, service: str) -> str:
        (batch, *_) = [one for one in self.store.read(Statement(sql, {"s": service}), Budget()) if one.num_rows]
        return str(batch.column(0)[0].as_py())


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=log_mix.LINES_PER_GB)
    parser.add_argument("--each", type=int, default=40_000)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    path = options.keep or Path(tempfile.mkdtemp(prefix="hannun-bench-"))
    engine = ChdbEngine.open(path / "engine", memory_bytes=1 << 30)
    schema.apply(engine)
    writer = Writer()
    # All lines are of one day, and that day is today.
    noon_ns = time.time_ns() // DAY_NS * DAY_NS + DAY_NS // 2
    warm_all()
    store = LogStore(engine, writer, clock=Afternoon(noon_ns))
    await writer.start()
    run = Run(store, engine, noon_ns)
    print(f"start: {memory_mib()}")
    cpu, wall = run.cpu_s(), time.perf_counter()
    await run.load(options.lines, options.each)
    stored = run.cpu_s() - cpu
    (queue,) = store.queues()
    print(
        f"{run.gigabytes:.2f} GB, {queue.commits} commits: {stored / run.gigabytes:.1f} CPU-s/GB with the merges until"
        f" then, commits {queue.commit_ms_p50:.0f} ms (p99 {queue.commit_ms_p99:.0f}), wall"
        f" {time.perf_counter() - wall:.0f} s with the making ({run.made_cpu_s:.0f} s), {memory_mib()}"
    )
    print("at once after the load:")
    run.questions()
    cpu = run.cpu_s()
    await asyncio.to_thread(run.quiet)
    after = run.cpu_s() - cpu
    print(f"until quiet, indexes included: {(stored + after) / run.gigabytes:.1f} CPU-s/GB in all, {memory_mib()}")
    for one in store.status():
        print(f"  {one.name}: {one.rows} rows, {one.bytes / run.gigabytes / 1e6:.1f} MB/GB, {one.parts} parts")
    print("quiet:")
    run.questions()
    cpu = time.process_time()
    ids = "ALTER TABLE logs__local MATERIALIZE INDEX ids"
    engine.execute(ids)
    print(f"the index of ids: {(time.process_time() - cpu) / run.gigabytes:.1f} CPU-s/GB")
    for one in store.status()[:1]:
        print(f"  {one.name}: {one.bytes / run.gigabytes / 1e6:.1f} MB/GB")
    run.questions()
    where = Statement("position(body, {n:String}) > 0", {"n": "SQLTransientException"})
    cpu = time.process_time()
    gone = store.delete((), where, 0, np.iinfo(np.int64).max)
    print(f"deleted {gone} lines by their text: {time.process_time() - cpu:.2f} CPU-s, {memory_mib()}")
    await writer.stop()
    engine.close()
    if options.keep is None:
        shutil.rmtree(path)


if __name__ == "__main__":
    asyncio.run(main())
