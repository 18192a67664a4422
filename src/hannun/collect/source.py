"""A source of metric families that the collect loop asks again and again."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hannun.model.family import CollectorStatus, Family


def _no_details() -> Sequence[CollectorStatus]:
    return ()


@dataclass(frozen=True, slots=True)
class Source:
    """`gather` blocks and runs in the source's own thread, one call at a time; what it raises makes `up` 0.

    `details` tells how the parts of the source did in the last reading, for the status page.
    """

    job: str
    instance: str
    gather: Callable[[], Sequence[Family]]
    details: Callable[[], Sequence[CollectorStatus]] = _no_details


def hostname() -> str:
    """The machine's own name, which is the `instance` of what it tells about itself."""
    return socket.gethostname() or "localhost"
