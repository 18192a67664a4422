"""Check-ins of cron jobs at rest, and how their monitors stand."""

from hannun.store.check_ins.store import CheckInStore

__all__ = ["CheckInStore"]
