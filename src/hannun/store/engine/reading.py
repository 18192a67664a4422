"""What a stream of the engine gives, and who ends it when nobody does.

Whoever reads a stream and fails leaves it unfinished, held by the traceback of the failure, and such a traceback is
often part of a cycle: Python's collector finds it later, in whatever thread. The collector ends the objects of a cycle
in the order of their age. chDB's connection, which comes out of a pool, is older than the stream on it, so it was
closed first, and the stream then canceled itself on a closed connection: a null pointer, and the end of the process.

So the generator that holds both stands in a register outside of any cycle. The collector only ever sees the reader's
end of it, which notes that it was left; the engine ends it at the next call of anybody. No lock is taken meanwhile: the
collector may run in a thread that holds it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import suppress
from typing import Any, Generic, TypeVar

from hannun.model.errors import HannunError, StoreUnavailable

T = TypeVar("T")
Parts = Generator[T, None, None]


class Readings:
    """The streams that are being read."""

    def __init__(self) -> None:
        self._open: dict[int, Parts[Any]] = {}
        self._left: deque[int] = deque()

    def of(self, parts: Parts[T]) -> Reading[T]:
        """The reader's end of `parts`. One that ends by itself, by an error or by `close()` is forgotten."""
        return Reading(self, parts)

    def close_left(self) -> None:
        """End what nobody reads any more."""
        while self._left:
            try:
                key = self._left.popleft()
            except IndexError:  # another thread was quicker
                return
            parts = self._open.pop(key, None)
            if parts is not None:
                with suppress(HannunError):  # Whoever left it wants to know no more, and whoever calls now did not ask.
                    parts.close()

    def close_all(self) -> None:
        """End every stream, left or not; who still reads one gets StoreUnavailable. Streams inside a call of the engine
        are left to that call."""
        for key in list(self._open):
            parts = self._open.get(key)
            if parts is not None and not getattr(parts, "gi_running", False):
                self.forget(key)
                with suppress(HannunError, ValueError):  # ValueError: it is inside a call by now
                    parts.close()

    def holds(self, key: int) -> bool:
        return key in self._open

    def hold(self, parts: Parts[Any]) -> int:
        self._open[id(parts)] = parts
        return id(parts)

    def forget(self, key: int) -> None:
        self._open.pop(key, None)

    def leave(self, key: int) -> None:
        if key in self._open:
            self._left.append(key)

    def __len__(self) -> int:
        return len(self._open)


class Reading(Iterator[T], Generic[T]):
    """Iterate it to its end, or `close()` it."""

    __slots__ = ("_ended", "_key", "_parts", "_readings")

    def __init__(self, readings: Readings, parts: Parts[T]) -> None:
        self._readings = readings
        self._parts = parts
        self._ended = False
        self._key = readings.hold(parts)

    def __next__(self) -> T:
        try:
            return next(self._parts)
        except StopIteration:
            if not self._ended and not self._readings.holds(self._key):
                raise StoreUnavailable("the store is closing") from None
            self._ended = True
            self._readings.forget(self._key)
            raise
        except BaseException:
            self._ended = True
            self._readings.forget(self._key)
            raise

    def close(self) -> None:
        self._ended = True
        try:
            self._parts.close()
        finally:
            self._readings.forget(self._key)

    def __del__(self) -> None:
        self._readings.leave(self._key)
