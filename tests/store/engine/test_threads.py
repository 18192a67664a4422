"""What the engine starts threads for, it keeps them for: an idle server pays for each of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from hannun.store.engine import ChdbEngine

PARTS = 130
TABLE = (
    "CREATE TABLE t (n UInt64)\nENGINE = MergeTree\nORDER BY n\n"
    "SETTINGS old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 2, "
    "cleanup_delay_period_random_add = 0"
)


def test_a_hundred_merged_parts_are_deleted_without_a_hundred_threads(tmp_path: Path) -> None:
    engine = ChdbEngine.open(tmp_path / "engine", memory_bytes=1 << 30, threads=2)
    engine.execute(TABLE)
    engine.execute("SYSTEM STOP MERGES t")
    for number in range(PARTS):
        engine.execute(f"INSERT INTO t VALUES ({number})")
    engine.execute("SYSTEM START MERGES t")
    engine.execute("OPTIMIZE TABLE t FINAL")
    before = len(os.listdir("/proc/self/task"))

    def dead() -> int:
        return int(engine.query_rows("SELECT count()\nFROM system.parts\nWHERE table = 't' AND NOT active")[0][0])

    deadline = time.monotonic() + 30
    while dead() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert dead() == 0
    assert len(os.listdir("/proc/self/task")) < before + 20
    engine.close()
