"""Compiles what the decoder of the hot path calls; `make setup` keeps the result."""

from __future__ import annotations

from hannun.wire.elasticsearch import fast


def warm() -> None:
    fast.warm()
