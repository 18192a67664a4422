"""The server's time zone changes nothing: days are UTC days, and data written under one zone read under another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import asyncio, json, sys
import numpy as np
from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import equal
from hannun.model.metric import MetricBatch, NewSeries
from hannun.store import schema
from hannun.store.engine import ChdbEngine
from hannun.store.metrics import MetricStore
from hannun.store.writer import Writer

# Half past midnight in Seoul is the afternoon of the day before in UTC.
AT_MS = 1_699_975_800_000

async def main():
    engine = ChdbEngine.open(__import__("pathlib").Path(sys.argv[1]), memory_bytes=1 << 30, threads=1)
    schema.apply(engine)
    writer = Writer()
    store = MetricStore(engine, writer)
    await writer.start()
    labels = Labels.of(__name__="m", zone=sys.argv[2])
    ids = np.array([labels.series_id()], np.uint64)
    await store.write(MetricBatch(ids, np.array([AT_MS]), np.array([1.0]), (NewSeries(int(ids[0]), labels),)))
    found = store.select((equal("__name__", "m"),), AT_MS - 1, AT_MS, Budget())
    hour = 3_600_000
    listed = [len(store.series([], AT_MS + d * hour, AT_MS + d * hour, 0, Budget())) for d in (-9, -1, 0, 1, 9)]
    days = engine.query_rows("SELECT DISTINCT table, partition FROM system.parts WHERE active AND partition LIKE '2%'")
    times = sorted({int(ts) + found.base_ms for ts in found.ts})
    print(json.dumps({"times": times, "series": len(found), "listed": listed, "days": sorted(map(list, days)),
                      "pandas": "pandas" in sys.modules}))
    await writer.stop()
    engine.close()

asyncio.run(main())
"""


def run(path: Path, zone: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path), zone],
        env={**os.environ, "TZ": zone},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def test_data_written_in_seoul_and_in_utc_are_one_store(tmp_path: Path) -> None:
    days = [["metric_samples__local", "2023-11-14"], ["metric_seen__local", "2023-11-14"]]
    for count, zone in enumerate(("Asia/Seoul", "UTC", "America/Los_Angeles"), start=1):
        found = run(tmp_path / "engine", zone)
        assert found["times"] == [1_699_975_800_000], zone
        assert found["series"] == count
        assert found["listed"] == [0, 0, count, 0, 0]
        assert found["days"] == days
        assert not found["pandas"], "pandas costs 40 MB of private memory"
