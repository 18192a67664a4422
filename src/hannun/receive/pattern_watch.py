"""Counts stored lines by pattern, and hands the counts on every minute."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable

import numpy as np

from hannun.model.errors import HannunError
from hannun.model.identity import Identity
from hannun.model.log import LogBatch
from hannun.model.pattern import PatternCount, PatternSink, PatternText
from hannun.model.time import Clock
from hannun.process.patterns import Mined, Miner, hashes, mask

FLUSH_EVERY_S = 30.0
WAITING_MAX = 50_000
NS_PER_MINUTE = 60 * 10**9
_ODD = np.uint64(0x9E3779B185EBCA87)
_log = logging.getLogger("hannun.receive")
_Key = tuple[int, str, int, int, int]


class PatternWatch:
    """An observer of stored lines; `run` hands counts to the sink until cancelled, `flush` once."""

    def __init__(self, sink: PatternSink, identity_of: Callable[[int], Identity], clock: Clock) -> None:
        self._sink = sink
        self._identity_of = identity_of
        self._clock = clock
        self._miner = Miner()
        self._lock = threading.Lock()
        self._counts: Counter[_Key] = Counter()
        self._texts: dict[int, PatternText] = {}
        self._first_ms: dict[int, int] = {}

    def remember(self, texts: list[PatternText]) -> None:
        """Patterns of an earlier life of the server."""
        self._miner.remember([Mined(one.id, one.service, one.text) for one in texts])
        self._first_ms = {one.id: one.first_ms for one in texts}

    def __call__(self, batch: LogBatch) -> None:
        # A line is one of few (stream, severity, minute, mask); each of those is looked at once.
        found = hashes(batch.body.data, batch.body.offsets)
        minutes = batch.ts_ns // NS_PER_MINUTE
        # All four in one number of 64 bits, because sorting by one key takes a quarter of sorting by four.
        mixed = (batch.stream + _ODD * (minutes.view(np.uint64) * np.uint64(8) + batch.severity)) * _ODD
        _, firsts, lengths = np.unique(found ^ mixed ^ mixed >> np.uint64(29), return_index=True, return_counts=True)
        with self._lock:
            for first, lines in zip(firsts.tolist(), lengths.tolist(), strict=True):
                self._count(batch, first, int(found[first]), int(minutes[first]), lines)

    def _count(self, batch: LogBatch, line: int, mask_hash: int, minute: int, lines: int) -> None:
        stream = int(batch.stream[line])
        service = self._identity_of(stream).service
        pattern = self._miner.known(service, mask_hash)
        if pattern is None:
            said = batch.said[line] if batch.said is not None else ""
            body = batch.body.data[batch.body.offsets[line] : batch.body.offsets[line + 1]].tobytes()
            mined = self._miner.learn(service, mask_hash, mask(said.encode() if said else body))
            pattern = mined.id
            first_ms = self._first_ms.setdefault(pattern, min(self._clock.now_ms(), int(batch.ts_ns[line]) // 10**6))
            self._texts[pattern] = PatternText(pattern, service, mined.text, first_ms)
        if len(self._counts) < WAITING_MAX:
            self._counts[pattern, service, stream, int(batch.severity[line]), minute * 60] += lines

    async def run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            await asyncio.to_thread(self.flush)

    def flush(self) -> None:
        """What could not be handed on is handed on the next time."""
        with self._lock:
            texts, counts = dict(self._texts), Counter(self._counts)
            self._texts.clear()
            self._counts.clear()
        if not texts and not counts:
            return
        try:
            self._sink.add(tuple(texts.values()), [PatternCount(*key, lines) for key, lines in counts.items()])
        except HannunError as err:
            _log.warning("patterns of log lines could not be stored: %s", err)
            with self._lock:
                self._texts = texts | self._texts
                self._counts.update(counts)
