"""Memory for bodies that are being read, shared by everybody who asks: many small ones always fit.

The first bytes of a body are free, because the number of connections bounds them. Beyond that it takes room; a large
one may not take the last quarter, so that a few endless bodies cannot make a thousand honest targets fail.
"""

from __future__ import annotations

from hannun.collect.http_client.answer import Failure, FetchError

MIB = 1 << 20
FREE_BYTES = 128 << 10
LARGE_BYTES = 4 * MIB


class BodyRoom:
    """Call from one thread (the event loop)."""

    def __init__(self, bytes_max: int = 192 * MIB) -> None:
        self._max = bytes_max
        self.used = 0

    def lease(self) -> Lease:
        return Lease(self)

    def take(self, count: int, *, large: bool) -> bool:
        if self.used + count > (self._max * 3 // 4 if large else self._max):
            return False
        self.used += count
        return True


class Lease:
    """The room of one body. A context manager: what was taken is given back at its end."""

    def __init__(self, room: BodyRoom) -> None:
        self._room = room
        self._held = 0
        self._seen = 0

    def take(self, count: int) -> None:
        """`count` more bytes are about to be held. Raises FetchError(BUSY)."""
        self._seen += count
        due = max(0, self._seen - FREE_BYTES) - self._held
        if due <= 0:
            return
        if not self._room.take(due, large=self._seen > LARGE_BYTES):
            raise FetchError(
                Failure.BUSY,
                f"body of more than {self._seen} bytes: there is no memory for one more large body now",
                "lower body_size_limit of the jobs with large pages, or spread them over time",
            )
        self._held += due

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self._room.used -= self._held
        self._held = self._seen = 0
