"""Compiles what all decoders and encoders of remote write and remote read call; `make setup` keeps the result."""

from __future__ import annotations

from hannun.wire import remote_read
from hannun.wire.remote_write import fast
from hannun.wire.remote_write.v2 import fast as second


def warm() -> None:
    fast.warm()
    second.warm()
    remote_read.warm()
