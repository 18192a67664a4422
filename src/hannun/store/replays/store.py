"""ReplayStore: the sink of recorded sessions, and the list of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from hannun.model.budget import Budget
from hannun.model.replay import Found, Replay
from hannun.model.sentry_items import ReplaySegment
from hannun.store.day_table import DayTable, ids16, text, texts, times
from hannun.store.replays.told import read

TABLE = "replays__local"
LISTED_MAX = 200
EVENT, RECORDING, VIDEO = 1, 2, 4
SEGMENT_MAX = 2**32 - 1

_TEXTS = pa.list_(pa.string())


class ReplayStore(DayTable[ReplaySegment]):
    """`ReplaySink` and `ReplayReader`."""

    name = "replays"
    tables = (TABLE,)

    def at_ms(self, value: ReplaySegment, /) -> int:
        return value.received_ms

    def weight(self, value: ReplaySegment, /) -> int:
        return 512 + len(value.event) + len(value.recording) + len(value.video)

    def insert(self, values: Sequence[ReplaySegment], /) -> int:
        self._engine.insert_arrow(TABLE, _rows(values))
        return 1

    # --- ReplayReader -------------------------------------------------------------------------------------------------

    def list(self, asked: Found, budget: Budget) -> Sequence[Replay]:
        of_projects = "" if not asked.projects else " AND project IN {projects:Array(UInt32)}"
        rows = self._engine.query_rows(
            "SELECT project, lower(hex(replay_id)),\n"
            "  toUnixTimestamp64Milli(minIf(started, toUnixTimestamp64Milli(started) > 0)) AS began,\n"
            "  toUnixTimestamp64Milli(max(at)), uniqExact(segment), sum(size),\n"
            "  max(kind), max(platform), max(environment), max(release), max(user), groupUniqArrayArray(20)(urls),\n"
            "  groupUniqArrayArray(100)(error_ids), groupUniqArrayArray(100)(trace_ids),\n"
            "  toUnixTimestamp64Milli(min(received)) AS arrived\n"
            "FROM (\n"
            "  SELECT project, replay_id, segment, parts, received, started, at, kind, platform, environment,\n"
            "    release, user, urls, error_ids, trace_ids,\n"
            "    length(event) + length(recording) + length(video) AS size\n"
            "  FROM replays\n"
            "  WHERE received >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')\n"
            f"    AND received < fromUnixTimestamp64Milli({{end:Int64}}, 'UTC'){of_projects}\n"
            "  LIMIT 1 BY project, replay_id, segment, parts\n"
            ")\n"
            "GROUP BY project, replay_id\n"
            f"ORDER BY max(at) DESC, replay_id\nLIMIT {min(max(asked.limit, 1), LISTED_MAX):d}",
            {"start": max(asked.start_ms, 0), "end": max(asked.end_ms, 0), "projects": list(asked.projects)},
            budget,
        )
        return [
            Replay(
                int(row[0]),
                row[1],
                int(row[2]) or int(row[14]),
                int(row[3]),
                int(row[4]),
                int(row[5]),
                *row[6:11],
                *(tuple(sorted(cell)) for cell in row[11:14]),
            )
            for row in rows
        ]


def _rows(values: Sequence[ReplaySegment]) -> pa.Table:
    told = [read(one.event) for one in values]
    parts = [EVENT * bool(one.event) | RECORDING * bool(one.recording) | VIDEO * bool(one.video) for one in values]
    return pa.table(
        {
            "project": np.array([one.project for one in values], np.uint32),
            "replay_id": ids16([one.replay_id for one in values]),
            "segment": np.array([min(max(one.segment, 0), SEGMENT_MAX) for one in values], np.uint32),
            "parts": np.array(parts, np.uint8),
            "received": times([one.received_ms for one in values]),
            "started": times([one.started_ms for one in told]),
            "at": times([one.at_ms or of.received_ms for one, of in zip(told, values, strict=True)]),
            "kind": texts([one.kind for one in told], 64),
            "platform": texts([one.platform for one in told], 64),
            "environment": texts([one.environment for one in told], 64),
            "release": texts([one.release for one in told]),
            "user": texts([one.user for one in told]),
            "urls": pa.array([[text(url) for url in one.urls] for one in told], _TEXTS),
            "error_ids": pa.array([[text(id_, 64) for id_ in one.error_ids] for one in told], _TEXTS),
            "trace_ids": pa.array([[text(id_, 64) for id_ in one.trace_ids] for one in told], _TEXTS),
            "event": pa.array([one.event for one in values], pa.large_binary()),
            "recording": pa.array([one.recording for one in values], pa.large_binary()),
            "video": pa.array([one.video for one in values], pa.large_binary()),
        }
    )
