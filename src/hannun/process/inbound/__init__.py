"""Sentry's inbound filters: events that nobody can act on are dropped on arrival, and counted by their reason."""

from hannun.process.inbound.filters import REASONS, filtered

__all__ = ["REASONS", "filtered"]
