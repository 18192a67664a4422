"""Counts stored lines by pattern, and hands the counts on every minute."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

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
_Known = tuple[int, str, int]
"""(pattern, service, stream)."""


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
        self._known: dict[int, _Known] = {}
        """By stream and mask in one number."""
        self._rows: list[NDArray[np.int64]] = []
        """Each int64[n, 4]: stream and mask, severity, minute, how many lines."""
        self._first_ms: dict[int, int] = {}

    def remember(self, texts: list[PatternText]) -> None:
        """Patterns of an earlier life of the server."""
        self._miner.remember([Mined(one.id, one.service, one.text) for one in texts])
        self._first_ms = {one.id: one.first_ms for one in texts}

    def __call__(self, batch: LogBatch) -> None:
        # A line is one of few (stream, severity, minute, mask). They are counted as numbers, and what the numbers mean
        # is looked up when they are handed on: a batch of 1 MB holds 700 of them, the next one mostly the same.
        found = hashes(batch.body.data, batch.body.offsets)
        minutes = batch.ts_ns // NS_PER_MINUTE
        masks = _mixed(batch.stream * _ODD ^ found)
        keys = _mixed(masks ^ (minutes.view(np.uint64) * np.uint64(8) + batch.severity) * _ODD)
        _, firsts, lines = np.unique(keys, return_index=True, return_counts=True)
        rows = np.empty((len(firsts), 4), dtype=np.int64)
        rows[:, 0] = masks[firsts].view(np.int64)
        rows[:, 1] = batch.severity[firsts]
        rows[:, 2] = minutes[firsts]
        rows[:, 3] = lines
        with self._lock:
            if len(self._known) + len(rows) > WAITING_MAX:
                self._look_up()
                self._known.clear()  # they are learnt again, which changes no id
            for line, mask_key in zip(firsts.tolist(), rows[:, 0].tolist(), strict=True):
                if mask_key not in self._known:
                    self._known[mask_key] = self._learn(batch, line, int(found[line]))
            self._rows.append(rows)
            if sum(map(len, self._rows)) > WAITING_MAX:
                self._look_up()

    def _learn(self, batch: LogBatch, line: int, mask_hash: int) -> _Known:
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
        return pattern, service, stream

    def _look_up(self) -> None:
        """What was counted as numbers becomes counts of patterns."""
        if not self._rows:
            return
        rows = np.concatenate(self._rows)
        self._rows.clear()
        kinds, which = np.unique(rows[:, :3], axis=0, return_inverse=True)
        lines = np.bincount(which.ravel(), weights=rows[:, 3]).astype(np.int64)
        for (mask_key, severity, minute), count in zip(kinds.tolist(), lines.tolist(), strict=True):
            if len(self._counts) < WAITING_MAX:
                self._counts[(*self._known[mask_key], severity, minute * 60)] += count

    async def run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            await asyncio.to_thread(self.flush)

    def flush(self) -> None:
        """What could not be handed on is handed on the next time."""
        with self._lock:
            self._look_up()
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


def _mixed(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = numbers * _ODD
    return np.asarray(mixed ^ mixed >> np.uint64(29))
