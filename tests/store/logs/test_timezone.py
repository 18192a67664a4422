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
import numpy as np
from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.log import LogBatch, NewStream, Statement, TextColumn
from hannun.store import schema
from hannun.store.engine import ChdbEngine
from hannun.store.logs import LogStore
from hannun.store.writer import Writer

# Half past midnight in Seoul is the afternoon of the day before in UTC.
AT_NS = 1_699_975_800 * 10**9
HOUR = 3600 * 10**9

async def main():
    engine = ChdbEngine.open(Path(sys.argv[1]), memory_bytes=1 << 30, threads=1)
    schema.apply(engine)
    writer = Writer()
    store = LogStore(engine, writer)
    await writer.start()
    labels = Labels.of(zone=sys.argv[2])
    new = NewStream(labels.series_id(), labels)
    ids, ts, text = np.array([new.id], np.uint64), np.array([AT_NS]), TextColumn.of([sys.argv[2]])
    await store.write(LogBatch(ids, ts, np.zeros(1, np.uint8), text, introduced=(new,)))
    await writer.stop()
    store = LogStore(engine, Writer())
    rows = [r for b in store.read(Statement("SELECT DISTINCT toUnixTimestamp64Nano(ts) AS t FROM logs"), Budget())
            for r in b.to_pylist()]
    listed = [len(store.streams([], AT_NS + d * HOUR, AT_NS + d * HOUR + 1, Budget())) for d in (-9, -1, 0, 1, 9)]
    volumes = sum(v.lines for v in store.volumes((), AT_NS - 40 * 10**9, AT_NS + 40 * 10**9, Budget()))
    days = engine.query_rows("SELECT DISTINCT partition FROM system.parts WHERE active AND table = 'logs__local'")
    hours = engine.query_rows("SELECT DISTINCT toUnixTimestamp(hour) FROM log_counts")
    found = {"times": [r["t"] for r in rows], "listed": listed, "volumes": volumes, "days": days, "hours": hours}
    print(json.dumps(found))
    engine.close()

asyncio.run(main())
"""


def test_lines_written_in_seoul_and_in_utc_are_one_store(tmp_path: Path) -> None:
    for count, zone in enumerate(("Asia/Seoul", "UTC", "America/Los_Angeles"), start=1):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / "engine"), zone],
            env={**os.environ, "TZ": zone},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout.splitlines()[-1])
        assert found == {
            "times": [1_699_975_800 * 10**9],
            "listed": [0, 0, count, 0, 0],
            "volumes": count,
            "days": [["2023-11-14"]],
            "hours": [[1_699_974_000]],
        }, zone
