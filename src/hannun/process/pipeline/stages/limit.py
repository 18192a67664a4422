"""`limit`: so many lines a second, whole or by the value of a label."""

from __future__ import annotations

from collections import OrderedDict

from hannun.process.pipeline.context import Context
from hannun.process.pipeline.entry import Entry
from hannun.process.pipeline.options import Options
from hannun.process.pipeline.registry import Simple, Stage, stage

_DISTINCT_LEAST = 10_000
_DISTINCT_MOST = 1_000_000


class Bucket:
    """Tokens that come back at a rate, up to a burst."""

    __slots__ = ("_at_s", "_burst", "_rate", "_tokens")

    def __init__(self, rate: float, burst: int, now_s: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at_s = now_s

    def take(self, now_s: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._rate)
        self._at_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@stage("limit")
def _limit(options: Options, context: Context) -> Stage:
    rate, burst = options.number("rate", 0.0), options.whole("burst", 0)
    if not rate > 0 or burst <= 0:
        raise options.wrong("failed to parse rate or burst", "rate와 burst는 0보다 커야 합니다")
    drop, label = options.flag("drop"), options.text("by_label_name")
    most = min(max(options.whole("max_distinct_labels", _DISTINCT_LEAST), _DISTINCT_LEAST), _DISTINCT_MOST)
    if label and not drop:
        raise options.wrong(
            "When ratelimiting by label, drop must be true", "by_label_name을 쓸 때는 drop이 true여야 합니다"
        )
    buckets: OrderedDict[str, Bucket] = OrderedDict()

    def keeps(entry: Entry) -> bool:
        value = entry.labels.get(label) if label else ""
        if value is None:
            return True
        bucket = buckets.get(value)
        if bucket is None:
            bucket = buckets[value] = Bucket(rate, burst, context.monotonic_s())
            if len(buckets) > most:
                buckets.popitem(last=False)
        else:
            buckets.move_to_end(value)
        # Promtail would hold the whole target back instead of dropping; a line too many is then simply taken, because
        # a pure step cannot wait and the tailer already reads no faster than the store takes.
        if bucket.take(context.monotonic_s()) or not drop:
            return True
        context.dropped("ratelimit_drop_stage", 1)
        return False

    return Simple(keeps)
