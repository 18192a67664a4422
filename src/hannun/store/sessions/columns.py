"""Sessions as rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from hannun.model.sentry_items import SessionCounts, SessionUpdate
from hannun.store.day_table import ids16, texts, times

SESSIONS = "sessions__local"
COUNTS = "session_counts__local"
RELEASE_LENGTH_MAX = 250
USER_LENGTH_MAX = 256
ERRORS_MAX = 2**32 - 1

_FINAL = 1 << 63
_SEQ_MAX = (1 << 62) - 1


def rank(update: SessionUpdate) -> int:
    """Which of a session's updates holds: the highest. Every status but `ok` ends it, and the first end is final."""
    seq = min(max(update.seq, 0), _SEQ_MAX)
    return seq if update.status == "ok" else _FINAL + _SEQ_MAX - seq


def session_rows(updates: Sequence[SessionUpdate]) -> pa.Table:
    return pa.table(
        {
            "project": np.array([one.project for one in updates], np.uint32),
            "started": times([one.started_ms for one in updates]),
            "release": texts([one.release for one in updates], RELEASE_LENGTH_MAX),
            "environment": texts([one.environment for one in updates], 64),
            "id": ids16([one.id for one in updates]),
            "rank": np.array([rank(one) for one in updates], np.uint64),
            "at": times([_within_days(one.at_ms) for one in updates]),
            "status": texts([one.status for one in updates]),
            "errors": np.array([min(max(one.errors, 0), ERRORS_MAX) for one in updates], np.uint32),
            "duration_s": np.array([math.nan if one.duration_s is None else one.duration_s for one in updates]),
            "user": texts([one.user for one in updates], USER_LENGTH_MAX),
            "mechanism": texts([one.abnormal_mechanism for one in updates], 64),
        }
    )


def count_rows(counts: Sequence[SessionCounts]) -> pa.Table:
    columns: dict[str, object] = {
        "project": np.array([one.project for one in counts], np.uint32),
        "started": times([one.started_ms for one in counts]),
        "release": texts([one.release for one in counts], RELEASE_LENGTH_MAX),
        "environment": texts([one.environment for one in counts], 64),
        "user": texts([one.user for one in counts], USER_LENGTH_MAX),
    }
    for name in ("exited", "errored", "abnormal", "crashed", "unhandled"):
        columns[name] = np.array([max(getattr(one, name), 0) for one in counts], np.uint64)
    return pa.table(columns)


def _within_days(at_ms: int) -> int:
    """What DateTime64(3) holds; a sender may say anything."""
    return min(max(at_ms, 0), 10_413_791_999_999)
