"""The one bounded way in for lines over HTTP: read, undo codings, decode, prepare, store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from starlette.requests import Request

from hannun.model.errors import HannunError, TooLarge, Unsupported, WireError
from hannun.model.http import principal_of
from hannun.observe.outcomes import Outcome
from hannun.receive.body import InFlight, SlowBody, read_body
from hannun.receive.limits import BODY_SETTING, ReceiveLimits
from hannun.receive.log_intake import SIGNAL, LogIntake, Prepared
from hannun.wire.compression import decompress
from hannun.wire.loki.columns import PushColumns

LARGE_AT_ONCE = 2
"""Bodies that are decoded at the same time in threads: what bounds the memory of decompressed bytes."""

INLINE_STREAMS_MAX = 64
"""Of more streams than that, all could be new: reading their labels takes 30 µs each."""

Decode = Callable[[bytes], PushColumns]


class LogDoor:
    """One for all receivers of lines, so that its bounds hold over all of them together."""

    def __init__(
        self, intake: LogIntake, limits: ReceiveLimits | None = None, *, in_flight: InFlight | None = None
    ) -> None:
        self.intake = intake
        self.limits = limits or ReceiveLimits()
        self._in_flight = in_flight or InFlight(self.limits.in_flight_bytes_max)
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    async def take(
        self, request: Request, decode: Decode, encodings: Sequence[str] = (), *, inline_bytes_max: int = 0
    ) -> Prepared:
        """Returns when the good lines are durable; what was left out stands in the answer.

        A body of up to `inline_bytes_max` without codings is decoded at once, any other in a thread. Raises what
        reading, decoding and storing raise; requests that failed as a whole are counted here.
        """
        key = principal_of(request).token_name
        try:
            with self._in_flight.hold() as held:
                body = await read_body(request, self.limits, held)
                prepared = await self._prepared(body, decode, encodings, inline_bytes_max)
                held.take(prepared.size_bytes)
                await self.intake.store(prepared, key)
        except HannunError as err:
            self.count(err, key)
            raise
        return prepared

    async def _prepared(self, body: bytes, decode: Decode, encodings: Sequence[str], inline_bytes_max: int) -> Prepared:
        if encodings or len(body) > inline_bytes_max:
            async with self._large:
                return await asyncio.to_thread(self._prepare, body, decode, encodings)
        columns = decode(body)
        if len(columns.counts) > INLINE_STREAMS_MAX:
            async with self._large:
                return await asyncio.to_thread(self.intake.prepare, columns)
        return self.intake.prepare(columns)

    def _prepare(self, body: bytes, decode: Decode, encodings: Sequence[str]) -> Prepared:
        limit = self.limits.body_bytes_max
        raw = decompress(body, encodings, limit_bytes=limit, setting=BODY_SETTING) if encodings else body
        return self.intake.prepare(decode(raw))

    def count(self, err: HannunError, key: str) -> None:
        """A request of which nobody knows how many lines it had, because it was not read to its end."""
        count = self.intake.outcomes.count
        match err:
            case WireError() | Unsupported():
                count(SIGNAL, Outcome.INVALID, reason="request that cannot be read", key=key)
            case SlowBody():
                count(SIGNAL, Outcome.INVALID, reason="request whose body did not arrive in time", key=key)
            case TooLarge():
                count(SIGNAL, Outcome.LIMITED, reason="request that is too large", key=key)
