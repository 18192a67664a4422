"""AttachmentStore: the sink and the reader of files beside events. They lie in the engine, compressed, by the day."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from hannun.model.attachment import StoredAttachment
from hannun.model.budget import Budget
from hannun.model.errors import NotFound
from hannun.model.sentry_items import Attachment
from hannun.model.text import Text
from hannun.store.day_table import DayTable, ids16, raw, texts, times

TABLE = "attachments__local"
LISTED_MAX = 100
NONE = Text(
    en="There is no such attachment; it may have expired",
    ko="그런 첨부 파일이 없습니다. 보존 기간이 지났을 수 있습니다",
)

_SHA = re.compile(r"[0-9a-f]{64}")
_COLUMNS = "name, kind, content_type, size, lower(hex(sha256)), toUnixTimestamp64Milli(received)"
_OF_EVENT = "WHERE project = {project:UInt32} AND event_id = toFixedString(unhex({event:String}), 16)"


class AttachmentStore(DayTable[Attachment]):
    """`AttachmentSink` and `AttachmentReader`."""

    name = "attachments"
    tables = (TABLE,)

    def at_ms(self, value: Attachment, /) -> int:
        return value.received_ms

    def weight(self, value: Attachment, /) -> int:
        return 512 + len(value.data)

    def insert(self, values: Sequence[Attachment], /) -> int:
        rows = {
            "project": np.array([one.project for one in values], np.uint32),
            "event_id": ids16([one.event_id for one in values]),
            "name": texts([one.name for one in values], 255),
            "sha256": pa.array([hashlib.sha256(one.data).digest() for one in values], pa.binary(32)),
            "received": times([one.received_ms for one in values]),
            "kind": texts([one.kind for one in values], 255),
            "content_type": texts([one.content_type for one in values], 255),
            "size": np.array([len(one.data) for one in values], np.uint64),
            "data": pa.array([one.data for one in values], pa.large_binary()),
        }
        self._engine.insert_arrow(TABLE, pa.table(rows))
        return 1

    # --- AttachmentReader ---------------------------------------------------------------------------------------------

    def list(self, project: int, event_id: str, budget: Budget) -> Sequence[StoredAttachment]:
        rows = self._engine.query_rows(
            f"SELECT {_COLUMNS}\nFROM attachments\n{_OF_EVENT}\nORDER BY name, received\n"
            f"LIMIT 1 BY name, sha256\nLIMIT {LISTED_MAX}",
            {"project": project, "event": event_id},
            budget,
        )
        return [_stored(row) for row in rows]

    def read(self, project: int, event_id: str, sha256: str, budget: Budget) -> tuple[StoredAttachment, bytes]:
        if not _SHA.fullmatch(sha256):
            raise NotFound(NONE)
        rows = self._engine.query_arrow(
            f"SELECT {_COLUMNS}, data\nFROM attachments\n{_OF_EVENT}\n"
            "  AND sha256 = toFixedString(unhex({sha:String}), 32)\nLIMIT 1",
            {"project": project, "event": event_id, "sha": sha256},
            budget,
        )
        if not rows.num_rows:
            raise NotFound(NONE)
        *told, data = rows.columns
        return _stored([column[0].as_py() for column in told]), raw(data)[0]


def _stored(row: Sequence[Any]) -> StoredAttachment:
    name, kind, content_type, size, sha256, received_ms = row
    return StoredAttachment(name, kind, content_type, int(size), sha256, int(received_ms))
