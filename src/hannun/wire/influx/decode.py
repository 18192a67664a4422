"""A body of lines -> columns. Known series cost a lookup: the bytes before the fields, and the name of the field.

Lines without a backslash or a quote, which are nearly all, are cut at their separators; the others take the road of
`line.parse`, byte by byte. A test holds both roads together.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from hannun.model.errors import TooLarge
from hannun.model.labels import METRIC_NAME, Labels
from hannun.wire.influx.columns import InfluxColumns
from hannun.wire.influx.line import BadLine, head, number, parse, timestamp
from hannun.wire.remote_write.labels import Refusal, SeriesLimits

VALUES_MAX = 2_000_000
ERRORS_SHOWN = 5
LINE_SHOWN = 120
CACHE_BYTES_MAX = 16 << 20
MS_MAX = 1 << 62

_TURNS = re.compile(rb'\\.|["=, \n]', re.DOTALL)
Tags = tuple[tuple[bytes, bytes], ...]


class LineDecoder:
    """Safe to use from several threads. What it remembers is bounded by bytes and emptied at the bound."""

    def __init__(self, limits: SeriesLimits | None = None, *, values_max: int = VALUES_MAX) -> None:
        self._limits = limits or SeriesLimits()
        self.values_max = values_max
        self._known: dict[bytes, int] = {}
        self._known_bytes = 0

    def decode(self, body: bytes, *, now_ms: int, unit: Fraction, db: str = "") -> InfluxColumns:
        """`unit`: ms per unit of a timestamp; lines without one are of `now_ms`. Raises TooLarge.

        A label `db` is added where a database is named and no tag has that name.
        """
        walk = _Walk(self, db, now_ms, unit)
        for line in lines(body):
            walk.line(line)
        return walk.columns()

    def series_of(self, key: bytes) -> int | None:
        return self._known.get(key)

    def remember(self, key: bytes, series: int) -> None:
        self._known_bytes += len(key) + 100
        if self._known_bytes > CACHE_BYTES_MAX:
            self._known, self._known_bytes = {}, len(key) + 100
        self._known[key] = series

    def labels(self, db: str, measurement: bytes, tags: Tags, field: bytes) -> Labels:
        """Raises _Refused."""
        name = measurement + b"_" + field
        pairs = [*tags, (METRIC_NAME.encode(), name)]
        if db and not any(key == b"db" for key, _ in tags):
            pairs.append((b"db", db.encode("utf-8", "surrogatepass")))
        if len(pairs) > self._limits.labels_max:
            raise _Refused(Refusal.TOO_MANY_LABELS.words)
        if any(len(key) > self._limits.name_bytes_max for key, _ in pairs) or len(name) > self._limits.name_bytes_max:
            raise _Refused(Refusal.NAME_TOO_LONG.words)
        if any(len(value) > self._limits.value_bytes_max for _, value in pairs):
            raise _Refused(Refusal.VALUE_TOO_LONG.words)
        try:
            return Labels.from_pairs((key.decode("utf-8"), value.decode("utf-8")) for key, value in pairs)
        except UnicodeDecodeError:
            raise _Refused(Refusal.NOT_UTF8.words) from None


class _Refused(Exception):
    """A series that cannot be taken; its argument is the reason in our words."""


class _Walk:
    """One body on its way."""

    def __init__(self, decoder: LineDecoder, db: str, now_ms: int, unit: Fraction) -> None:
        self._decoder = decoder
        self._db = db
        self._prefix = db.encode("utf-8", "surrogatepass") + b"\n"
        self._now_ms = now_ms
        self._unit = unit
        self._series: list[int] = []
        self._ts_ms: list[int] = []
        self._values: list[float] = []
        self._keys: dict[int, bytes] = {}
        self._errors: list[str] = []
        self._bad = self._texts = 0
        self._refused: Counter[str] = Counter()

    def line(self, line: bytes) -> None:
        try:
            if b"\\" in line or b'"' in line:
                self._careful(line)
            else:
                self._quick(line)
        except BadLine as err:
            self._bad += 1
            if len(self._errors) < ERRORS_SHOWN:
                shown = line[:LINE_SHOWN].decode("utf-8", "replace")
                self._errors.append(f"unable to parse '{shown}': {err}")

    def _quick(self, line: bytes) -> None:
        before, _, rest = line.partition(b" ")
        fields, _, when = rest.lstrip(b" ").partition(b" ")
        if not fields:
            head(before)
            raise BadLine("missing fields")
        values: list[tuple[bytes, float]] = []
        for item in fields.split(b","):
            key, equals, word = item.partition(b"=")
            if not equals or not key:
                head(before)
                raise BadLine("missing field key" if equals else "missing field value")
            values.append((key, number(word)))
        ts_ms = self._moment(timestamp(when.strip(b" ")))
        # Checked before the first value is taken: half a line is never stored.
        names = [b"%b%b %b" % (self._prefix, before, key) for key, _ in values]
        known = [self._decoder.series_of(name) for name in names]
        new = None if None not in known else head(before)[:2]
        for name, (key, value), series in zip(names, values, known, strict=True):
            self._take(name, self._learn(name, key, new) if series is None else series, value, ts_ms)

    def _careful(self, line: bytes) -> None:
        point = parse(line)
        ts_ms = self._moment(point.ts)
        before = line[: head(line)[2]]
        for field in point.fields:
            if field.value is None:
                self._texts += 1
                continue
            name = b"%b%b %b" % (self._prefix, before, field.key)
            series = self._decoder.series_of(name)
            if series is None:
                series = self._learn(name, field.key, (point.measurement, point.tags))
            self._take(name, series, field.value, ts_ms)

    def _learn(self, name: bytes, key: bytes, of: tuple[bytes, Tags] | None) -> int | None:
        """The id of a new series, remembered; None when it cannot be taken."""
        assert of is not None, "the head of a line with a new series was read"
        try:
            series = self._decoder.labels(self._db, of[0], of[1], key).series_id()
        except _Refused as why:
            self._refused[str(why)] += 1
            return None
        self._decoder.remember(name, series)
        return series

    def _take(self, name: bytes, series: int | None, value: float, ts_ms: int) -> None:
        if series is None:
            return
        most = self._decoder.values_max
        if len(self._series) >= most:
            raise TooLarge(f"line protocol: more than {most} values in one request", "send smaller batches")
        self._keys.setdefault(series, name)
        self._series.append(series)
        self._ts_ms.append(ts_ms)
        self._values.append(value)

    def _moment(self, ts: int | None) -> int:
        if ts is None:
            return self._now_ms
        ms = ts * self._unit.numerator // self._unit.denominator
        if not -MS_MAX < ms < MS_MAX:
            raise BadLine("time outside range")
        return ms

    def _labels(self, series: int) -> Labels:
        """Read again from the bytes that named it: only new series ever need them."""
        name = self._keys[series][len(self._prefix) :]
        measurement, tags, at = head(name)
        return self._decoder.labels(self._db, measurement, tags, name[at + 1 :])

    def columns(self) -> InfluxColumns:
        return InfluxColumns(
            np.array(self._series, dtype=np.uint64),
            np.array(self._ts_ms, dtype=np.int64),
            np.array(self._values, dtype=np.float64),
            self._labels,
            tuple(self._errors),
            self._bad,
            self._texts,
            self._refused,
        )


def lines(body: bytes) -> Iterator[bytes]:
    """Lines that say something, without comments and line ends. A newline inside a quoted text ends no line."""
    for line in body.split(b"\n") if b'"' not in body else _with_quotes(body):
        told = line.strip(b" \t\r")
        if told and not told.startswith(b"#"):
            yield told


def _with_quotes(body: bytes) -> Iterator[bytes]:
    """InfluxDB's own rule: a quote opens a text only behind a field's equals sign."""
    start = equals = commas = 0
    in_fields = quoted = False
    comment = body.startswith(b"#")
    for found in _TURNS.finditer(body):
        turn = found.group()
        if turn == b"\n" and not quoted:
            yield body[start : found.start()]
            start, equals, commas = found.end(), 0, 0
            in_fields = False
            comment = body[start : start + 1] == b"#"
        elif comment or len(turn) > 1:
            continue
        elif turn == b" ":
            in_fields = in_fields or found.start() > start
        elif not in_fields:
            continue
        elif turn == b'"':
            if equals > commas:
                quoted = not quoted
        elif not quoted:
            equals += turn == b"="
            commas += turn == b","
    yield body[start:]
