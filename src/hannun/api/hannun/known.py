"""Which metrics are stored, and which of them a wrong name may have meant. Kept for a moment, because pages repeat."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from hannun.api.hannun.nearest import nearest
from hannun.model.budget import Budget
from hannun.model.cardinality import CardinalityReader
from hannun.model.labels import METRIC_NAME
from hannun.model.matcher import MatchOp, equal
from hannun.model.ports import MetricReader
from hannun.model.time import Clock
from hannun.query.promql.syntax import Node, Selector, children

KEEP_S, STORED_KEEP_S = 10.0, 60.0
STORED_MAX, NEAREST_MAX = 20_000, 200
NEIGHBOURS = 5
NAMES_MAX = 50
"""Names of one expression that are looked at."""
_EVER_MS = 4_102_444_800_000  # the year 2100: nothing beyond is ever stored


class KnownMetrics:
    """Blocks; safe from any thread."""

    def __init__(self, reader: MetricReader, counter: CardinalityReader | None, clock: Clock) -> None:
        self._reader, self._counter, self._clock = reader, counter, clock
        self._loading, self._lock = threading.Lock(), threading.Lock()
        self._series: Mapping[str, int] = {}
        self._loaded_s = float("-inf")
        self._stored: dict[str, float] = {}
        self._nearest: dict[str, list[str]] = {}

    def series(self, budget: Budget) -> Mapping[str, int]:
        """Every stored name with the number of its series (0 where nobody counts them)."""
        # Whoever has no time left to wait for another's reading takes what was read before.
        if not self._loading.acquire(timeout=max(budget.remaining_s(), 0.0)):
            return self._series
        try:
            if self._clock.monotonic_s() - self._loaded_s > KEEP_S:
                if self._counter is not None:
                    self._series = self._counter.metric_counts(budget)
                else:
                    names = self._reader.label_values(METRIC_NAME, (), 0, _EVER_MS, budget)
                    self._series = dict.fromkeys(names, 0)
                self._loaded_s = self._clock.monotonic_s()
                self._nearest = {}
            return self._series
        finally:
            self._loading.release()

    def is_stored(self, name: str, budget: Budget) -> bool:
        """Whether any series of that name is stored, whenever it was seen. A yes is believed for a minute."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            if now_s - self._stored.get(name, float("-inf")) < STORED_KEEP_S:
                return True
        if name == "" or not self._reader.series(((equal(METRIC_NAME, name),),), 0, _EVER_MS, 1, budget):
            return False
        with self._lock:
            if len(self._stored) >= STORED_MAX:
                self._stored.clear()
            self._stored[name] = now_s
        return True

    def near(self, wanted: str, limit: int, budget: Budget) -> list[str]:
        """At most `limit` stored names that are like `wanted`, the likeliest first."""
        names, kept = self.series(budget), self._nearest
        found = kept.get(wanted)
        if found is None or len(found) < limit:
            found = nearest(wanted, names, max(limit, NEIGHBOURS))
            if len(kept) < NEAREST_MAX:
                kept[wanted] = found
        return found[:limit]

    def unknown(self, node: Node, budget: Budget) -> list[dict[str, object]]:
        """Metrics that the expression names and that nobody ever sent, each with its neighbours."""
        return [
            {"name": name, "nearest": self.near(name, NEIGHBOURS, budget)}
            for name in list(dict.fromkeys(named_metrics(node)))[:NAMES_MAX]
            if not self.is_stored(name, budget)
        ]


def named_metrics(node: Node) -> Iterator[str]:
    """The names that selectors ask for exactly: `up`, `{__name__="up"}`; never a pattern."""
    if isinstance(node, Selector):
        for matcher in node.matchers:
            if matcher.name == METRIC_NAME and matcher.op is MatchOp.EQUAL and matcher.value:
                yield matcher.value
    for child in children(node):
        yield from named_metrics(child)
