"""Runs promqltest scripts: load series, evaluate, compare. The format is that of the Prometheus project's own tests.

`parse_script` reads a script, `run_script` plays it against anything that answers instant and range questions over a
`MemoryReader` (the engine in tests, a server over HTTP elsewhere). Native histograms are not stored yet: evaluations
that touch them come back as `NotYet`, so that nobody counts them as passes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from hannun.model.budget import Budget
from hannun.model.errors import HannunError
from hannun.model.labels import METRIC_NAME, Labels
from hannun.model.matcher import MatchOp, all_match
from hannun.model.metric import STALE_NAN
from hannun.model.time import parse_duration_ms
from hannun.query.promql import Answer, PromEngine, prepare
from hannun.query.promql.literal import unquote
from hannun.query.promql.parser import Parser
from hannun.query.promql.syntax import Node, Selector, children
from hannun.testing.memory_reader import MemoryReader

EPSILON = 1e-6
SMALLEST_NORMAL = 2.2250738585072014e-308
MINUTE_MS = 60_000

_EVAL = re.compile(
    r"eval(?P<flag>_fail|_warn|_info|_ordered)?\s+(?:instant\s+(?:at\s+(?P<at>\S+)\s+)?|"
    r"range\s+from\s+(?P<start>\S+)\s+to\s+(?P<end>\S+)\s+step\s+(?P<step>\S+?)\s+)(?P<expr>.+)"
)
_VALUE = re.compile(
    r"(?P<gap>_)(?:x(?P<gaps>\d+))?$|"
    r"(?P<first>stale|[+-]?(?:NaN|Inf|inf|nan|[0-9.]+(?:[eE][+-]?[0-9]+)?))"
    r"(?P<each>[+-](?:NaN|Inf|inf|nan|[0-9.]+(?:[eE][+-]?[0-9]+)?))?(?:x(?P<times>\d+))?$"
)
_RANGE_VECTOR = re.compile(r"range vector from (\S+) to (\S+) step (\S+)")


@dataclass(frozen=True, slots=True)
class Load:
    """Series with one value per step from time 0; None is a gap. `native`: series that hold native histograms."""

    step_ms: int
    series: tuple[tuple[Labels, tuple[float | None, ...]], ...]
    native: tuple[Labels, ...] = ()


@dataclass(frozen=True, slots=True)
class Clear:
    pass


@dataclass(frozen=True, slots=True)
class Expected:
    """What an evaluation must come to. `rows` None: nothing was said (only failure or notes are expected)."""

    fails: bool = False
    fail_message: str | None = None
    fail_regex: str | None = None
    ordered: bool = False
    notes: tuple[tuple[str, str, str], ...] = ()  # (warn|info|no_warn|no_info, ""|msg|regex, words)
    rows: tuple[tuple[Labels, tuple[float | None, ...]], ...] = ()
    number: float | None = None
    text: str | None = None
    vector_range: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Eval:
    """An instant evaluation when `step_ms` is 0."""

    line: int
    expr: str
    start_ms: int
    end_ms: int
    step_ms: int
    expected: Expected
    native: bool = False


Command = Load | Clear | Eval


@dataclass(frozen=True, slots=True)
class Passed:
    eval: Eval


@dataclass(frozen=True, slots=True)
class Failed:
    eval: Eval
    why: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """Needs native histograms."""

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


# Reading


def parse_script(text: str) -> list[Command]:
    """Commands in order. Raises ValueError with the line that cannot be read."""
    out: list[Command] = []
    for number, block in _blocks(text):
        head = block[0]
        try:
            if head.startswith("clear"):
                out.append(Clear())
                out.extend(parse_script("\n".join(block[1:])) if len(block) > 1 else [])
            elif head.startswith("load"):
                out.append(_load(head, block[1:]))
            elif head.startswith("eval"):
                out.append(_eval(number, head, block[1:]))
            else:
                raise ValueError(f"unknown command {head!r}")
        except (ValueError, HannunError) as err:
            raise ValueError(f"line {number}: {err}") from err
    return out


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """A blank line or a comment ends a block, and so does the next command."""
    block: list[str] = []
    begun = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        starts = re.match(r"(clear|load|load_with_nhcb|eval\w*)(\s|$)", line) is not None
        if block and (line == "" or line.startswith("#") or starts):
            yield begun, block
            block = []
        if line and not line.startswith("#"):
            begun = begun if block else number
            block.append(line)
    if block:
        yield begun, block


def _load(head: str, lines: list[str]) -> Load:
    command, step = head.split()[:2]
    series: list[tuple[Labels, tuple[float | None, ...]]] = []
    native: list[Labels] = []
    for line in lines:
        labels, rest = read_labels(line)
        if "{{" in rest:
            native.append(labels)
            continue
        series.append((labels, tuple(read_values(rest))))
        # `load_with_nhcb` also stores each classic histogram as a native one under its base name.
        base = labels.metric.removesuffix("_bucket")
        if command == "load_with_nhcb" and base != labels.metric:
            native.append(labels.without(("le",)).set(METRIC_NAME, base))
    return Load(read_time(step), tuple(series), tuple(native))


def _eval(number: int, head: str, lines: list[str]) -> Eval:
    found = _EVAL.fullmatch(head)
    if found is None:
        raise ValueError(f"cannot read {head!r}")
    expected, native = _expected(found["flag"], lines)
    if found["start"] is not None:
        times = (read_time(found["start"]), read_time(found["end"]), read_time(found["step"]))
    else:
        at = read_time(found["at"] or "0")
        times = (at, at, 0)
    return Eval(number, found["expr"].strip(), *times, expected, native)


def _expected(flag: str | None, lines: list[str]) -> tuple[Expected, bool]:
    fails = flag == "_fail"
    ordered = flag == "_ordered"
    message: str | None = None
    regex: str | None = None
    notes: list[tuple[str, str, str]] = [(flag[1:], "", "")] if flag in ("_warn", "_info") else []
    rows: list[tuple[Labels, tuple[float | None, ...]]] = []
    number: float | None = None
    text: str | None = None
    vector_range: tuple[int, int, int] | None = None
    native = False
    for line in lines:
        if line.startswith("expected_fail_message"):
            message = line.split(maxsplit=1)[1]
        elif line.startswith("expected_fail_regexp"):
            regex = line.split(maxsplit=1)[1]
        elif line.startswith("expect "):
            what = line[len("expect ") :].strip()
            kind, _, rest = what.partition(" ")
            mode, _, words = rest.partition(":")
            mode, words = (mode.strip(), words.strip()) if mode.strip() in ("msg", "regex") else ("", "")
            if kind == "fail":
                fails = True
                message = words if mode == "msg" else message
                regex = words if mode == "regex" else regex
            elif kind == "ordered":
                ordered = True
            elif kind in ("warn", "info", "no_warn", "no_info"):
                notes.append((kind, mode, words))
            elif kind == "string":
                text = unquote(rest.strip())
            elif found := _RANGE_VECTOR.fullmatch(what):
                vector_range = (read_time(found[1]), read_time(found[2]), read_time(found[3]))
            else:
                raise ValueError(f"unknown expectation {line!r}")
        elif "{{" in line:
            native = True
        elif line[0] == "{" or (line[0].isalpha() and not re.match(r"(?i)(nan|inf)$", line)) or line[0] in '_:"':
            labels, rest = read_labels(line)
            rows.append((labels, tuple(read_values(rest))))
        else:
            number = _number(line)
    return (
        Expected(fails, message, regex, ordered, tuple(notes), tuple(rows), number, text, vector_range),
        native,
    )


def read_labels(line: str) -> tuple[Labels, str]:
    """`name{a="b"} 1 2 3` -> labels and the rest of the line."""
    end = _labels_end(line)
    selector = Parser(line[:end]).whole()
    if not isinstance(selector, Selector):
        raise ValueError(f"no series in {line!r}")
    pairs = {}
    for matcher in selector.matchers:
        if matcher.op is not MatchOp.EQUAL:
            raise ValueError(f"a series is named with = alone: {line!r}")
        pairs[matcher.name] = matcher.value
    return Labels.of(pairs), line[end:].strip()


def _labels_end(line: str) -> int:
    at = 0
    while at < len(line) and line[at] not in "{ \t":
        at += 1
    brace = at
    while brace < len(line) and line[brace] in " \t":
        brace += 1
    if brace >= len(line) or line[brace] != "{" or line[brace : brace + 2] == "{{":
        return at
    quote = ""
    for end in range(brace, len(line)):
        sign = line[end]
        if quote:
            if sign == quote and (quote == "`" or line[end - 1] != "\\"):
                quote = ""
        elif sign in "\"'`":
            quote = sign
        elif sign == "}":
            return end + 1
    raise ValueError(f"unclosed brace in {line!r}")


def read_values(text: str) -> Iterator[float | None]:
    """`1 2+3x2 _x3 stale` -> one value or gap per step."""
    for word in text.split():
        found = _VALUE.match(word)
        if found is None:
            raise ValueError(f"cannot read the value {word!r}")
        if found["gap"]:
            yield from [None] * int(found["gaps"] or 1)
            continue
        value = STALE_NAN if found["first"] == "stale" else float(found["first"])
        each = float(found["each"]) if found["each"] else 0.0
        times = int(found["times"]) if found["times"] else 0
        for _ in range(times + 1):
            yield value
            if each:
                value += each


def read_time(text: str) -> int:
    """A duration (`5m`, `-1m`) or seconds -> ms."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text)
    try:
        return sign * round(float(rest) * 1000)
    except ValueError:
        return sign * parse_duration_ms(rest)


def _number(text: str) -> float:
    return float(text.replace("_", ""))


# Playing


@dataclass(frozen=True, slots=True)
class Engine:
    """How a script asks: by default the engine itself."""

    instant: Callable[[str, int], Answer]
    range: Callable[[str, int, int, int], Answer]

    @staticmethod
    def over(reader: MemoryReader) -> Engine:
        engine = PromEngine(reader)
        return Engine(
            lambda expr, at: engine.instant(expr, at, Budget()),
            lambda expr, start, end, step: engine.range(expr, start, end, step, Budget()),
        )


def run_script(text: str, *, narrow: bool = True) -> Report:
    """Play a script from an empty store."""
    reader = MemoryReader(narrow=narrow)
    engine = Engine.over(reader)
    native: list[Labels] = []
    report = Report()
    for command in parse_script(text):
        match command:
            case Clear():
                reader.clear()
                native.clear()
            case Load():
                native.extend(command.native)
                for labels, values in command.series:
                    samples = ((k * command.step_ms, v) for k, v in enumerate(values) if v is not None)
                    reader.add(labels, samples)
            case Eval():
                report.add(judge(command, engine, native))
    return report


def judge(command: Eval, engine: Engine, native: list[Labels]) -> Verdict:
    """One evaluation against what it should come to; instant ones once more inside a range."""
    if command.native or touches(command.expr, native):
        return NotYet(command)
    try:
        why = _instant(command, engine) if command.step_ms == 0 else _range(command, engine)
    except AssertionError as err:
        why = str(err) or "assertion failed"
    return Passed(command) if why is None else Failed(command, why)


def touches(expr: str, native: list[Labels]) -> bool:
    """Whether any selector of `expr` would find a native histogram."""
    if "{{" in expr:
        return True
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
    found = {
        labels: [value if there else None for value, there in zip(row.tolist(), mask.tolist(), strict=True)]
        for labels, row, mask in zip(answer.labels, answer.values, answer.present, strict=True)
        if mask.any()
    }
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
    found = [
        (labels, float(answer.values[row, step]))
        for row, labels in enumerate(answer.labels)
        if answer.present[row, step]
    ]
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
    found = {
        labels: list(
            zip(
                raw.ts_ms[raw.offsets[row] : raw.offsets[row + 1]].tolist(),
                raw.value[raw.offsets[row] : raw.offsets[row + 1]].tolist(),
                strict=True,
            )
        )
        for row, labels in enumerate(answer.labels)
    }
    if set(found) != set(wanted):
        return f"series are {sorted(map(str, found))}, not {sorted(map(str, wanted))}"
    for labels, samples in found.items():
        others = wanted[labels]
        if len(samples) != len(others) or not all(
            a[0] == b[0] and _equal(a[1], b[1]) for a, b in zip(samples, others, strict=True)
        ):
            return f"{labels} is {samples}, not {others}"
    return None


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


def _equal(wanted: float | None, found: float | None) -> bool:
    if wanted is None or found is None:
        return wanted is found
    if math.isnan(wanted) or math.isnan(found):
        return math.isnan(wanted) and math.isnan(found)
    if wanted == found:
        return True
    size, gap = abs(wanted) + abs(found), abs(wanted - found)
    if wanted == 0 or found == 0 or size < SMALLEST_NORMAL:
        return gap < EPSILON * SMALLEST_NORMAL
    return gap / min(size, 1.7976931348623157e308) < EPSILON
