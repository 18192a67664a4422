"""Plays promqltest scripts against anything that answers instant and range questions over a `MemoryReader`.

Every instant evaluation is asked once more inside a range around its time. Over a store that cannot hold native
histograms, evaluations that touch some come back as `NotYet`, so that nobody counts them as passes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np

from hannun.model.budget import Budget
from hannun.model.errors import HannunError
from hannun.model.histogram import Buckets, NativeHistogram
from hannun.model.labels import Labels
from hannun.model.matcher import all_match
from hannun.model.ports import MetricReader
from hannun.query.promql import Answer, PromEngine, RawSamples, prepare
from hannun.query.promql.syntax import Node, Selector, children
from hannun.testing.memory_reader import MemoryReader
from hannun.testing.promql_histogram import Shown
from hannun.testing.promql_script import Clear, Eval, Expected, Load, parse_script

EPSILON = 1e-6
SMALLEST_NORMAL = 2.2250738585072014e-308
MINUTE_MS = 60_000
Sample = float | NativeHistogram | Shown
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Passed:
    eval: Eval


@dataclass(frozen=True, slots=True)
class Failed:
    eval: Eval
    why: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Needs native histograms, which the store at hand does not hold."""

    eval: Eval


Verdict = Passed | Failed | NotYet


@dataclass(slots=True)
class Report:
    passed: list[Passed] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    not_yet: list[NotYet] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        match verdict:
            case Passed():
                self.passed.append(verdict)
            case Failed():
                self.failed.append(verdict)
            case NotYet():
                self.not_yet.append(verdict)

    def __str__(self) -> str:
        return f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.not_yet)} not yet (native histograms)"


@dataclass(frozen=True, slots=True)
class Engine:
    """How a script asks: by default the engine itself."""

    instant: Callable[[str, int], Answer]
    range: Callable[[str, int, int, int], Answer]

    @staticmethod
    def over(reader: MetricReader) -> Engine:
        engine = PromEngine(reader)
        return Engine(
            lambda expr, at: engine.instant(expr, at, Budget()),
            lambda expr, start, end, step: engine.range(expr, start, end, step, Budget()),
        )


class ScriptStore(MetricReader, Protocol):
    """A reader that scripts can fill and empty."""

    def add(self, labels: Labels, samples: Iterable[tuple[int, float]]) -> None: ...
    def clear(self) -> None: ...


@runtime_checkable
class HistogramStore(Protocol):
    """A `ScriptStore` that holds native histograms too."""

    def add_histograms(self, labels: Labels, samples: Iterable[tuple[int, NativeHistogram]]) -> None: ...


def run_script(text: str, reader: ScriptStore | None = None) -> Report:
    """Play a script from an empty store; in memory when none is given."""
    reader = MemoryReader() if reader is None else reader
    reader.clear()
    engine = Engine.over(reader)
    native: list[Labels] = []
    report = Report()
    for command in parse_script(text):
        match command:
            case Clear():
                reader.clear()
                native.clear()
            case Load():
                for labels, values in command.series:
                    if any(value is not None for value in values):
                        reader.add(labels, _timed(values, command.step_ms))
                if isinstance(reader, HistogramStore):
                    for labels, shaped in command.histograms:
                        reader.add_histograms(labels, _timed(shaped, command.step_ms))
                else:
                    native.extend(command.native)
            case Eval():
                report.add(judge(command, engine, native))
    return report


def _timed(values: Iterable[T | None], step_ms: int) -> list[tuple[int, T]]:
    return [(k * step_ms, value) for k, value in enumerate(values) if value is not None]


def judge(command: Eval, engine: Engine, native: Sequence[Labels] = ()) -> Verdict:
    """One evaluation against what it should come to; instant ones once more inside a range.

    `native`: series of native histograms that could not be loaded.
    """
    if native and touches(command.expr, native):
        return NotYet(command)
    try:
        why = _instant(command, engine) if command.step_ms == 0 else _range(command, engine)
    except AssertionError as err:
        why = str(err) or "assertion failed"
    return Passed(command) if why is None else Failed(command, why)


def touches(expr: str, native: Sequence[Labels]) -> bool:
    """Whether any selector of `expr` would find one of those series."""
    try:
        root = prepare(expr)
    except HannunError:
        return False
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Selector) and any(all_match(node.matchers, labels) for labels in native):
            return True
        waiting.extend(children(node))
    return False


def _failure(command: Eval, err: HannunError) -> str | None:
    expected = command.expected
    if not expected.fails:
        return f"unexpected error: {err}"
    if expected.fail_message is not None and str(err) != expected.fail_message:
        return f"error is {str(err)!r}, not {expected.fail_message!r}"
    if expected.fail_regex is not None and not re.search(expected.fail_regex, str(err)):
        return f"error {str(err)!r} does not match {expected.fail_regex!r}"
    return None


def _instant(command: Eval, engine: Engine) -> str | None:
    expected = command.expected
    try:
        answer = engine.instant(command.expr, command.start_ms)
    except HannunError as err:
        return _failure(command, err)
    if expected.fails:
        return "an error was expected"
    if why := _notes(expected, answer) or _same(expected, answer, 0, ordered=expected.ordered):
        return why
    if answer.kind == "string" or answer.raw is not None or expected.ordered:
        return None
    start, end = command.start_ms - MINUTE_MS, command.start_ms + MINUTE_MS
    try:
        answer = engine.range(command.expr, start, end, MINUTE_MS)
    except HannunError as err:
        return f"as a range query: {err}"
    why = _same(expected, answer, 1, ordered=False)
    return None if why is None else f"as a range query: {why}"


def _range(command: Eval, engine: Engine) -> str | None:
    expected = command.expected
    try:
        answer = engine.range(command.expr, command.start_ms, command.end_ms, command.step_ms)
    except HannunError as err:
        return _failure(command, err)
    if expected.fails:
        return "an error was expected"
    if why := _notes(expected, answer):
        return why
    wanted = dict(expected.rows)
    found = {labels: values for labels, values in _rows(answer) if any(value is not None for value in values)}
    if set(found) != {labels for labels, values in wanted.items() if any(v is not None for v in values)}:
        return f"series are {sorted(map(str, found))}, not {sorted(map(str, wanted))}"
    for labels, values in found.items():
        padded = [*wanted[labels], *[None] * (len(values) - len(wanted[labels]))]
        if len(padded) != len(values) or not all(_equal(a, b) for a, b in zip(padded, values, strict=True)):
            return f"{labels} is {values}, not {padded}"
    return None


def _same(expected: Expected, answer: Answer, step: int, *, ordered: bool) -> str | None:
    if expected.text is not None:
        return None if answer.text == expected.text else f"string is {answer.text!r}, not {expected.text!r}"
    if answer.raw is not None:
        return _same_raw(expected, answer)
    if expected.number is not None:
        value = float(answer.values[0, step])
        return None if _equal(expected.number, value) else f"scalar is {value}, not {expected.number}"
    found = [(labels, values[step]) for labels, values in _rows(answer) if values[step] is not None]
    wanted = [(labels, values[0]) for labels, values in expected.rows]
    if ordered:
        if [labels for labels, _ in found] != [labels for labels, _ in wanted]:
            return f"order is {[str(labels) for labels, _ in found]}, not {[str(labels) for labels, _ in wanted]}"
    elif {labels for labels, _ in found} != {labels for labels, _ in wanted}:
        return f"series are {sorted(str(x) for x, _ in found)}, not {sorted(str(x) for x, _ in wanted)}"
    of = dict(found)
    for labels, should in wanted:
        if not _equal(should, of[labels]):
            return f"{labels} is {of[labels]}, not {should}"
    return None


def _same_raw(expected: Expected, answer: Answer) -> str | None:
    raw = answer.raw
    assert raw is not None
    if expected.vector_range is None:
        return "a range vector came back, none was expected"
    start, _, step = expected.vector_range
    wanted = {
        labels: [(start + k * step, value) for k, value in enumerate(values) if value is not None]
        for labels, values in expected.rows
    }
    found = {labels: _raw_samples(raw, row) for row, labels in enumerate(answer.labels)}
    if set(found) != set(wanted):
        return f"series are {sorted(map(str, found))}, not {sorted(map(str, wanted))}"
    for labels, samples in found.items():
        others = wanted[labels]
        if len(samples) != len(others) or not all(
            a[0] == b[0] and _equal(a[1], b[1]) for a, b in zip(samples, others, strict=True)
        ):
            return f"{labels} is {samples}, not {others}"
    return None


def _rows(answer: Answer) -> Iterator[tuple[Labels, list[Sample | None]]]:
    """Each series with its samples of either kind, None where there is none."""
    cells = answer.histograms
    for row, labels in enumerate(answer.labels):
        pairs = zip(answer.values[row].tolist(), answer.present[row].tolist(), strict=True)
        values: list[Sample | None] = [value if there else None for value, there in pairs]
        if cells is not None:
            for step in np.flatnonzero(cells.there[row]).tolist():
                assert values[step] is None, f"{labels} holds a float and a histogram at step {step}"
                values[step] = cells.value[row, step]
        yield labels, values


def _raw_samples(raw: RawSamples, row: int) -> list[tuple[int, Sample]]:
    piece = slice(int(raw.offsets[row]), int(raw.offsets[row + 1]))
    out: list[tuple[int, Sample]] = list(zip(raw.ts_ms[piece].tolist(), raw.value[piece].tolist(), strict=True))
    if row in raw.runs:
        out.extend(zip(raw.runs[row].ts.tolist(), raw.runs[row].value, strict=True))
    return sorted(out, key=lambda sample: sample[0])


def _notes(expected: Expected, answer: Answer) -> str | None:
    for kind, mode, words in expected.notes:
        lines = answer.warnings if kind.endswith("warn") else answer.infos
        if kind.startswith("no_"):
            if lines:
                return f"{kind} expected, got {lines}"
        elif not lines:
            return f"{kind} expected, got none"
        elif mode == "msg" and words not in {said for line in lines for said in (line, _bare(line))}:
            return f"{kind} is {lines}, not {words!r}"
        elif mode == "regex" and not any(re.search(words, line) for line in lines):
            return f"{kind} {lines} does not match {words!r}"
    return None


def _bare(line: str) -> str:
    """Without the place in the query."""
    return re.sub(r" \(\d+:\d+\)$", "", line)


def _equal(wanted: Sample | None, found: Sample | None) -> bool:
    if wanted is None or found is None:
        return wanted is found
    if not isinstance(wanted, float) or not isinstance(found, float):
        return not isinstance(wanted, float) and not isinstance(found, float) and _same_histogram(wanted, found)
    if math.isnan(wanted) or math.isnan(found):
        return math.isnan(wanted) and math.isnan(found)
    if wanted == found:
        return True
    size, gap = abs(wanted) + abs(found), abs(wanted - found)
    if wanted == 0 or found == 0 or size < SMALLEST_NORMAL:
        return gap < EPSILON * SMALLEST_NORMAL
    return gap / min(size, 1.7976931348623157e308) < EPSILON


def _same_histogram(wanted: NativeHistogram | Shown, found: NativeHistogram | Shown) -> bool:
    """Numbers about equal, layouts exactly; what is said of resets is not compared."""
    if isinstance(wanted, Shown) or isinstance(found, Shown):
        return _same_shown(*[one if isinstance(one, Shown) else Shown.of(one) for one in (wanted, found)])
    return (
        wanted.schema == found.schema
        and wanted.zero_threshold == found.zero_threshold
        and wanted.custom_values == found.custom_values
        and _equal(wanted.count, found.count)
        and _equal(wanted.sum, found.sum)
        and _equal(wanted.zero_count, found.zero_count)
        and _same_buckets(wanted.positive, found.positive)
        and _same_buckets(wanted.negative, found.negative)
    )


def _same_buckets(wanted: Buckets, found: Buckets) -> bool:
    return wanted.index == found.index and all(map(_equal, wanted.count, found.count))


def _same_shown(wanted: Shown, found: Shown) -> bool:
    """As far as the API tells."""
    return (
        _equal(wanted.count, found.count)
        and _equal(wanted.sum, found.sum)
        and len(wanted.buckets) == len(found.buckets)
        and all(
            ours[0] == theirs[0] and all(map(_equal, ours[1:], theirs[1:]))
            for ours, theirs in zip(wanted.buckets, found.buckets, strict=True)
        )
    )
