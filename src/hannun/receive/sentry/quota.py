"""How much a key may send: a bucket of tokens per key and category, and one for all categories together."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from hannun.model.project_key import KeyLimit, ProjectKey
from hannun.model.time import Clock, SystemClock

BUCKETS_MAX = 10_000
NEVER_LIMITED = frozenset({"internal"})
"""What a client tells of its own losses must arrive in any case."""


@dataclass(frozen=True, slots=True)
class Limited:
    """One entry of X-Sentry-Rate-Limits. No categories: all of them."""

    seconds: int
    categories: tuple[str, ...]
    scope: str
    reason: str


class Quota(Protocol):
    """Safe to use from any thread."""

    def take(self, key: ProjectKey, category: str, quantity: int = 1) -> Limited | None:
        """None: `quantity` may come in, and was counted."""
        ...

    def active(self, key: ProjectKey) -> tuple[Limited, ...]:
        """What is refused at this moment, for the header of any answer."""
        ...


@dataclass(slots=True)
class _Bucket:
    """`empty_until_s`: a refusal that was announced holds until then, so that senders that obey it are not starved."""

    tokens: float
    at_s: float
    empty_until_s: float = 0.0


class KeyQuota:
    """A Quota by the limits that stand in the keys."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def take(self, key: ProjectKey, category: str, quantity: int = 1) -> Limited | None:
        if not key.limits or category in NEVER_LIMITED:
            return None
        now_s = self._clock.monotonic_s()
        with self._lock:
            asked = [(name, key.limits[name]) for name in (category, "") if name in key.limits]
            for name, limit in asked:
                wait_s = self._wait_s(key.key, name, limit, quantity, now_s)
                if wait_s:
                    return _limited(name, wait_s)
            for name, _ in asked:
                self._buckets[key.key, name].tokens -= quantity
        return None

    def active(self, key: ProjectKey) -> tuple[Limited, ...]:
        if not key.limits:
            return ()
        now_s = self._clock.monotonic_s()
        with self._lock:
            held = [(name, self._buckets.get((key.key, name))) for name in key.limits]
            return tuple(
                _limited(name, math.ceil(bucket.empty_until_s - now_s))
                for name, bucket in held
                if bucket is not None and bucket.empty_until_s > now_s
            )

    def _wait_s(self, key: str, name: str, limit: KeyLimit, quantity: int, now_s: float) -> int:
        """Seconds until `quantity` may come, 0 when it may now."""
        bucket = self._buckets.get((key, name))
        if bucket is None:
            bucket = self._buckets[key, name] = _Bucket(limit.count, now_s)
            if len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end((key, name))
        pace = limit.count / limit.window_s if limit.count > 0 else 0.0
        bucket.tokens = min(float(limit.count), bucket.tokens + (now_s - bucket.at_s) * pace)
        bucket.at_s = now_s
        # What is larger than the whole bucket passes when that is full, and then everybody waits for it.
        needed = min(quantity, limit.count)
        if pace and bucket.tokens >= needed and now_s >= bucket.empty_until_s:
            return 0
        wait_s = max(1, math.ceil((needed - bucket.tokens) / pace)) if pace else limit.window_s
        bucket.empty_until_s = max(bucket.empty_until_s, now_s + wait_s)
        return math.ceil(bucket.empty_until_s - now_s)


def _limited(category: str, seconds: int) -> Limited:
    return Limited(seconds, (category,) if category else (), "key", "key_quota")
