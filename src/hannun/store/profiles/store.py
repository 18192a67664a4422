"""ProfileStore: the sink of profiles and of chunks of running profilers, and the list of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from hannun.model.budget import Budget
from hannun.model.replay import Found, StoredProfile
from hannun.model.sentry_items import SentProfile
from hannun.store.day_table import DayTable, ids16, texts, times

TABLE = "profiles__local"
LISTED_MAX = 200
_NONE = "0" * 32


class ProfileStore(DayTable[SentProfile]):
    """`ProfileSink` and `ProfileReader`."""

    name = "profiles"
    tables = (TABLE,)

    def at_ms(self, value: SentProfile, /) -> int:
        return value.at_ms

    def weight(self, value: SentProfile, /) -> int:
        return 512 + len(value.payload)

    def insert(self, values: Sequence[SentProfile], /) -> int:
        rows = {
            "project": np.array([one.project for one in values], np.uint32),
            "id": ids16([one.id for one in values]),
            "at": times([one.at_ms for one in values]),
            "continuous": np.array([one.continuous for one in values], np.uint8),
            "platform": texts([one.platform for one in values], 64),
            "service": texts([one.identity.service for one in values]),
            "environment": texts([one.identity.environment for one in values]),
            "host": texts([one.identity.host for one in values]),
            "release": texts([one.identity.release for one in values]),
            "profiler_id": ids16([one.profiler_id for one in values]),
            "transaction_id": ids16([one.transaction_id for one in values]),
            "transaction": texts([one.transaction for one in values]),
            "payload": pa.array([one.payload for one in values], pa.large_binary()),
        }
        self._engine.insert_arrow(TABLE, pa.table(rows))
        return 1

    # --- ProfileReader ------------------------------------------------------------------------------------------------

    def list(self, asked: Found, budget: Budget) -> Sequence[StoredProfile]:
        of_projects = "" if not asked.projects else " AND project IN {projects:Array(UInt32)}"
        rows = self._engine.query_rows(
            "SELECT project, lower(hex(id)), toUnixTimestamp64Milli(at), continuous, platform, service, environment,\n"
            "  release, lower(hex(profiler_id)), lower(hex(transaction_id)), transaction, length(payload)\n"
            "FROM profiles\n"
            "WHERE at >= fromUnixTimestamp64Milli({start:Int64}, 'UTC')\n"
            f"  AND at < fromUnixTimestamp64Milli({{end:Int64}}, 'UTC'){of_projects}\n"
            "ORDER BY at DESC, id\nLIMIT 1 BY project, id\n"
            f"LIMIT {min(max(asked.limit, 1), LISTED_MAX):d}",
            {"start": max(asked.start_ms, 0), "end": max(asked.end_ms, 0), "projects": list(asked.projects)},
            budget,
        )
        return [_stored(row) for row in rows]


def _stored(row: Sequence[object]) -> StoredProfile:
    project, id_, at_ms, continuous, platform, service, environment, release = row[:8]
    profiler, transaction_id, transaction, size = (str(cell) for cell in row[8:])
    return StoredProfile(
        int(str(project)),
        str(id_),
        int(str(at_ms)),
        bool(int(str(continuous))),
        str(platform),
        str(service),
        str(environment),
        str(release),
        "" if profiler == _NONE else profiler,
        "" if transaction_id == _NONE else transaction_id,
        transaction,
        int(size),
    )
