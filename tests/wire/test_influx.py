"""Line protocol: lines become samples under the names that Telegraf users know, and a bad line costs only itself."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import TooLarge, WireError
from hannun.model.labels import Labels
from hannun.wire.influx import BadLine, LineDecoder, parse, precision
from hannun.wire.influx.decode import lines
from hannun.wire.remote_write import SeriesLimits

NOW_MS = 1_800_000_000_000
NS = precision("")


def read(body: str | bytes, *, unit: Fraction = NS, db: str = "", decoder: LineDecoder | None = None):
    raw = body.encode() if isinstance(body, str) else body
    return (decoder or LineDecoder()).decode(raw, now_ms=NOW_MS, unit=unit, db=db)


def points(body: str | bytes, **how) -> list[tuple[Labels, int, float]]:
    found = read(body, **how)
    rows = zip(found.series.tolist(), found.ts_ms.tolist(), found.value.tolist(), strict=True)
    return [(found.labels(series), ts_ms, value) for series, ts_ms, value in rows]


@pytest.mark.parametrize(
    ("line", "name", "tags", "value", "ts_ms"),
    [
        pytest.param("cpu value=1 1000000", "cpu_value", {}, 1.0, 1, id="ns"),
        pytest.param("cpu value=1", "cpu_value", {}, 1.0, NOW_MS, id="no time"),
        pytest.param(
            "cpu,host=a,city=서울 idle=1.5e1 0", "cpu_idle", {"host": "a", "city": "서울"}, 15.0, 0, id="tags"
        ),
        pytest.param("m i=-9223372036854775808i 0", "m_i", {}, -(2.0**63), 0, id="integer"),
        pytest.param("m u=18446744073709551615u 0", "m_u", {}, 2.0**64, 0, id="unsigned"),
        pytest.param("m b=T 0", "m_b", {}, 1.0, 0, id="true"),
        pytest.param("m b=false 0", "m_b", {}, 0.0, 0, id="false"),
        pytest.param("m f=.5 0", "m_f", {}, 0.5, 0, id="no zero"),
        pytest.param("m f=+1. 0", "m_f", {}, 1.0, 0, id="a point at the end"),
        pytest.param(r"my\ m\,x,a\=b=c\ d f\ g=1 0", "my m,x_f g", {"a=b": "c d"}, 1.0, 0, id="escapes"),
        pytest.param(r"m,path=C:\dir f=1 0", "m_f", {"path": r"C:\dir"}, 1.0, 0, id="a backslash that escapes nothing"),
        pytest.param("m f=1   2000000  ", "m_f", {}, 1.0, 2, id="spaces"),
        pytest.param("m f=1 1999999", "m_f", {}, 1.0, 1, id="a part of a ms"),
        pytest.param("m f=1 -1\r", "m_f", {}, 1.0, -1, id="before 1970"),
        pytest.param('m,q="x" f=1 0', "m_f", {"q": '"x"'}, 1.0, 0, id="a quote in a tag"),
    ],
)
def test_a_line(line: str, name: str, tags: dict[str, str], value: float, ts_ms: int) -> None:
    assert points(line) == [(Labels.of({"__name__": name, **tags}), ts_ms, value)]


@pytest.mark.parametrize(
    ("word", "ts_ms"),
    [("", 0), ("ns", 0), ("n", 0), ("u", 7), ("us", 7), ("µ", 7), ("ms", 7_000), ("s", 7_000_000), ("m", 420_000_000)],
)
def test_precisions(word: str, ts_ms: int) -> None:
    assert [when for _, when, _ in points("m f=1 7000", unit=precision(word))] == [ts_ms]


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(WireError, match='invalid precision "year"'):
        precision("year")


def test_every_field_is_a_series_and_texts_are_counted() -> None:
    found = read('m,t=1 a=1,s="x, y=\\"2\\" \\\\",b=2i 5000000\n')
    assert [found.labels(one).metric for one in found.series.tolist()] == ["m_a", "m_b"]
    assert (found.texts, found.bad_lines, found.ts_ms.tolist()) == (1, 0, [5, 5])


def test_a_text_may_hold_lines() -> None:
    body = 'm s="one\ntwo f=1\n" 0\n# a "comment\n\nm f=2 0\nm,t=a"b f=3 0\n  \n#'
    found = read(body)
    assert (found.value.tolist(), found.texts, found.bad_lines) == ([2.0, 3.0], 1, 0)


def test_the_database_becomes_a_label_unless_a_tag_has_its_name() -> None:
    assert [labels for labels, _, _ in points("m f=1\nm,db=own f=1", db="telegraf")] == [
        Labels.of(__name__="m_f", db="telegraf"),
        Labels.of(__name__="m_f", db="own"),
    ]


def test_databases_do_not_share_what_is_remembered() -> None:
    decoder = LineDecoder()
    one, other = points("m f=1", db="a", decoder=decoder), points("m f=1", db="b", decoder=decoder)
    assert [labels.get("db") for labels, _, _ in one + other] == ["a", "b"]


BAD = {
    "no fields": ("m", "missing fields"),
    "no fields behind tags": ("m,a=b", "missing fields"),
    "no measurement": (",a=b f=1", "missing measurement"),
    "no tag value": ("m,a f=1", "missing tag value"),
    "empty tag value": ("m,a= f=1", "missing tag value"),
    "no tag key": ("m,=b f=1", "missing tag key"),
    "two equals signs": ("m,a=b=c f=1", "invalid tag format"),
    "doubled tag": ("m,a=1,a=2 f=1", "duplicate tags"),
    "no field value": ("m f=", "missing field value"),
    "a field alone": ("m f", "missing field"),
    "no field key": ("m =1", "missing field key"),
    "a comma too many": ("m f=1,", "missing field value"),
    "a word": ("m f=hello", "invalid number"),
    "nearly true": ("m f=Tre", "invalid boolean"),
    "not a number": ("m f=nan", "invalid number"),
    "infinite": ("m f=1e999", "out of range"),
    "a large integer": ("m f=9223372036854775808i", "out of range"),
    "a negative unsigned": ("m f=-1u", "out of range"),
    "underscore": ("m f=1_0", "invalid number"),
    "open quote": ('m f="x', "unbalanced quotes"),
    "letters behind a text": ('m f="x"y', "invalid field format"),
    "bad time": ("m f=1 noon", "bad timestamp"),
    "two times": ("m f=1 1 2", "bad timestamp"),
    "a long time": ("m f=1 9223372036854775808", "bad timestamp"),
}


@pytest.mark.parametrize(("line", "said"), BAD.values(), ids=BAD.keys())
def test_a_bad_line_costs_itself(line: str, said: str) -> None:
    with pytest.raises(BadLine, match=said):
        parse(line.encode())
    for _ in range(2):
        found = read(f"good f=1 0\n{line}\ngood f=2 0" if '"x' not in line else f"good f=1 0\ngood f=2 0\n{line}")
        assert (found.value.tolist(), found.bad_lines) == ([1.0, 2.0], 1)
        assert found.errors[0].startswith(f"unable to parse '{line}': ")


def test_a_line_is_stored_whole_or_not_at_all() -> None:
    assert points("m a=1,b=2,c=x 0\nm a=1,b=2 noon") == []


def test_only_the_first_errors_are_told() -> None:
    found = read("bad\n" * 1000)
    assert (len(found.errors), found.bad_lines) == (5, 1000)


def test_a_time_beyond_what_ms_can_say() -> None:
    assert "time outside range" in read("m f=1 9223372036854775807", unit=precision("h")).errors[0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("m,a=1,b=2,c=3 f=1", "too many labels", id="labels"),
        pytest.param(f"{'m' * 40} f=1", "name that is too long", id="name"),
        pytest.param(f"m,a={'v' * 40} f=1", "value that is too long", id="value"),
        pytest.param(b"m,a=\xff f=1", "not UTF-8", id="utf-8"),
    ],
)
def test_series_beyond_a_bound_are_counted(line: str | bytes, reason: str) -> None:
    found = read(line, decoder=LineDecoder(SeriesLimits(labels_max=3, name_bytes_max=30, value_bytes_max=30)))
    assert len(found.series) == 0
    ((said, count),) = (found.refused or {}).items()
    assert reason in said
    assert count == 1


def test_more_values_than_a_request_may_bring() -> None:
    with pytest.raises(TooLarge, match="more than 10 values"):
        read("m a=1,b=2\n" * 6, decoder=LineDecoder(values_max=10))


pieces = st.sampled_from(
    [
        "m",
        "cpu",
        ",",
        " ",
        "=",
        "\\",
        '"',
        "\n",
        "a=1",
        ",t=x",
        " f=1",
        "i",
        "1e5",
        "true",
        " 5",
        "서울",
        "#",
        "\r",
        "\t",
    ]
)
bodies = st.lists(pieces, max_size=25).map("".join)
SHARED = LineDecoder()


def plainly(body: bytes) -> tuple[list[tuple[bytes, float]], int, int]:
    """(names and values, texts, bad lines) by the byte-wise reference alone."""
    values: list[tuple[bytes, float]] = []
    texts = bad = 0
    for line in lines(body):
        try:
            point = parse(line)
        except BadLine:
            bad += 1
            continue
        for field in point.fields:
            if field.value is None:
                texts += 1
            else:
                values.append((point.measurement + b"_" + field.key, field.value))
    return values, texts, bad


@settings(max_examples=1_000, deadline=None)
@given(body=bodies)
def test_both_roads_read_the_same(body: str) -> None:
    raw = body.encode()
    for decoder in (SHARED, LineDecoder()):
        found = read(raw, decoder=decoder)
        names = [found.labels(series).metric.encode() for series in found.series.tolist()]
        values, texts, bad = plainly(raw)
        assert list(zip(names, found.value.tolist(), strict=True)) == values
        assert (found.texts, found.bad_lines) == (texts, bad)
        assert not found.refused


@settings(max_examples=400, deadline=None)
@given(body=st.binary(max_size=200))
def test_any_bytes_give_columns(body: bytes) -> None:
    found = read(body)
    assert len(found.series) == len(found.ts_ms) == len(found.value)
