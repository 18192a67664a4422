"""Scraped text pages: what each line means, where a page is refused, and that both decoders mean the same."""

from __future__ import annotations

import random
import re
import shutil
import struct
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

import numpy as np
import prometheus_client
import prometheus_client.openmetrics.exposition
import prometheus_client.openmetrics.parser
import prometheus_client.parser
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hannun.model.errors import Unsupported, WireError
from hannun.model.family import Family
from hannun.model.metric import NORMAL_NAN_BITS, MetricMetadata
from hannun.wire.exposition import encode_openmetrics, encode_text
from hannun.wire.exposition_text import (
    Dialect,
    PageColumns,
    PageDecoder,
    PageLimits,
    dialect_of,
    read_page,
)
from hannun.wire.exposition_text.values import normalise_bound

TEXT, OPENMETRICS = "text/plain; version=0.0.4", "application/openmetrics-text; version=1.0.0; charset=utf-8"
CONTENT_TYPES = {Dialect.TEXT: TEXT, Dialect.OPENMETRICS: OPENMETRICS}


@dataclass(frozen=True)
class Row:
    labels: tuple[tuple[str, str], ...]
    bits: int
    ts_ms: int | None


def bits_of(value: float) -> int:
    return NORMAL_NAN_BITS if value != value else struct.unpack("<Q", struct.pack("<d", value))[0]


def exemplar_of(row: int, labels: dict[str, str], value: float, ts_ms: int | None) -> tuple[Any, ...]:
    return row, tuple(sorted(labels.items())), bits_of(value), ts_ms


Outcome = tuple[list[Row], list[tuple[Any, ...]], tuple[MetricMetadata, ...]] | str


def plainly(body: bytes, dialect: Dialect, limits: PageLimits, *, normalise_bounds: bool = True) -> Outcome:
    """What the reference says; the words of its error when it refuses."""
    try:
        page = read_page(body, dialect, limits, normalise_bounds=normalise_bounds)
    except WireError as err:
        return str(err)
    rows = [Row(tuple(sorted(line.labels.items())), bits_of(line.value), line.ts_ms) for line in page.samples]
    told = [exemplar_of(row, *line.exemplar) for row, line in enumerate(page.samples) if line.exemplar is not None]
    return rows, told, page.metadata


class Scraper:
    """What a scraper keeps of one target: labels by index. It checks the promises about numbers as it goes."""

    def __init__(self, limits: PageLimits | None = None, *, normalise_bounds: bool = True) -> None:
        self.limits = limits or PageLimits()
        self.normalise_bounds = normalise_bounds
        self.decoder = PageDecoder(self.limits, normalise_bounds=normalise_bounds)
        self.labels: dict[int, tuple[tuple[str, str], ...]] = {}
        self.metadata: tuple[MetricMetadata, ...] = ()

    def scrape(self, body: bytes, dialect: Dialect) -> Outcome:
        try:
            page = self.decoder.decode(body, CONTENT_TYPES[dialect])
        except WireError as err:
            return str(err)
        self.take(page)
        rows = [
            Row(self.labels[index], int(bits), ts_ms if has else None)
            for index, bits, ts_ms, has in zip(
                page.index.tolist(),
                page.value.view(np.uint64).tolist(),
                page.ts_ms.tolist(),
                page.has_ts.tolist(),
                strict=True,
            )
        ]
        for number in page.forgotten.tolist():
            self.labels.pop(number, None)
        return rows, [exemplar_of(*told) for told in page.exemplars], page.metadata

    def take(self, page: PageColumns) -> None:
        for number, labels in page.new:
            assert number not in self.labels, "a number is announced once until it is forgotten"
            assert number < page.index_end
            self.labels[number] = tuple(sorted(labels.items()))
        assert not set(page.forgotten.tolist()) & set(page.index.tolist())
        assert page.metadata_changed == (page.metadata != self.metadata)
        self.metadata = page.metadata

    def agree(self, body: bytes, dialect: Dialect) -> Outcome:
        """Both decoders read `body`; their one answer."""
        wanted = plainly(body, dialect, self.limits, normalise_bounds=self.normalise_bounds)
        found = self.scrape(body, dialect)
        assert found == wanted
        return found


@pytest.fixture
def scraper() -> Scraper:
    return Scraper()


def one(scraper: Scraper, body: bytes, dialect: Dialect = Dialect.TEXT) -> Row:
    """The only row of a page that is read twice, the second time from the memory."""
    for _ in range(2):
        found = scraper.agree(body, dialect)
        assert not isinstance(found, str), found
        (row,) = found[0]
    return row


def refused(scraper: Scraper, body: bytes, dialect: Dialect = Dialect.TEXT) -> str:
    found = scraper.agree(body, dialect)
    assert isinstance(found, str), found
    return found


def named(name: str, **labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({"__name__": name, **labels}.items()))


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        pytest.param(b"up 1", named("up"), id="a name alone"),
        pytest.param(b"up{} 1", named("up"), id="empty braces"),
        pytest.param(b'up{a="b"} 1', named("up", a="b"), id="one label"),
        pytest.param(b'up{a="b",c="d",} 1', named("up", a="b", c="d"), id="a comma at the end"),
        pytest.param(b'  up\t{ a = "b" ,\tc="d" , }   1  ', named("up", a="b", c="d"), id="blanks everywhere"),
        pytest.param(b'up{a="b"c="d"} 1', named("up", a="b", c="d"), id="no comma between labels"),
        pytest.param(b'up{a="b"}1', named("up", a="b"), id="no blank before the value"),
        pytest.param(rb'up{a="\\ \" \n"} 1', named("up", a='\\ " \n'), id="the three escapes"),
        pytest.param(rb'up{a="\d\\n"} 1', named("up", a="\\d\\n"), id="an unknown escape stays as it is"),
        pytest.param(b'up{a="x\ny"} 1', named("up", a="x\ny"), id="a newline in a value"),
        pytest.param(b'up{a="{}#, 1"} 1', named("up", a="{}#, 1"), id="braces in a value"),
        pytest.param(b'up{a="\x00"} 1', named("up", a="\0"), id="NUL in a value"),
        pytest.param(b'up{a=""} 1', named("up", a=""), id="an empty value stays visible"),
        pytest.param('up{a="한글"} 1'.encode(), named("up", a="한글"), id="Hangul"),
        pytest.param(b'{"up"} 1', named("up"), id="a quoted name"),
        pytest.param(b'{"my.metric","l.x"="v"} 1', named("my.metric", **{"l.x": "v"}), id="UTF-8 names"),
        pytest.param(b'{a="b","my metric"} 1', named("my metric", a="b"), id="the name behind a label"),
        pytest.param(rb'{"a\"b"} 1', named('a"b'), id="an escape in a name"),
        pytest.param(b":rule:x 1", named(":rule:x"), id="colons"),
    ],
)
def test_series_of_the_text_format(scraper: Scraper, line: bytes, labels: tuple[tuple[str, str], ...]) -> None:
    assert one(scraper, line + b"\n") == Row(labels, bits_of(1.0), None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("-0", -0.0),
        ("+1", 1.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("00012.50", 12.5),
        ("1e3", 1e3),
        ("1.5E-3", 1.5e-3),
        ("1e+06", 1e6),
        ("9007199254740993", 9007199254740992.0),
        ("18446744073709551615", 18446744073709551615.0),
        ("123456789012345678901234567890", 1.2345678901234568e29),
        ("0.1234567890123456789012345678901234567890", 0.12345678901234568),
        ("1.7976931348623157e308", 1.7976931348623157e308),
        ("5e-324", 5e-324),
        ("1e-400", 0.0),
        ("0e999999999999", 0.0),
        ("NaN", float("nan")),
        ("nan", float("nan")),
        ("+Inf", float("inf")),
        ("-Inf", float("-inf")),
        ("Inf", float("inf")),
        ("-infinity", float("-inf")),
    ],
)
def test_values_are_those_of_gos_parse_float(scraper: Scraper, text: str, value: float) -> None:
    assert one(scraper, f"up {text}\n".encode()).bits == bits_of(value)
    assert one(scraper, f"up {text}\n# EOF\n".encode(), Dialect.OPENMETRICS).bits == bits_of(value)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "x",
            "1x",
            "1_000",
            "0x1p4",
            "0x10",
            "1p5",
            "1e",
            "1e+",
            ".",
            "-",
            "+",
            "e5",
            "1.2.3",
            "--1",
            "+NaN",
            "-nan",
        ),
        *("1e400", "-1e400", "infinit", "Infx", "1,5", '"1"', "NaN1", "1\r", "١"),
    ],
)
def test_other_values_lose_the_page(scraper: Scraper, text: str) -> None:
    """The line is known when it comes: neither decoder may take it for the value of yesterday."""
    one(scraper, b"up 1\n")
    refused(scraper, f"up {text}\n".encode())
    one(scraper, b"up 1\n# EOF\n", Dialect.OPENMETRICS)
    refused(scraper, f"up {text}\n# EOF\n".encode(), Dialect.OPENMETRICS)


@pytest.mark.parametrize(
    ("line", "ts_ms"),
    [
        (b"up 1 1395066363000", 1395066363000),
        (b"up 1\t 12 \t", 12),
        (b"up 1 0", 0),
        (b"up 1 000000000000000000000000012", 12),
        (b"up 1 9223372036854775807", 9223372036854775807),
        (b"up 1 999999999999999999", 999999999999999999),
    ],
)
def test_times_of_the_text_format_are_milliseconds(scraper: Scraper, line: bytes, ts_ms: int) -> None:
    assert one(scraper, line).ts_ms == ts_ms
    assert one(scraper, line + b"\n").ts_ms == ts_ms


@pytest.mark.parametrize(
    ("line", "ts_ms"),
    [
        (b"up 1 1395066363", 1395066363000),
        (b"up 1 1395066363.1235", 1395066363123),
        (b"up 1 -0.5", -500),
        (b"up 1 1e3", 1_000_000),
        (b"up 1 1e300", (1 << 63) - 1),
        (b"up 1 -1e300", -(1 << 63)),
        (b"up 1 123456789012345678901", (1 << 63) - 1),
    ],
)
def test_times_of_openmetrics_are_seconds(scraper: Scraper, line: bytes, ts_ms: int) -> None:
    assert one(scraper, line + b"\n# EOF\n", Dialect.OPENMETRICS).ts_ms == ts_ms


@pytest.mark.parametrize(
    ("page", "words"),
    [
        pytest.param(b"ok 1\n# TYPE up meter\n", 'line 2: invalid metric type "meter"', id="unknown type"),
        pytest.param(b"# TYPE up counter \n", "invalid metric type", id="a blank behind the type"),
        pytest.param(b"# TYPE up counter\r\nup 1\r\n", "invalid metric type", id="CRLF"),
        pytest.param(b"# TYPE 5 counter\n", "expected a metric name after TYPE", id="TYPE without a name"),
        pytest.param(b"# HELP \n", "expected a metric name after HELP", id="HELP without a name"),
        pytest.param(b"# HELP up \xff\n", "invalid UTF-8 help text", id="help that is not UTF-8"),
        pytest.param(b'up{a="\xff"} 1\n', "invalid UTF-8 label value", id="value that is not UTF-8"),
        pytest.param(b'{"\xff"} 1\n', "invalid UTF-8 metric name", id="name that is not UTF-8"),
        pytest.param(b'up{"\xff"="x"} 1\n', "invalid UTF-8 label name", id="label name that is not UTF-8"),
        pytest.param(b"up\n", "expected value after metric", id="no value"),
        pytest.param(b"up 1 2 3\n", "expected timestamp or new record", id="too many numbers"),
        pytest.param(b"up 1 -5\n", "expected timestamp or new record", id="a time before 1970"),
        pytest.param(b"up 1 1.5\n", "expected timestamp or new record", id="a time with a fraction"),
        pytest.param(b"up 1 9223372036854775808\n", "timestamp out of range", id="a time beyond 64 bits"),
        pytest.param(b"up{a} 1\n", "expected equal and value", id="a label without a value"),
        pytest.param(b"up{a=b} 1\n", "expected equal and value", id="a value without quotes"),
        pytest.param(b"up{,} 1\n", "expected label name", id="only a comma"),
        pytest.param(b'up{a="b",,} 1\n', "expected label name", id="two commas"),
        pytest.param(b'up{a="b" 1\n', "expected", id="an open brace"),
        pytest.param(b'up{a="b\n', "expected", id="an open quote"),
        pytest.param(b'up{a="b\\\n"} 1\n', "expected", id="an escaped newline"),
        pytest.param(b'up{a="b"}{c="d"} 1\n', "expected value", id="two braces"),
        pytest.param(b'up{"down"} 1\n', "metric name already set", id="two names"),
        pytest.param(b'{a="b"} 1\n', "metric name not set", id="no name"),
        pytest.param(b'{""} 1\n', "invalid metric name", id="an empty name"),
        pytest.param(b'up{""="x"} 1\n', "invalid metric name or label names", id="an empty label name"),
        pytest.param(b'up{a="1",a="2"} 1\n', 'label name "a" is not unique', id="a doubled label"),
        pytest.param(b'up{__name__="x"} 1\n', '"__name__" is not unique', id="the name as a label"),
        pytest.param(b'{__name__="x"} 1\n', '"__name__" is not unique', id="only the name as a label"),
        pytest.param(b"5up 1\n", "expected a valid start token", id="a digit at the start"),
        pytest.param(b"\x00\n", "expected a valid start token", id="NUL at the start"),
        pytest.param(b"\r\n", "expected a valid start token", id="a line of CR"),
        pytest.param(b"\xef\xbb\xbfup 1\n", "expected a valid start token", id="byte order mark"),
        pytest.param(b"<html>", "expected a valid start token", id="HTML"),
    ],
)
def test_one_bad_line_loses_the_page_and_is_named(scraper: Scraper, page: bytes, words: str) -> None:
    said = refused(scraper, page)
    assert words in said
    assert said.startswith("line ")
    assert len(said) < 300


@pytest.mark.parametrize(
    ("page", "words"),
    [
        pytest.param(b"", "data does not end with # EOF", id="empty"),
        pytest.param(b"up 1\n", "data does not end with # EOF", id="no EOF"),
        pytest.param(b"# HELP up # EOF\n", "data does not end with # EOF", id="EOF only in a text"),
        pytest.param(b"# EOF\nup 1\n", "unexpected data after # EOF", id="more behind EOF"),
        pytest.param(b"# EOF\n\n", "unexpected data after # EOF", id="a blank line behind EOF"),
        pytest.param(b"# EOFX\n", "unexpected data after # EOF", id="a longer word"),
        pytest.param(b"up 1", "data does not end with # EOF", id="cut within a line"),
        pytest.param(b"\nup 1\n# EOF\n", "expected a valid start token", id="a blank line"),
        pytest.param(b"# hello\n# EOF\n", "expected HELP, TYPE, UNIT or EOF", id="a comment"),
        pytest.param(b"up  1\n# EOF\n", "expected value", id="two spaces"),
        pytest.param(b"up\t1\n# EOF\n", "expected value", id="a tab"),
        pytest.param(b"up 1 \n# EOF\n", "expected the end of the line", id="a space at the end"),
        pytest.param(b'up{a="b" ,c="d"} 1\n# EOF\n', "expected comma or brace close", id="a space between labels"),
        pytest.param(b'up{a="b"c="d"} 1\n# EOF\n', "expected comma or brace close", id="no comma"),
        pytest.param(b'up{a="x\ny"} 1\n# EOF\n', "expected equal and value", id="a newline in a value"),
        pytest.param(b"# TYPE up untyped\n# EOF\n", "invalid metric type", id="a type of the text format"),
        pytest.param(b"# TYPE up\n# EOF\n", "expected text in TYPE", id="TYPE without a type"),
        pytest.param(b"# UNIT up seconds\n# EOF\n", 'unit "seconds" not a suffix of metric "up"', id="a foreign unit"),
        pytest.param(b"up 1 NaN\n# EOF\n", "invalid timestamp", id="no number as time"),
        pytest.param(b"up 1 +Inf\n# EOF\n", "invalid timestamp", id="endless time"),
        pytest.param(b"up 1 # {a} 1\n# EOF\n", "expected equal and value", id="an exemplar's label without a value"),
        pytest.param(b'up 1 # {"a"} 1\n# EOF\n', "expected", id="an exemplar with a name"),
        pytest.param(b"up 1 # {}\n# EOF\n", "expected value after exemplar labels", id="an exemplar without a value"),
        pytest.param(b"up 1 # {} 1 2 3\n# EOF\n", "expected the end of the line", id="an exemplar with three numbers"),
        pytest.param(b"up 1 # {} 1 NaN\n# EOF\n", "invalid timestamp", id="an exemplar without a time"),
        pytest.param(b'up 1 # {a="b\n"} 1\n# EOF\n', "expected", id="an exemplar over two lines"),
    ],
)
def test_openmetrics_is_stricter(scraper: Scraper, page: bytes, words: str) -> None:
    one(scraper, b"up 1\n# EOF\n", Dialect.OPENMETRICS)
    assert words in refused(scraper, page, Dialect.OPENMETRICS)


def test_exemplars_come_with_their_rows(scraper: Scraper) -> None:
    page = (
        b'x_bucket{le="1"} 3 # {trace_id="a\\"b"} 0.5 1.25\n'
        b"y_total 4 7.5 # {} NaN\n"
        b"up 1\n"
        b'z_bucket{le="1"} 5 # {a="' + b"x" * 200 + b'"} 1\n# EOF'
    )
    for _ in range(2):
        found = scraper.agree(page, Dialect.OPENMETRICS)
        assert not isinstance(found, str)
        assert found[1] == [(0, (("trace_id", 'a"b'),), bits_of(0.5), 1250), (1, (), NORMAL_NAN_BITS, None)]


def test_metadata_is_told_when_it_changes(scraper: Scraper) -> None:
    decode = scraper.decoder.decode
    page = b"# HELP up is it\\n\\\\up\\q\n# TYPE up gauge\nup 1\n# TYPE rest untyped\n#comment\n# HELP\nrest 2\n"
    first, same = decode(page, TEXT), decode(page.replace(b" 1\n", b" 0\n"), TEXT)
    assert first.metadata == (MetricMetadata("up", "gauge", "is it\n\\up\\q"), MetricMetadata("rest", "unknown"))
    assert (first.metadata_changed, same.metadata_changed) == (True, False)
    assert same.metadata is first.metadata
    moved = decode(b"# another comment\n" + page, TEXT)
    assert not moved.metadata_changed
    changed = decode(page.replace(b"is it", b"was it"), TEXT)
    assert changed.metadata_changed
    assert changed.metadata[0].help == "was it\n\\up\\q"


def test_metadata_of_openmetrics(scraper: Scraper) -> None:
    page = (
        b"# TYPE x_seconds histogram\n# UNIT x_seconds seconds\n"
        b'# HELP x_seconds \\"quoted\\"\n# TYPE "a.b" info\n# EOF\n'
    )
    found = scraper.agree(page, Dialect.OPENMETRICS)
    assert found == (
        [],
        [],
        (MetricMetadata("x_seconds", "histogram", '"quoted"', "seconds"), MetricMetadata("a.b", "info")),
    )


def test_a_long_help_text_is_cut(scraper: Scraper) -> None:
    found = scraper.agree(b"# HELP up " + "가".encode() * 5000 + b"\n", Dialect.TEXT)
    assert found[2] == (MetricMetadata("up", "unknown", "가" * 1365),)  # type: ignore[index]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        *(("1", "1.0"), ("0", "0.0"), ("-0", "0.0"), ("-1", "-1.0"), ("10", "10.0"), ("0.5", "0.5"), ("1e-3", "0.001")),
        *(("0.0001", "0.0001"), ("0.00001", "1e-05"), ("100000", "100000.0"), ("1000000", "1e+06"), ("1e6", "1e+06")),
        *(("1234567", "1.234567e+06"), ("123456.5", "123456.5"), ("5e-324", "5e-324"), ("1e100", "1e+100")),
        *(
            ("+Inf", "+Inf"),
            ("inf", "+Inf"),
            ("-Inf", "-Inf"),
            ("nan", "NaN"),
            ("x", "x"),
            ("", ""),
            ("1e400", "1e400"),
        ),
        *(
            ("120", "120.0"),
            ("-250.25", "-250.25"),
            ("2.50", "2.5"),
            ("999999", "999999.0"),
            ("0.30000000000000004",) * 2,
        ),
    ],
)
def test_bounds_in_float_form(told: str, shown: str) -> None:
    assert normalise_bound(told) == shown


@pytest.mark.parametrize("dialect", [Dialect.TEXT, Dialect.OPENMETRICS], ids=["text", "openmetrics"])
def test_bounds_are_normalised_by_the_type_told_last(dialect: Dialect) -> None:
    page = (
        b'x_bucket{le="1"} 1\n# TYPE x histogram\nx_bucket{le="1"} 2\nx_bucket{le="+Inf"} 2\nx{quantile="1"} 3\n'
        b'# TYPE y summary\ny{quantile="1"} 4\ny{le="1"} 5\n# TYPE z gauge\nz{le="1"} 6\n# EOF\n'
    )
    scraper, raw = Scraper(), Scraper(normalise_bounds=False)
    for _ in range(3):
        rows = scraper.agree(page, dialect)[0]
        assert [dict(row.labels).get("le", dict(row.labels).get("quantile")) for row in rows] == [  # type: ignore[union-attr]
            *("1", "1.0", "+Inf", "1", "1.0", "1", "1")
        ]
        rows = raw.agree(page, dialect)[0]
        assert {dict(row.labels).get("le", "1") for row in rows} == {"1", "+Inf"}  # type: ignore[union-attr]


def test_legacy_names_only_where_they_are_asked_for() -> None:
    decoder = PageDecoder(legacy_names=True)
    assert len(decoder.decode(b'a:b{c="d"} 1\n{"up"} 2\n', TEXT)) == 2
    for page in (b'{"my.metric"} 1\n', b'up{"l.x"="1"} 1\n', b'up{"a:b"="1"} 1\n'):
        with pytest.raises(WireError, match="invalid metric name or label names"):
            decoder.decode(page, TEXT)


@pytest.mark.parametrize(
    ("limits", "page", "words"),
    [
        pytest.param(PageLimits(body_bytes_max=6), b"up 1\nx 2\n", "page of 9 bytes; at most 6 are taken", id="body"),
        pytest.param(PageLimits(lines_max=2), b"#\nup 1\nx 2\n", "page with more than 2 lines", id="lines"),
        pytest.param(PageLimits(labels_max=1), b'up{a="1",b="2"} 1\n', "line 1: more than 1 labels", id="labels"),
        pytest.param(PageLimits(name_bytes_max=4), b"updog 1\n", "4 bytes are taken", id="metric name"),
        pytest.param(PageLimits(name_bytes_max=4), b'up{abcde="1"} 1\n', "4 bytes are taken", id="label name"),
        pytest.param(PageLimits(name_bytes_max=4), '# HELP "가나" x\n'.encode(), "longer than 4 bytes", id="family"),
        pytest.param(PageLimits(value_bytes_max=4), b'up{a="12345"} 1\n', "5 bytes; at most 4", id="label value"),
    ],
)
def test_limits_are_named(limits: PageLimits, page: bytes, words: str) -> None:
    scraper = Scraper(limits)
    assert words in refused(scraper, page)
    one(scraper, b"up 1\n")
    assert words in refused(scraper, page)


@pytest.mark.parametrize("dialect", [Dialect.TEXT, Dialect.OPENMETRICS], ids=["text", "openmetrics"])
def test_a_page_may_be_as_long_as_its_limit(dialect: Dialect) -> None:
    scraper = Scraper(PageLimits(lines_max=100))
    page = b"".join(b"x%d 1\n" % number for number in range(100)) + b"# EOF\n" * (dialect is Dialect.OPENMETRICS)
    for _ in range(3):
        assert not isinstance(scraper.agree(page, dialect), str)
        assert isinstance(scraper.agree(b"y 1\n" + page, dialect), str)


def test_hostile_pages_are_bounded() -> None:
    labels = b",".join(b'l%d="x"' % number for number in range(10_000))
    pages = [
        (b"up{" + labels + b"} 1\n", "more than 128 labels"),
        (b'up{a="' + b"x" * (1 << 20) + b'"} 1\n', "label value of 1048576 bytes; at most 16384 are taken"),
        (b'up{a="' + b"\\\\" * (1 << 20) + b"\n", "expected equal and value"),
        (b"x" * (1 << 20) + b" 1\n", "name of 1048576 characters"),
        (b"up " + b"1" * (1 << 20) + b"\n", "expected a number as value"),
        (b"up 1 " + b"1" * (1 << 20) + b"\n", "timestamp out of range"),
        (b"up 0." + b"1" * (1 << 20) + b"e1000000000000\n", "expected a number as value"),
        (b"{" * (1 << 20), "expected label name"),
        (b"up{" + b" " * (1 << 20), "expected label name"),
    ]
    for page, words in pages:
        started_s = time.thread_time()
        assert words in refused(Scraper(), page)
        assert time.thread_time() - started_s < 2.0


def test_a_page_of_more_series_than_the_limit_is_refused_early_and_leaves_nothing() -> None:
    decoder = PageDecoder(PageLimits(lines_max=20_000))
    page = b"".join(b'x{number="%d"} 1\n' % number for number in range(1_000_000))
    with pytest.raises(WireError, match="page with more than 20000 lines"):
        decoder.decode(page, TEXT)
    assert decoder.known == 0
    assert decoder.nbytes < 10 << 20


class TestMemory:
    """What is remembered of a target: numbers stay, what is gone is forgotten, failures leave no trace."""

    def page(self, *names: int) -> bytes:
        return b"".join(b"x%d %d\n" % (name, name) for name in names)

    def test_numbers_stay_whatever_the_order(self, scraper: Scraper) -> None:
        first = scraper.decoder.decode(self.page(*range(100)), TEXT)
        assert [number for number, _ in first.new] == first.index.tolist()
        shuffled = list(range(100))
        random.Random(7).shuffle(shuffled)
        again = scraper.decoder.decode(self.page(*shuffled), TEXT)
        assert again.new == ()
        assert again.index.tolist() == [first.index[name] for name in shuffled]
        assert again.value.tolist() == [float(name) for name in shuffled]

    def test_inserted_and_removed_lines_cost_only_themselves(self, scraper: Scraper) -> None:
        for names in ([1, 2, 3, 4], [1, 9, 2, 3, 4], [9, 2, 4], [4, 2], [1, 2, 3, 4, 9], [4, 4, 4]):
            scraper.agree(self.page(*names), Dialect.TEXT)

    def test_a_known_page_is_not_read_again(self, scraper: Scraper, monkeypatch: pytest.MonkeyPatch) -> None:
        """Not one line of it, in whatever order; but `# EOF`, and in OpenMetrics the exemplars."""
        from hannun.wire.exposition_text import page as module

        asked: list[int] = []
        read_line = module.read_line

        def counting(body: bytes, at: int, *rest: Any) -> Any:
            asked.append(at)
            return read_line(body, at, *rest)

        text, openmetrics = client_pages()
        # Names that begin like others, and escapes: what only a lookup finds.
        text += b'up 1\nup_total 2\nup{a="\\"} \\\\"} 3\n# HELP up x\n# HELP up xy\n\n'
        for page, dialect in ((text, Dialect.TEXT), (openmetrics, Dialect.OPENMETRICS)):
            scraper.agree(page, dialect)
            lines = [line for line in page.splitlines(keepends=True) if line != b"# EOF\n" and line[:6] != b"# TYPE"]
            for _ in range(3):
                random.Random(3).shuffle(lines)
                moved = b"".join(lines) + b"# EOF\n" * (dialect is Dialect.OPENMETRICS)
                scraper.scrape(moved, dialect)
            monkeypatch.setattr(module, "read_line", counting)
            assert not isinstance(scraper.scrape(moved, dialect), str)
            assert not isinstance(scraper.scrape(page, dialect), str)
            assert len(asked) == 2 * (dialect is Dialect.OPENMETRICS)
            monkeypatch.setattr(module, "read_line", read_line)

    def test_lines_that_only_the_plain_reader_takes_stay_cheap(self, scraper: Scraper) -> None:
        page = b"".join(b" x%d  1\t\n" % number for number in range(5_000))
        for _ in range(2):
            started_s = time.thread_time()
            assert len(scraper.decoder.decode(page, TEXT)) == 5_000
            assert time.thread_time() - started_s < 2.0

    def test_a_series_told_twice_stands_twice(self, scraper: Scraper) -> None:
        for _ in range(3):
            page = scraper.decoder.decode(b"x 1\nx 2\nx 1\n", TEXT)
            assert (page.index.tolist(), page.value.tolist()) == ([0, 0, 0], [1.0, 2.0, 1.0])

    def test_what_is_gone_for_long_is_forgotten_and_its_number_given_away(self, scraper: Scraper) -> None:
        scraper.decoder.decode(self.page(1, 2, 3), TEXT)
        forgotten = [scraper.decoder.decode(self.page(1), TEXT).forgotten.tolist() for _ in range(10)]
        assert forgotten == [[]] * 9 + [[1, 2]]
        found = scraper.decoder.decode(self.page(4, 3, 5, 1), TEXT)
        assert sorted(number for number, _ in found.new) == [1, 2, 3]
        assert found.index_end == 4

    def test_what_comes_and_goes_is_remembered(self, scraper: Scraper) -> None:
        for step in range(40):
            page = scraper.decoder.decode(self.page(1, *([2] if step % 9 == 0 else [])), TEXT)
            assert page.forgotten.tolist() == []
            assert (page.new == ()) == (step > 0)

    def test_a_target_that_tells_other_series_each_time_is_bounded(self, scraper: Scraper) -> None:
        for step in range(30):
            assert not isinstance(scraper.scrape(self.page(*range(step * 1000, step * 1000 + 1000)), Dialect.TEXT), str)
            assert scraper.decoder.known <= 2 * 1000 + 1024
            assert len(scraper.labels) == scraper.decoder.known
        assert scraper.decoder.nbytes < 1 << 20

    def test_a_page_that_fails_leaves_nothing_behind(self, scraper: Scraper) -> None:
        scraper.scrape(self.page(1, 2), Dialect.TEXT)
        for _ in range(20):
            assert isinstance(scraper.scrape(b"# TYPE x9 counter\n" + self.page(2, 3, 4) + b"x{\n", Dialect.TEXT), str)
        assert scraper.decoder.known == 2
        page = scraper.decoder.decode(self.page(1, 2, 3), TEXT)
        assert [labels["__name__"] for _, labels in page.new] == ["x3"]
        assert not page.metadata_changed

    def test_a_change_of_format_announces_the_series_again(self, scraper: Scraper) -> None:
        for _ in range(3):
            for dialect in (Dialect.TEXT, Dialect.OPENMETRICS):
                found = scraper.agree(b'# TYPE x counter\nx_total{a="1"} 1 5\n# EOF\n', dialect)
                assert not isinstance(found, str)

    def test_forget_begins_anew(self, scraper: Scraper) -> None:
        page = b"# TYPE up gauge\nup 1\n"
        first = scraper.decoder.decode(page, TEXT)
        scraper.decoder.forget()
        again = scraper.decoder.decode(page, TEXT)
        assert (again.new, again.metadata_changed) == (first.new, True)


@pytest.mark.parametrize(
    ("content_type", "dialect"),
    [
        ("text/plain", Dialect.TEXT),
        ("text/plain; version=1.0.0; escaping=allow-utf-8; charset=utf-8", Dialect.TEXT),
        ("Application/OpenMetrics-Text;version=0.0.1", Dialect.OPENMETRICS),
        (
            "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
            Dialect.PROTOBUF,
        ),
    ],
)
def test_the_content_type_names_the_format(content_type: str, dialect: Dialect) -> None:
    assert dialect_of(content_type) is dialect
    assert dialect_of(content_type, Dialect.OPENMETRICS) is dialect


@pytest.mark.parametrize(("content_type", "words"), [("", "blank Content-Type"), ("text/html", '"text/html"')])
def test_an_unknown_content_type_needs_a_fallback(content_type: str, words: str) -> None:
    assert dialect_of(content_type, Dialect.TEXT) is Dialect.TEXT
    with pytest.raises(Unsupported, match=words):
        dialect_of(content_type)
    with pytest.raises(Unsupported):
        PageDecoder().decode(b"up 1\n", content_type)
    assert len(PageDecoder(fallback=Dialect.TEXT).decode(b"up 1\n", content_type)) == 1


def test_nothing_is_compiled_after_warming_up() -> None:
    """A signature that `warm` does not know would stop a scrape for seconds."""
    from hannun.wire.exposition_text import scan, warm

    warm()
    compiled = (scan.scan, scan.enter, scan.pack)
    assert [len(one.signatures) for one in compiled] == [1, 1, 1]
    decoder = PageDecoder()
    text, openmetrics = client_pages()
    for page, content_type in ((b"", TEXT), (b"up 1", TEXT), (text, TEXT), (openmetrics, OPENMETRICS), (text, TEXT)):
        decoder.decode(page, content_type)
    with pytest.raises(WireError):
        decoder.decode(b"x 1\ny{", TEXT)
    assert [len(one.signatures) for one in compiled] == [1, 1, 1]


def test_importing_the_package_does_not_load_the_compiler() -> None:
    code = "import sys, hannun.wire.exposition_text; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def client_pages() -> tuple[bytes, bytes]:
    """The same registry of Python's client in both formats."""
    registry = prometheus_client.CollectorRegistry()
    requests = prometheus_client.Counter("http_requests", "All\nrequests \\ ever", ["path"], registry=registry)
    latency = prometheus_client.Histogram("latency_seconds", "Time", ["method"], unit="seconds", registry=registry)
    size = prometheus_client.Summary("size_bytes", "Size", registry=registry)
    gauge = prometheus_client.Gauge("temperature", "", ["room"], registry=registry)
    prometheus_client.Info("build", "Build", registry=registry).info({"version": '1"2', "branch": "a\\b"})
    state = prometheus_client.Enum("state", "State", states=["on", "off"], registry=registry)
    for number in range(20):
        requests.labels(f"/items/{number}\n").inc(number * 1e5, {"trace_id": f"t{number}"})
        latency.labels("GET").observe(number / 7, {"trace_id": f"l{number}"})
        size.observe(number**9)
        gauge.labels("한글" * number).set(-1 / (number + 1))
    gauge.labels("nan").set(float("nan"))
    gauge.labels("inf").set(float("inf"))
    state.state("off")
    return (
        prometheus_client.generate_latest(registry),
        prometheus_client.openmetrics.exposition.generate_latest(registry),
    )


def test_pages_of_pythons_client(scraper: Scraper) -> None:
    text, openmetrics = client_pages()
    for _ in range(2):
        for page, dialect in ((text, Dialect.TEXT), (openmetrics, Dialect.OPENMETRICS)):
            found = scraper.agree(page, dialect)
            assert not isinstance(found, str), found
            rows, exemplars, metadata = found
            assert len(rows) > 60
            assert len(metadata) >= 6
            assert bool(exemplars) == (dialect is Dialect.OPENMETRICS)


def test_pythons_client_reads_its_pages_the_same_way() -> None:
    """An independent reader. It leaves bounds as they are told, and knows times as seconds."""
    text, openmetrics = client_pages()
    for page, parse, dialect in (
        (text + go_page(64), prometheus_client.parser.text_string_to_metric_families, Dialect.TEXT),
        (openmetrics, prometheus_client.openmetrics.parser.text_string_to_metric_families, Dialect.OPENMETRICS),
    ):
        wanted = [
            (named(sample.name, **sample.labels), bits_of(sample.value))
            for family in parse(page.decode())
            for sample in family.samples
        ]
        found = Scraper(normalise_bounds=False).agree(page, dialect)
        assert not isinstance(found, str), found
        assert [(row.labels, row.bits) for row in found[0]] == wanted


def test_what_we_write_is_what_we_read(scraper: Scraper) -> None:
    families = [
        Family.single("up", "gauge", "1 if\nit is", float("nan")),
        Family.of("hits_total", "counter", 'say "hi" \\', [((("path", f'/\n"\\{n}'),), n * 1e20) for n in range(9)]),
    ]
    for page, dialect, name in (
        (encode_text(families), Dialect.TEXT, "hits_total"),
        (encode_openmetrics(families), Dialect.OPENMETRICS, "hits"),
    ):
        found = scraper.agree(page, dialect)
        assert not isinstance(found, str), found
        rows, _, metadata = found
        assert [row.bits for row in rows] == [NORMAL_NAN_BITS, *(bits_of(n * 1e20) for n in range(9))]
        assert rows[3].labels == named("hits_total", path='/\n"\\2')
        assert metadata == (
            MetricMetadata("up", "gauge", "1 if\nit is"),
            MetricMetadata(name, "counter", 'say "hi" \\'),
        )


def test_a_real_page_of_node_exporter(scraper: Scraper) -> None:
    exporter = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
    if exporter is None:
        pytest.skip("node_exporter is not installed")
    page = page_of(exporter)
    for _ in range(2):
        found = scraper.agree(page, Dialect.TEXT)
        assert not isinstance(found, str), found
        assert len(found[0]) > 200
    assert scraper.decoder.decode(page, TEXT).new == ()


def page_of(exporter: str) -> bytes:
    with subprocess.Popen([exporter, "--web.listen-address=127.0.0.1:0"], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if (
                    found := re.search(r'(?:address=|Listening on"? ?address=)"?(127\.0\.0\.1:[1-9][0-9]*)', line)
                ) is not None:
                    with urllib.request.urlopen(f"http://{found[1]}/metrics", timeout=10) as answer:
                        return bytes(answer.read())
        finally:
            process.kill()
    pytest.skip("node_exporter did not tell its address")


def test_numbers_are_rounded_as_pythons_float_rounds_them() -> None:
    from hannun.wire.exposition_text.number import read_numbers

    dice = random.Random(11)
    texts: list[str] = []
    for _ in range(20_000):
        anything = struct.unpack("<d", struct.pack("<Q", dice.getrandbits(64)))[0]
        texts += [
            repr(anything) if abs(anything) < float("inf") else "0",
            f"{dice.getrandbits(63)}e{dice.randrange(-330, 300)}",
            f"{dice.getrandbits(30)}.{dice.getrandbits(33)}",
            str(dice.getrandbits(53) * 2 + 1),
            f"{dice.uniform(-1e9, 1e9):.17g}",
        ]
    starts = np.cumsum([0, *(len(text) + 1 for text in texts[:-1])])
    bits = np.empty(len(texts), dtype=np.uint64)
    decided = np.empty(len(texts), dtype=np.bool_)
    read_numbers(np.frombuffer("\n".join(texts).encode(), dtype=np.uint8), starts, bits, decided)
    wanted = np.array([float(text) for text in texts]).view(np.uint64)
    assert (bits[decided] == wanted[decided]).all()
    assert decided.mean() > 0.95


PIECES = [
    *(
        b"up",
        b"up_total",
        b"x",
        b"x_bucket",
        b"a:b",
        b"le",
        b"quantile",
        b"__name__",
        b"5",
        b"\xff",
        b"\x00",
        "가".encode(),
    ),
    *(
        b" ",
        b"  ",
        b"\t",
        b"\n",
        b"\n\n",
        b"\r\n",
        b"{",
        b"}",
        b'{le="1"}',
        b'{le="1",a="b"}',
        b'{"up"}',
        b'{"u.p",le="2"}',
    ),
    *(
        b'{ a = "b" , }',
        b'{a="b"c="d"}',
        b'{a="\\"}',
        b'{a="\\\\"}',
        b'{a="x\ny"}',
        b'"',
        b"\\",
        b"=",
        b",",
        b"#",
        b"# ",
    ),
    *(b"# TYPE x histogram\n", b"# TYPE x summary\n", b"# TYPE x gauge\n", b"# TYPE up counter\n", b"# TYPE x info\n"),
    *(
        b"# HELP x some help\n",
        b'# HELP "u.p" \\n\n',
        b"# UNIT x_s s\n",
        b"#comment\n",
        b"# EOF\n",
        b"# EOF",
        b"# HELP ",
    ),
    *(
        b" 1",
        b" 1.5e3",
        b" NaN",
        b" +Inf",
        b" -inf",
        b" 0.1234567890123456789",
        b" 1e400",
        b" 9007199254740993",
        b" 1_0",
    ),
    *(
        b" 1395066363000",
        b" 1395066363.123",
        b" 99999999999999999999",
        b" 1e300",
        b" -1",
        b"\n",
        b"\n",
        b"\n",
        b" 1\n",
        b" 2\n",
    ),
    *(b" # {} 1", b' # {trace_id="x"} 0.5 1.5', b" # {", b' # {a="b",a="c"} 1', b' # {"q"="v"} NaN'),
]
LINES = [
    *(
        b"up 1\n",
        b"up 2 5\n",
        b"up_total 3\n",
        b'x_bucket{le="1"} 4\n',
        b'x_bucket{le="+Inf"} 4 1.5\n',
        b'x{quantile="0.50"} 1e3\n',
    ),
    *(
        b'{"u.p",le="2"} 7\n',
        b'x{a="}\\"{"} 1.25\n',
        b'x_bucket{le="1"} 4 # {trace_id="x"} 0.5 1.5\n',
        b"# TYPE x histogram\n",
    ),
    *(
        b"# TYPE x summary\n",
        b"# TYPE x gauge\n",
        b"# HELP x help\n",
        b"x -0.5\n",
        b"x NaN\n",
        b"x +Inf 0\n",
        b"up  1 \n",
    ),
    *(b'x { a="1" } 8\n', b'x{a="1"} 8\n', b'x{a="1",} 8\n', b"x{} 8\n", b"x{}8\n", b"\n", b" # c\n", b"# EOF\n"),
]
DIALECTS = st.sampled_from([Dialect.TEXT, Dialect.OPENMETRICS])
PAGES = st.one_of(
    st.lists(st.sampled_from(LINES), max_size=12).map(b"".join),
    st.lists(st.sampled_from(LINES), max_size=12).map(lambda lines: b"".join(lines) + b"# EOF\n"),
    st.lists(st.one_of(st.sampled_from(PIECES), st.sampled_from(LINES)), max_size=15).map(b"".join),
    st.binary(max_size=60),
)


@settings(max_examples=400, deadline=None)
@given(pages=st.lists(st.tuples(DIALECTS, PAGES), min_size=1, max_size=6), normalise=st.booleans())
@example(pages=[(Dialect.TEXT, b"up 1\n"), (Dialect.TEXT, b"up_total 1\n")], normalise=True)
@example(
    pages=[(Dialect.TEXT, b'x {a="1"} 1\n'), (Dialect.TEXT, b"x 1\n"), (Dialect.TEXT, b'x{a="1"} 1\n')], normalise=True
)
@example(
    pages=[(Dialect.TEXT, b'x{a="b"c="d"} 1\n# EOF\n'), (Dialect.OPENMETRICS, b'x{a="b"c="d"} 1\n# EOF\n')],
    normalise=True,
)
def test_both_decoders_agree_page_after_page(pages: list[tuple[Dialect, bytes]], normalise: bool) -> None:
    scraper = Scraper(PageLimits(lines_max=10, value_bytes_max=64), normalise_bounds=normalise)
    for dialect, page in pages:
        scraper.agree(page, dialect)
        scraper.agree(page, dialect)


def go_page(count: int) -> bytes:
    """As Go's client writes it: exponents with two digits, histograms with many bounds."""
    lines = [b"# HELP go_gc_duration_seconds A summary.\n# TYPE go_gc_duration_seconds summary\n"]
    lines += [
        b'go_gc_duration_seconds{quantile="%s"} %de-05\n' % (q, n) for n, q in enumerate((b"0", b"0.25", b"0.5", b"1"))
    ]
    lines += [b"# HELP http_seconds Time.\n# TYPE http_seconds histogram\n"]
    for number in range(count):
        bound = b"+Inf" if number % 8 == 7 else b"%g" % (0.005 * 2 ** (number % 8))
        lines.append(b'http_seconds_bucket{handler="/api/%d",le="%s"} %d\n' % (number // 8, bound, number * 31))
        if number % 8 == 7:
            lines.append(b'http_seconds_sum{handler="/api/%d"} %d.5678e+06\n' % (number // 8, number))
    lines.append(
        b"process_start_time_seconds 1.75540312345e+09\nprocess_virtual_memory_max_bytes 1.8446744073709552e+19\n"
    )
    return b"".join(lines)


def mutated(page: bytes, dice: random.Random) -> bytes:
    """`page` with a few bytes changed, lines moved, doubled, cut, joined, or its end torn off."""
    lines = page.splitlines(keepends=True)
    for _ in range(dice.randrange(1, 4)):
        at = dice.randrange(len(lines))
        match dice.randrange(9):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, dice.choice(lines))
            case 2:
                lines[at], lines[-1] = lines[-1], lines[at]
            case 3:
                lines[at] = lines[at].rstrip(b"\n")
            case 4:
                lines[at] = lines[at].replace(b" ", dice.choice([b"  ", b"\t", b""]), 1)
            case 5:
                lines[at] = dice.choice(PIECES) + lines[at]
            case 6:
                cut = dice.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:cut] + dice.choice(PIECES) + lines[at][cut:]
            case 7:
                cut = dice.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:cut] + bytes([dice.randrange(256)]) + lines[at][cut + 1 :]
            case _:
                lines = lines[: at + 1]
        lines = lines or [b"\n"]
    return b"".join(lines)


def shake(rounds: int, seed: int) -> None:
    dice = random.Random(seed)
    text, openmetrics = client_pages()
    for page, dialect in ((text, Dialect.TEXT), (openmetrics, Dialect.OPENMETRICS), (go_page(40), Dialect.TEXT)):
        scraper = Scraper()
        good = 0
        for _ in range(rounds):
            odd = mutated(page, dice)
            good += not isinstance(scraper.agree(odd, dialect), str)
            if dice.random() < 0.3:
                assert not isinstance(scraper.agree(page, dialect), str)
        assert 0 < good < rounds


def test_mutated_pages_are_read_the_same_way() -> None:
    shake(rounds=150, seed=3)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_mutated_pages_at_length(seed: int) -> None:
    shake(rounds=2_000, seed=seed)
