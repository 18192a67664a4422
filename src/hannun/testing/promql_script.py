"""Reads promqltest scripts: load series, evaluate, compare. The format is that of the Prometheus project's own tests.

`parse_script` turns a script into commands; `promql_play` plays them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hannun.model.errors import HannunError
from hannun.model.histogram import NativeHistogram
from hannun.model.labels import EMPTY, Labels
from hannun.model.matcher import MatchOp
from hannun.model.metric import STALE_NAN
from hannun.model.time import parse_duration_ms
from hannun.query.promql.literal import unquote
from hannun.query.promql.parser import Parser
from hannun.query.promql.syntax import Selector
from hannun.testing.promql_histogram import next_series, of_classic, read_series

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
    """Series with one value per step from time 0; None is a gap. A series may be among the `histograms` too."""

    step_ms: int
    series: tuple[tuple[Labels, tuple[float | None, ...]], ...]
    histograms: tuple[tuple[Labels, tuple[NativeHistogram | None, ...]], ...] = ()

    @property
    def native(self) -> tuple[Labels, ...]:
        """Series that hold native histograms, for those who cannot load them."""
        return tuple([labels for labels, _ in self.histograms])


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
    rows: tuple[tuple[Labels, tuple[float | NativeHistogram | None, ...]], ...] = ()
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


Command = Load | Clear | Eval


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
    histograms: list[tuple[Labels, tuple[NativeHistogram | None, ...]]] = []
    for line in lines:
        labels, rest = read_labels(line)
        values = tuple(read_values(rest))
        shaped = tuple([value if isinstance(value, NativeHistogram) else None for value in values])
        if any(value is not None for value in shaped):
            histograms.append((labels, shaped))
        series.append((labels, tuple([None if isinstance(value, NativeHistogram) else value for value in values])))
    if command == "load_with_nhcb":
        histograms.extend(of_classic(series))
    return Load(read_time(step), tuple(series), tuple(histograms))


def _eval(number: int, head: str, lines: list[str]) -> Eval:
    found = _EVAL.fullmatch(head)
    if found is None:
        raise ValueError(f"cannot read {head!r}")
    expected = _expected(found["flag"], lines)
    if found["start"] is not None:
        times = (read_time(found["start"]), read_time(found["end"]), read_time(found["step"]))
    else:
        at = read_time(found["at"] or "0")
        times = (at, at, 0)
    return Eval(number, found["expr"].strip(), *times, expected)


def _expected(flag: str | None, lines: list[str]) -> Expected:
    fails = flag == "_fail"
    ordered = flag == "_ordered"
    message: str | None = None
    regex: str | None = None
    notes: list[tuple[str, str, str]] = [(flag[1:], "", "")] if flag in ("_warn", "_info") else []
    rows: list[tuple[Labels, tuple[float | NativeHistogram | None, ...]]] = []
    number: float | None = None
    text: str | None = None
    vector_range: tuple[int, int, int] | None = None
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
        elif line.startswith("{{"):
            rows.append((EMPTY, tuple(read_values(line))))
        elif line[0] == "{" or (line[0].isalpha() and not re.match(r"(?i)(nan|inf)$", line)) or line[0] in '_:"':
            labels, rest = read_labels(line)
            rows.append((labels, tuple(read_values(rest))))
        else:
            number = _number(line)
    return Expected(fails, message, regex, ordered, tuple(notes), tuple(rows), number, text, vector_range)


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


def read_values(text: str) -> Iterator[float | NativeHistogram | None]:
    """`1 2+3x2 _x3 stale {{count:1 sum:2}}x2` -> one value or gap per step."""
    while text := text.strip():
        if histograms := next_series(text):
            yield from read_series(histograms)
            text = text[histograms.end() :]
            continue
        word, *rest = text.split(maxsplit=1)
        text = rest[0] if rest else ""
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
