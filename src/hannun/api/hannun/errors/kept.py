"""What the pages beside the issues need: release health, cron monitors, replays, profiles, attachments."""

from __future__ import annotations

from dataclasses import dataclass

from hannun.model.attachment import AttachmentReader
from hannun.model.monitor import MonitorReader
from hannun.model.release_health import ReleaseHealthReader
from hannun.model.replay import ProfileReader, ReplayReader


@dataclass(frozen=True, slots=True)
class KeptBackend:
    health: ReleaseHealthReader
    monitors: MonitorReader
    replays: ReplayReader
    profiles: ProfileReader
    attachments: AttachmentReader
