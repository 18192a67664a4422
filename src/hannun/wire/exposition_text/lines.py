"""One line of a page -> what it says. The readable reference: `scan` may only know what this reads the same way.

Strict where Prometheus 3.x is, and lenient where it is: a backslash before any byte is taken, and in the text format
labels need no comma between them. Three things differ, all where Prometheus does something that nobody can want: blanks
before a name do not become part of it, a NUL where a line begins does not end the page, and a doubled label name is
refused here already.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from hannun.model.errors import WireError
from hannun.model.histogram import NativeHistogram
from hannun.model.labels import METRIC_NAME
from hannun.wire.exposition_text.grammar import (
    BLANKS,
    EOF_LINE,
    EXEMPLAR,
    LABEL_NAME,
    NAME,
    OPENMETRICS,
    TEXT,
    TEXT_TAIL,
    Grammar,
    MetaKind,
)
from hannun.wire.exposition_text.limits import HELP_BYTES_MAX, PageLimits
from hannun.wire.exposition_text.values import (
    TS_MS_MAX,
    milliseconds,
    normalise_bound,
    parse_number,
    unescape,
    unescape_help,
)

EXEMPLAR_CHARACTERS_MAX = 128
"""Of all names and values together. OpenMetrics forbids more, and Prometheus leaves such an exemplar out."""
_SHOWN_BYTES = 60
_BAD_NAMES = "invalid metric name or label names"
BOUND_LABEL = {"histogram": "le", "summary": "quantile"}
"""Which label holds a bound, by the type told last."""


class LineExemplar(NamedTuple):
    labels: dict[str, str]
    value: float
    ts_ms: int | None


class LineHistogram(NamedTuple):
    """What a native histogram has in the place of a value; only protobuf pages tell any."""

    histogram: NativeHistogram
    exemplars: tuple[LineExemplar, ...] = ()


class Sample(NamedTuple):
    """`text` is the series as it stands on the page, everything before the value, without blanks around it.

    `labels` hold the metric's name too, and empty values: they matter to honor_labels. `end` is behind the newline.
    """

    text: bytes
    labels: dict[str, str]
    value: float
    ts_ms: int | None
    exemplar: LineExemplar | None
    end: int
    native: LineHistogram | None = None
    """Then `value` says nothing."""


class Meta(NamedTuple):
    """A HELP, TYPE or UNIT line. `text` is the line without its newline."""

    text: bytes
    kind: MetaKind
    family: str
    says: str
    end: int


class Comment(NamedTuple):
    text: bytes
    end: int


class Blank(NamedTuple):
    end: int


class End(NamedTuple):
    """`# EOF`, behind which there is nothing."""

    end: int


Line = Sample | Meta | Comment | Blank | End


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read lines. `legacy_names`: only names that Prometheus 2 knew are taken."""

    grammar: Grammar
    limits: PageLimits = PageLimits()
    legacy_names: bool = False

    @property
    def openmetrics(self) -> bool:
        return self.grammar is OPENMETRICS


def read_line(body: bytes, at: int, reading: Reading, bound_label: str = "") -> Line:
    """The line that begins at `at`, which is before the end of `body`. Raises WireError naming it.

    `bound_label` is the label whose values are brought to float form: `le` within a histogram, `quantile` within a
    summary, "" for none.
    """
    grammar = reading.grammar
    if grammar is TEXT:
        start = _blanks_end(body, at)
        if start == len(body) or body[start] == _NEWLINE:
            return Blank(min(start + 1, len(body)))
    else:
        start = at
        if (eof := EOF_LINE.match(body, at)) is not None:
            if eof.end() != len(body):
                raise fault(body, at, "unexpected data after # EOF")
            return End(len(body))
    if body[start] == _HASH:
        return _comment(body, start, reading)
    return _sample(body, start, reading, bound_label)


def fault(body: bytes, at: int, words: str) -> WireError:
    """`words`, the number of the line that holds `at`, and how the line goes on there."""
    stop = body.find(b"\n", at, at + _SHOWN_BYTES)
    shown = body[at : at + _SHOWN_BYTES if stop < 0 else stop].decode("utf-8", "replace")
    found = f'"{shown}"' if shown else "the end of the line"
    return WireError(f"line {body.count(10, 0, at) + 1}: {words}, got {found}")


def _comment(body: bytes, at: int, reading: Reading) -> Meta | Comment:
    grammar = reading.grammar
    found = grammar.comment.match(body, at)
    if found is None:
        raise fault(body, at, "expected HELP, TYPE, UNIT or EOF")
    if found[1] is None:
        return Comment(found[0], _next(body, found.end(), reading))
    word = found[1].decode()
    if found[2] is None:
        raise fault(body, found.end(), f"expected a metric name after {word}")
    if reading.openmetrics and found[3] is None:
        raise fault(body, found.end(), f"expected text in {word}")
    end = _next(body, found.end(), reading)
    family = _text(body, found.start(2), unescape(found[2][1:-1]) if found[2][:1] == b'"' else found[2], "metric name")
    # The text format's lexer takes the one byte between name and text for a blank, whatever it is.
    says = found[3] if reading.openmetrics else _stripped_if_blank(found[3])[1:]
    if len(family.encode("utf-8")) > reading.limits.name_bytes_max:
        raise fault(body, at, f"metric name longer than {reading.limits.name_bytes_max} bytes")
    return Meta(found[0], *_told(body, at, grammar, word, family, says), end)


def _told(body: bytes, at: int, grammar: Grammar, word: str, family: str, says: bytes) -> tuple[MetaKind, str, str]:
    if word == "TYPE":
        kind = grammar.types.get(says)
        if kind is None:
            raise fault(body, at, f'invalid metric type "{says[:_SHOWN_BYTES].decode("utf-8", "replace")}"')
        return "type", family, kind
    if word == "UNIT":
        unit = _text(body, at, says, "unit")
        if unit and not family.endswith(f"_{unit}"):
            raise fault(body, at, f'unit "{unit[:_SHOWN_BYTES]}" not a suffix of metric "{family[:_SHOWN_BYTES]}"')
        return "unit", family, unit
    text = _text(body, at, unescape_help(says) if grammar is TEXT else unescape(says), "help text")
    return "help", family, text.encode("utf-8")[:HELP_BYTES_MAX].decode("utf-8", "ignore")


def _sample(body: bytes, at: int, reading: Reading, bound_label: str) -> Sample:
    grammar = reading.grammar
    name = NAME.match(body, at)
    end = at if name is None else name.end()
    brace = grammar.open.match(body, end)
    if name is None and brace is None:
        raise fault(body, at, "expected a valid start token")
    labels = {} if name is None else {METRIC_NAME: name[0].decode()}
    if brace is not None:
        end = _labels(body, brace.end(), reading, labels, exemplar=False)
    if METRIC_NAME not in labels:
        raise fault(body, at, "metric name not set")
    _check_names(body, at, reading, labels)
    if bound_label and bound_label in labels:
        labels[bound_label] = normalise_bound(labels[bound_label])
    value, behind = _number(body, end, reading, "metric")
    ts_ms, exemplar, stop = _tail(body, behind, reading)
    return Sample(body[at:end], labels, value, ts_ms, exemplar, stop)


def _tail(body: bytes, at: int, reading: Reading) -> tuple[int | None, LineExemplar | None, int]:
    """(own time, exemplar, position behind the newline) of a line, from behind its value."""
    if not reading.openmetrics:
        tail = TEXT_TAIL.match(body, at)
        if tail is None:
            raise fault(body, at, "expected timestamp or new record")
        if tail[1] is None:
            return None, None, tail.end()
        # Twenty digits are enough to tell, and Python refuses to read thousands of them.
        digits = tail[1].lstrip(b"0")
        if len(digits) > 19 or int(digits or b"0") > TS_MS_MAX:
            raise fault(body, tail.start(1), "timestamp out of range")
        return int(digits or b"0"), None, tail.end()
    ts_ms = None
    if EXEMPLAR.match(body, at) is None:
        ts_ms, at = _seconds(body, at, reading)
    if EXEMPLAR.match(body, at) is None:
        return ts_ms, None, _next(body, at, reading)
    exemplar, stop = read_exemplar(body, at, reading)
    return ts_ms, exemplar, stop


def read_exemplar(body: bytes, at: int, reading: Reading) -> tuple[LineExemplar | None, int]:
    """The exemplar whose ` # {` stands at `at`, None when it is too long to keep, and the position behind the line."""
    mark = EXEMPLAR.match(body, at)
    assert mark is not None
    labels: dict[str, str] = {}
    end = _labels(body, mark.end(), reading, labels, exemplar=True)
    _check_names(body, at, reading, labels)
    value, behind = _number(body, end, reading, "exemplar labels")
    ts_ms, behind = _seconds(body, behind, reading)
    stop = _next(body, behind, reading)
    if sum(len(name) + len(told) for name, told in labels.items()) > EXEMPLAR_CHARACTERS_MAX:
        return None, stop
    return LineExemplar(labels, value, ts_ms), stop


def _number(body: bytes, at: int, reading: Reading, after: str) -> tuple[float, int]:
    found = reading.grammar.value.match(body, at)
    if found is None:
        raise fault(body, at, f"expected value after {after}")
    number = parse_number(found[1])
    if number is None:
        raise fault(body, found.start(1), "expected a number as value")
    return number, found.end()


def _seconds(body: bytes, at: int, reading: Reading) -> tuple[int | None, int]:
    found = reading.grammar.value.match(body, at)
    if found is None:
        return None, at
    seconds = parse_number(found[1])
    if seconds is None or seconds - seconds != 0.0:
        raise fault(body, found.start(1), "invalid timestamp")
    return milliseconds(seconds), found.end()


def _labels(body: bytes, at: int, reading: Reading, labels: dict[str, str], *, exemplar: bool) -> int:
    """Read pairs into `labels` until the brace closes; returns the position behind it."""
    grammar, limits = reading.grammar, reading.limits
    count = 0
    comma = True
    while True:
        if (close := grammar.close.match(body, at)) is not None:
            return close.end()
        if not comma and grammar.commas_needed:
            raise fault(body, at, "expected comma or brace close")
        if (pair := grammar.pair.match(body, at)) is not None:
            quoted = body[pair.start(1)] == _QUOTE
            name = _text(body, at, unescape(pair[1][1:-1]) if quoted else pair[1], "label name")
            # An exemplar with a doubled name is no reason to lose a page: the later value counts.
            if not exemplar and (name in labels or name == METRIC_NAME):
                raise fault(body, at, f'label name "{name[:_SHOWN_BYTES]}" is not unique')
            value = unescape(pair[2][1:-1])
            count += 1
            if count > limits.labels_max:
                raise fault(body, at, f"more than {limits.labels_max} labels")
            if len(value) > limits.value_bytes_max:
                raise fault(body, at, f"label value of {len(value)} bytes; at most {limits.value_bytes_max} are taken")
            labels[name] = _text(body, at, value, "label value")
            comma, at = pair[3] == b",", pair.end()
        elif not exemplar and (metric := grammar.metric.match(body, at)) is not None:
            if METRIC_NAME in labels:
                raise fault(body, at, "metric name already set")
            labels[METRIC_NAME] = _text(body, at, unescape(metric[1][1:-1]), "metric name")
            if metric[2] == b"}":
                return metric.end()
            comma, at = True, metric.end()
        else:
            raise fault(body, at, "expected label name" if NAME.match(body, at) is None else "expected equal and value")


def _check_names(body: bytes, at: int, reading: Reading, labels: dict[str, str]) -> None:
    most = reading.limits.name_bytes_max
    for name in labels:
        shown = labels[METRIC_NAME] if name == METRIC_NAME else name
        if not shown:
            raise fault(body, at, _BAD_NAMES)
        # Counting bytes makes a copy, and one character is four of them at most.
        if len(shown) * 4 > most and len(shown.encode("utf-8")) > most:
            raise fault(body, at, f"name of {len(shown)} characters; {most} bytes are taken")
    if reading.legacy_names and not _are_legacy(labels):
        raise fault(body, at, _BAD_NAMES)


def check_legacy(labels: dict[str, str]) -> None:
    """Raises WireError for names that Prometheus 2 did not know."""
    if not _are_legacy(labels):
        raise WireError(f'{_BAD_NAMES}: "{labels[METRIC_NAME][:_SHOWN_BYTES]}"')


def _are_legacy(labels: dict[str, str]) -> bool:
    return all(
        NAME.fullmatch(value.encode()) if name == METRIC_NAME else LABEL_NAME.fullmatch(name.encode())
        for name, value in labels.items()
    )


def _text(body: bytes, at: int, raw: bytes, what: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise fault(body, at, f"invalid UTF-8 {what}") from None


def _next(body: bytes, at: int, reading: Reading) -> int:
    """The position behind the newline at `at`. OpenMetrics needs it; the text format's last line may lack it."""
    if at < len(body):
        if body[at] != _NEWLINE:
            raise fault(body, at, "expected the end of the line")
        return at + 1
    if reading.openmetrics:
        raise fault(body, at, "data does not end with # EOF")
    return at


def _stripped_if_blank(text: bytes) -> bytes:
    return text if text.strip(b" \t") else b""


def _blanks_end(body: bytes, at: int) -> int:
    found = BLANKS.match(body, at)
    assert found is not None
    return found.end()


_NEWLINE, _HASH, _QUOTE = b"\n"[0], b"#"[0], b'"'[0]
