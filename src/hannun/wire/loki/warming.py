"""Compiles what both decoders of a push call; `make setup` keeps the result."""

from __future__ import annotations

from hannun.wire.loki import fast, json_fast


def warm() -> None:
    fast.warm()
    json_fast.warm()
