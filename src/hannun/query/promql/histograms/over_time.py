"""Functions of windows that hold histograms: sums, means, counts, firsts and lasts, resets and changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from hannun.model.histogram import NativeHistogram
from hannun.query.promql.histograms.algebra import Incompatible, equal
from hannun.query.promql.histograms.resets import is_reset
from hannun.query.promql.histograms.total import Outcome, mean, total
from hannun.query.promql.histograms.windows import OfWindow, Result, Told, Window
from hannun.query.promql.histograms.words import COLLISION, MISMATCHED, MIXED_SAMPLES, MIXED_SCHEMAS, named

Sample = float | NativeHistogram


def _together(of: Callable[[Sequence[NativeHistogram]], Outcome]) -> OfWindow:
    def run(window: Window, told: Told) -> Result:
        if window.floats:
            told.warn(named(MIXED_SAMPLES, window.name))
            return None
        try:
            outcome = of(window.histograms)
        except Incompatible:
            told.warn(named(MIXED_SCHEMAS, window.name))
            return None
        if outcome.collision:
            told.warn(COLLISION.format(what="aggregation"))
        if outcome.reconciled:
            told.info(MISMATCHED.format(what="aggregation"))
        return outcome.histogram

    return run


def _neighbours(differ: Callable[[Sample, Sample], bool]) -> OfWindow:
    """How many neighbours differ. An anchored window begins with the newest sample before it."""

    def run(window: Window, told: Told) -> Result:
        samples = window.samples()
        if window.mode == "anchored":
            if samples[-1][0] <= window.start_ms:
                return None
            before = sum(ts <= window.start_ms for ts, _ in samples)
            samples = samples[max(before - 1, 0) :]
        values = [value for _, value in samples]
        return float(sum(map(differ, values, values[1:])))

    return run


def _was_reset(before: Sample, now: Sample) -> bool:
    if isinstance(before, float) and isinstance(now, float):
        return now < before
    if isinstance(before, float) or isinstance(now, float):
        return True
    return is_reset(now, before)


def _changed(before: Sample, now: Sample) -> bool:
    if isinstance(before, float) and isinstance(now, float):
        return now != before and not (math.isnan(now) and math.isnan(before))
    if isinstance(before, float) or isinstance(now, float):
        return True
    return not equal(now, before)


sum_over_time = _together(total)
avg_over_time = _together(mean)
resets = _neighbours(_was_reset)
changes = _neighbours(_changed)


def count_over_time(window: Window, told: Told) -> Result:
    return float(len(window.floats) + len(window.histograms))


def present_over_time(window: Window, told: Told) -> Result:
    return 1.0


def first_over_time(window: Window, told: Told) -> Result:
    return window.samples()[0][1]


def last_over_time(window: Window, told: Told) -> Result:
    return window.samples()[-1][1]


def ts_of_first_over_time(window: Window, told: Told) -> Result:
    return window.samples()[0][0] / 1000


def ts_of_last_over_time(window: Window, told: Told) -> Result:
    return window.samples()[-1][0] / 1000
