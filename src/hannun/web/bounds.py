"""Bounds that hold for every endpoint, whether its author thought of them or not: body size and pace, open files."""

from __future__ import annotations

import asyncio
import logging
import resource

from starlette.types import Message, Receive

from hannun.model.errors import TooLarge, WireError
from hannun.model.text import Text

_log = logging.getLogger("hannun.web")
BODY_BYTES_MAX = 16 << 20
BODY_S_MAX = 60.0
FILES_WANTED = 65_536
FILES_KEPT = 512
"""For the engine's parts, the meta store, logs and what collectors open: connections never take these."""


class BoundedBody:
    """A `receive` that ends a body which is too large or too slow. Receivers of pushed data have their own bounds.

    Raises TooLarge or WireError inside the handler; after the whole body it only waits for the caller to leave.
    """

    def __init__(self, receive: Receive, *, bytes_max: int = BODY_BYTES_MAX, within_s: float = BODY_S_MAX) -> None:
        self._receive = receive
        self._bytes_max = bytes_max
        self._within_s = within_s
        self._left_bytes = bytes_max
        self._more = True
        self._deadline_s = asyncio.get_running_loop().time() + within_s

    async def __call__(self) -> Message:
        if not self._more:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline_s):
                message = await self._receive()
        except TimeoutError as err:
            raise WireError(_TOO_SLOW.with_(seconds=int(self._within_s))) from err
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        self._left_bytes -= len(message.get("body", b""))
        if self._left_bytes < 0:
            raise TooLarge(_TOO_LARGE.with_(mebibytes=self._bytes_max >> 20))
        return message


def connections_bound(wanted: int) -> int:
    """At most `wanted` connections, fewer where the machine allows fewer open files; raises our limit as far as it may.

    Without this 1,000 idle connections (the usual soft limit) would stop the engine from opening its own parts.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FILES_WANTED:
        raised = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (raised, hard))
        except (OSError, ValueError) as err:
            _log.info("cannot raise the limit of open files from %d to %d: %s", soft, raised, err)
        else:
            soft = raised
    return wanted if soft == resource.RLIM_INFINITY else min(wanted, max(16, soft - FILES_KEPT))


_TOO_LARGE = Text(
    en="The request body is larger than {mebibytes} MiB",
    ko="요청 본문이 {mebibytes} MiB를 넘습니다",
)
_TOO_SLOW = Text(
    en="The request body did not arrive within {seconds} s",
    ko="요청 본문이 {seconds}초 안에 오지 않았습니다",
)
