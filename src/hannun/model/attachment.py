"""Files beside error events, as a page lists them and as they are downloaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hannun.model.budget import Budget


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    """`name` is the sender's and may hold anything. `sha256` is lower hex and names the file within its event."""

    name: str
    kind: str
    content_type: str
    size: int
    sha256: str
    received_ms: int


class AttachmentReader(Protocol):
    """All block. Raise NotFound where one is asked for, QueryTimeout, QueryCanceled, StoreUnavailable."""

    def list(self, project: int, event_id: str, budget: Budget) -> Sequence[StoredAttachment]:
        """Those of an event, by name; at most 100."""
        ...

    def read(self, project: int, event_id: str, sha256: str, budget: Budget) -> tuple[StoredAttachment, bytes]: ...
