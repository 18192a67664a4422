"""The server's time zone changes nothing: days and hours are UTC, and what was written under one zone reads so."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import asyncio, json, sys
from pathlib import Path
from hannun.model.budget import Budget
from hannun.model.event import Event, Grouping
from hannun.model.issue import IssueQuestion
from hannun.store import schema
from hannun.store.engine import ChdbEngine
from hannun.store.errors import ErrorStore
from hannun.store.meta import MetaStore
from hannun.store.writer import Writer

# Half past midnight in Seoul is the afternoon of the day before in UTC.
AT_MS = 1_699_975_800_000
HOUR = 3_600_000

async def main():
    path = Path(sys.argv[1])
    engine = ChdbEngine.open(path / "engine", memory_bytes=1 << 30, threads=1)
    schema.apply(engine)
    meta = MetaStore.open(path / "meta.db")
    writer = Writer()
    store = ErrorStore(engine, writer, meta.database)
    await writer.start()
    grouping = Grouping("v1", ("a" * 32,), "")
    id_ = sys.argv[2].encode().hex().ljust(32, "0")[:32]
    event = Event(id_, 1, AT_MS, AT_MS, "error", 3, "t", "c", grouping, b"{}", tags={"zone": sys.argv[2]})
    new = await store.write([event])
    issue = store.list(IssueQuestion(terms=()), Budget()).issues[0]
    latest = store.event(issue.id, "latest", Budget())
    (tags,) = store.tags(issue.id, Budget())
    window = [
        store.list(IssueQuestion(terms=(), start_ms=AT_MS + d * HOUR, end_ms=AT_MS + d * HOUR + 1), Budget()).total
        for d in (-10, -1, 0, 1, 9)
    ]
    days = "SELECT DISTINCT partition FROM system.parts WHERE active AND table = 'events__local'"
    print(json.dumps({
        "new": new, "events": issue.events, "seen": issue.last_seen_ms == latest.ts_ms == AT_MS,
        "first": {value.first_seen_ms for value in tags.values} == {AT_MS},
        "bars": store.bars([issue.id], AT_MS - HOUR, AT_MS + 2 * HOUR, HOUR, Budget())[issue.id],
        "window": window,
        "days": engine.query_rows(days),
    }))
    await writer.stop()
    meta.close()
    engine.close()

asyncio.run(main())
"""


def test_events_written_in_seoul_and_in_utc_are_one_store(tmp_path: Path) -> None:
    for count, zone in enumerate(("Asia/Seoul", "UTC"), start=1):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path), zone],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1]) == {
            "new": 1,
            "events": count,
            "seen": True,
            "first": True,
            "bars": [0, count, 0, 0],
            "window": [0, 0, 1, 0, 0],
            "days": [["2023-11-14"]],
        }
