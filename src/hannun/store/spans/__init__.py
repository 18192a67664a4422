"""Spans at rest."""

from hannun.store.spans.store import SpanStore

__all__ = ["SpanStore"]
