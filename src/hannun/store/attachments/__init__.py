"""Files beside error events at rest."""

from hannun.store.attachments.store import AttachmentStore

__all__ = ["AttachmentStore"]
