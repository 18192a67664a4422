"""The recent window answers as the engine does, whatever is written, late, twice, new or deleted."""

from __future__ import annotations

import random
import threading
from typing import Any

import pytest

from hannun.model.budget import Budget
from hannun.model.labels import Labels
from hannun.model.matcher import Matchers, equal
from hannun.store.metrics import recent, store
from hannun.store.metrics.read import read_samples
from hannun.store.metrics.recent import RecentSamples

NOW_MS = 1_800_000_000_000
M: Matchers = (equal("__name__", "m"),)
SERIES = [Labels.of(__name__="m", i=str(i)) for i in range(12)]


def from_engine(bench: Any, matchers: Matchers, start_ms: int, end_ms: int) -> dict[Labels, dict[int, float]]:
    choice = bench.store._index.choose(["m"], matchers, Budget())
    found = read_samples(bench.engine, choice, start_ms, end_ms, Budget())
    return {
        labels: {
            int(ts) + found.base_ms: value
            for ts, value in zip(
                found.ts[found.offsets[i] : found.offsets[i + 1]],
                found.value[found.offsets[i] : found.offsets[i + 1]].tolist(),
                strict=True,
            )
        }
        for i, labels in enumerate(found.labels)
    }


def warm(bench: Any, lookback_ms: int = 300_000) -> None:
    for _ in range(3):
        bench.get(M, bench.clock.ms - lookback_ms, bench.clock.ms)
    assert bench.store._recent.hits, "the third question is answered from memory"


@pytest.mark.parametrize("worth", [recent.WORTH, 0], ids=["whole metrics", "parts only"])
@pytest.mark.parametrize("seed", range(4))
def test_cached_and_uncached_answers_are_equal_under_random_writes(
    bench: Any, seed: int, worth: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "WORTH", worth)
    monkeypatch.setattr(recent, "SMALL_SAMPLES", recent.SMALL_SAMPLES if worth else 0)
    rng = random.Random(seed)
    model: dict[Labels, dict[int, float]] = {}
    for step in range(40):
        bench.clock.ms += rng.choice([15_000, 15_000, 60_000, 1])
        now = bench.clock.ms
        some = rng.sample(SERIES, rng.randint(1, 6))
        points = []
        for labels in some:
            for _ in range(rng.randint(1, 3)):
                ts = now - rng.choice([0, 0, 0, 1, 15_000, 30_000, 299_999, 400_000, 4_000_000, -60_000])
                points.append((labels, ts, rng.choice([float(step), rng.random(), float("inf")])))
        bench.put(*points)
        for labels, ts, value in points:
            model.setdefault(labels, {})[ts] = value
        if rng.random() < 0.05:
            gone = rng.choice(SERIES)
            bench.store.delete([(*M, equal("i", gone.get("i")))], 0, 2 * NOW_MS)
            model.pop(gone, None)
        if rng.random() < 0.1:
            bench.merge()
        for lookback in (rng.choice([1, 60_000, 300_000, 320_000, 1_000_000]), 300_000):
            start, end = now - lookback, now + rng.choice([0, 0, 60_000, -30_000])
            matchers = rng.choice([M, (*M, equal("i", rng.choice(SERIES[:3]).get("i")))])
            expected = {
                labels: inside
                for labels, samples in model.items()
                if (inside := {ts: value for ts, value in samples.items() if start < ts <= end})
                and all(matcher.matches(labels.get(matcher.name)) for matcher in matchers)
            }
            assert bench.get(matchers, start, end) == expected
            assert from_engine(bench, matchers, start, end) == expected
    assert bench.store._recent.hits > 5


def test_a_part_holds_what_one_selector_chose_where_the_whole_is_too_large(bench: Any) -> None:
    bench.store._recent = RecentSamples(bench.clock, bytes_max=40_000)
    sets = [Labels.of(__name__="m", i=str(i), job="a" if i < 4 else "b") for i in range(200)]
    bench.put(*((labels, NOW_MS - 15_000 * k, float(k)) for labels in sets for k in range(20)))
    few = (*M, equal("job", "a"))
    for _ in range(2):
        bench.get(few, NOW_MS - 299_000, NOW_MS)
    found = bench.store.select(few, NOW_MS - 299_000, NOW_MS, Budget())
    assert found.sql == ()
    assert len(found.labels) == 4
    # A series that comes later is another choice, and one that nobody asked for leaves the part alone.
    bench.put((Labels.of(__name__="m", i="new", job="a"), NOW_MS, 1.0), (sets[50], NOW_MS + 1, 1.0))
    assert len(bench.get(few, NOW_MS - 299_000, NOW_MS)) == 5
    bench.put((sets[0], NOW_MS + 5, 7.0))
    assert bench.get(few, NOW_MS, NOW_MS + 10)[sets[0]] == {NOW_MS + 5: 7.0}


def test_the_third_question_does_not_read_the_engine(bench: Any) -> None:
    bench.put(*((labels, NOW_MS - 15_000 * i, float(i)) for labels in SERIES for i in range(20)))
    warm(bench)
    before = bench.store._recent.hits
    found = bench.store.select(M, NOW_MS - 299_000, NOW_MS, Budget())
    assert bench.store._recent.hits == before + 1
    assert found.sql == ()
    assert len(found.labels) == len(SERIES)


def test_new_series_and_late_samples_enter_the_window(bench: Any) -> None:
    bench.put((SERIES[0], NOW_MS, 1.0))
    warm(bench)
    bench.put((SERIES[1], NOW_MS - 100_000, 2.0), (SERIES[0], NOW_MS - 200_000, 3.0), (SERIES[0], NOW_MS, 4.0))
    hits = bench.store._recent.hits
    assert bench.get(M, NOW_MS - 300_000, NOW_MS) == {
        SERIES[0]: {NOW_MS - 200_000: 3.0, NOW_MS: 4.0},
        SERIES[1]: {NOW_MS - 100_000: 2.0},
    }
    assert bench.store._recent.hits == hits + 1


def test_an_older_question_than_the_window_is_answered_by_the_engine(bench: Any) -> None:
    bench.put((SERIES[0], NOW_MS - 3_600_000, 1.0), (SERIES[0], NOW_MS, 2.0))
    warm(bench, 60_000)
    assert bench.get(M, NOW_MS - 4_000_000, NOW_MS) == {SERIES[0]: {NOW_MS - 3_600_000: 1.0, NOW_MS: 2.0}}


def test_a_moving_window_forgets_what_is_no_longer_asked_and_stays_small(bench: Any) -> None:
    for turn in range(400):
        bench.clock.ms = NOW_MS + turn * 15_000
        if turn % 4 == 0:
            bench.put(
                *((labels, bench.clock.ms - back * 15_000, float(turn)) for labels in SERIES[:2] for back in range(4))
            )
            bench.get(M, bench.clock.ms - 300_000, bench.clock.ms)
    assert 0 < bench.store._recent.bytes < 200_000
    now = bench.clock.ms
    assert bench.get(M, now - 300_000, now) == from_engine(bench, M, now - 300_000, now)


def test_the_bound_in_bytes_holds(bench: Any) -> None:
    bench.store._recent = RecentSamples(bench.clock, bytes_max=100_000)
    for metric in ("a", "b", "c", "m"):
        sets = [Labels.of(__name__=metric, i=str(i)) for i in range(40)]
        bench.put(*((labels, NOW_MS - i * 1000, 1.0) for labels in sets for i in range(30)))
        for _ in range(3):
            assert len(bench.get((equal("__name__", metric),), NOW_MS - 60_000, NOW_MS)) == 40
        assert bench.store._recent.bytes <= 100_000


def test_a_window_that_nobody_asks_for_goes(bench: Any) -> None:
    bench.put((SERIES[0], NOW_MS, 1.0))
    warm(bench)
    assert bench.store._recent.bytes
    bench.clock.s += 601
    bench.put((SERIES[0], NOW_MS + 1, 1.0))
    assert not bench.store._recent.bytes


def test_loading_beside_writes_misses_nothing(bench: Any) -> None:
    """Questions in threads while the event loop writes: each answer holds all that was acknowledged before it."""
    acknowledged: list[int] = []
    wrong: list[str] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            known = set(acknowledged)
            found = bench.get(M, NOW_MS - 1000, NOW_MS + 300_000)
            times = set(found.get(SERIES[0], {}))
            if not known <= times:
                wrong.append(f"{sorted(known - times)[:3]} missing")
            if len(known) % 5 == 0:
                bench.store._recent.clear()

    async def write() -> None:
        for step in range(40):
            await bench.store.write(
                bench.batch([(SERIES[0], NOW_MS + step, float(step)), (SERIES[step % 12], NOW_MS, 1.0)])
            )
            acknowledged.append(NOW_MS + step)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    bench.put((SERIES[0], NOW_MS, 0.0))
    for thread in threads:
        thread.start()
    try:
        bench.run(write())
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_question_far_into_the_future_is_answered_by_the_engine_and_loads_nothing(bench: Any) -> None:
    bench.put((SERIES[0], NOW_MS, 1.0), (SERIES[0], NOW_MS + 80_000_000, 2.0))
    for end_ms in (NOW_MS + 60 * 86_400_000, 10**13):
        for _ in range(3):
            assert bench.get(M, NOW_MS - 300_000, end_ms) == {SERIES[0]: {NOW_MS: 1.0, NOW_MS + 80_000_000: 2.0}}
    assert not bench.store._recent.bytes
    assert not bench.store._recent.hits


def test_a_large_window_is_read_in_pieces_that_are_the_whole(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "PIECE_SAMPLES", 30)
    bench.put(*((labels, NOW_MS - 15_000 * i, float(i)) for labels in SERIES for i in range(20)))
    assert bench.store.select_pieces(M, NOW_MS - 300_000, NOW_MS, Budget()) is None, "nothing is in memory yet"
    warm(bench)
    whole = bench.get(M, NOW_MS - 300_000, NOW_MS)
    pieces = bench.store.select_pieces(M, NOW_MS - 300_000, NOW_MS, Budget())
    assert pieces is not None
    first = next(pieces)
    # The window goes while its pieces are read: the engine has the rest.
    bench.store._recent.clear()
    found = [first, *pieces]
    assert len(found) > 3
    assert {labels for piece in found for labels in piece.labels} == set(whole)
    assert sum(len(piece.value) for piece in found) == sum(len(samples) for samples in whole.values())
    assert found[0].sql == ()
    assert found[-1].sql != ()
