"""Compiles what the decoder of the hot path calls; `make setup` keeps the result."""

from __future__ import annotations

from hannun.wire.otlp_logs import fast


def warm() -> None:
    fast.warm()
