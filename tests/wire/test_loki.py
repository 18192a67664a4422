"""Loki's push: the compiled decoders mean what the plain ones mean, whatever bytes come."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import TooLarge, WireError
from hannun.model.labels import Labels
from hannun.wire.loki import (
    FastDecoder,
    JsonDecoder,
    PlainDecoder,
    PlainJsonDecoder,
    PushColumns,
    PushLimits,
    encode,
    labels_text,
    read_labels,
)

API = '{app="api"}'
NO_TEXT = "error parsing labels '' with error: parse error at line 1, col 1: syntax error: unexpected end"
T = 1_700_000_000_000_000_001
NS_MIN, NS_MAX = -(1 << 63), (1 << 63) - 1
Decode = Callable[[bytes], PushColumns]
FAST, PLAIN, JSON, PLAIN_JSON = FastDecoder(), PlainDecoder(), JsonDecoder(), PlainJsonDecoder()


def push_request() -> Any:
    """`logproto.PushRequest` from a descriptor that is built here: the third, independent reading of the bytes."""
    file = descriptor_pb2.FileDescriptorProto(name="push.proto", package="logproto", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto

    def message(name: str, *fields: tuple[str, int, int, str]) -> None:
        made = file.message_type.add(name=name)
        for field, number, kind, of in fields:
            label = kinds.LABEL_REPEATED if of.endswith("*") else kinds.LABEL_OPTIONAL
            made.field.add(name=field, number=number, type=kind, label=label, type_name=of.rstrip("*") or None)

    message("Time", ("seconds", 1, kinds.TYPE_INT64, ""), ("nanos", 2, kinds.TYPE_INT32, ""))
    message("Pair", ("name", 1, kinds.TYPE_BYTES, ""), ("value", 2, kinds.TYPE_BYTES, ""))
    message(
        "Entry",
        ("timestamp", 1, kinds.TYPE_MESSAGE, ".logproto.Time"),
        ("line", 2, kinds.TYPE_BYTES, ""),
        ("metadata", 3, kinds.TYPE_MESSAGE, ".logproto.Pair*"),
        ("parsed", 4, kinds.TYPE_MESSAGE, ".logproto.Pair*"),
    )
    message(
        "Stream",
        ("labels", 1, kinds.TYPE_BYTES, ""),
        ("entries", 2, kinds.TYPE_MESSAGE, ".logproto.Entry*"),
        ("hash", 3, kinds.TYPE_UINT64, ""),
    )
    message("PushRequest", ("streams", 1, kinds.TYPE_MESSAGE, ".logproto.Stream*"), ("format", 2, kinds.TYPE_BYTES, ""))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("logproto.PushRequest"))


PushRequest = push_request()


def flat(columns: PushColumns) -> list[Any]:
    """Everything that two equal answers share: labels (or their fault), lines, times and metadata per stream."""
    found: list[Any] = []
    at = 0
    for stream, count in enumerate(columns.counts.tolist()):
        try:
            labels: Any = list(columns.pairs_of(stream))
        except WireError as err:
            labels = str(err)
        rows = range(at, at + count)
        found.append(
            (labels, [(int(columns.ts_ns[row]), text(columns.line(row)), pairs(columns, row)) for row in rows])
        )
        at += count
    assert at == len(columns) == len(columns.lines)
    return found


def text(raw: bytes) -> str:
    """A decoder of JSON mends UTF-8 at once, that of protobuf leaves it: both mean this text."""
    return raw.decode("utf-8", "replace")


def pairs(columns: PushColumns, row: int) -> list[tuple[str, str]]:
    return [(text(key), text(value)) for key, value in columns.metadata(row)]


def outcome(decode: Decode, body: bytes) -> list[Any] | None:
    """None: refused with an error of ours. Any other exception is the bug this file looks for."""
    try:
        return flat(decode(body))
    except (WireError, TooLarge):
        return None


@pytest.mark.parametrize("decode", [FAST.decode, PLAIN.decode], ids=["fast", "plain"])
def test_protobuf_comes_out_as_columns(decode: Decode) -> None:
    sent = encode([(API, [(T, "one", [("k", "v")]), (5, "", [])]), ('{b="c"}', []), ("", [(NS_MAX, "둘", [])])])
    assert flat(decode(sent)) == [
        ([("app", "api")], [(T, "one", [("k", "v")]), (5, "", [])]),
        ([("b", "c")], []),
        (NO_TEXT, [(NS_MAX, "둘", [])]),
    ]  # fmt: skip


@pytest.mark.parametrize("decode", [JSON.decode, PLAIN_JSON.decode], ids=["fast", "plain"])
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param('{"streams":[{"stream":{"a":"b"},"values":[["5","x"],["-6","y",{"k":"v"}]]}]}', id="usual"),
        pytest.param(
            ' {"streams" : [ {"values":[ ["5" ,"x"],["-6","y", {"k":"v"}] ],"stream":{"a":"b"}} ] }\n', id="space"
        ),
        pytest.param(
            '{"streams":[{"stream":{"\\u0061":"b"},"values":[["5","\\u0078"],["-6","y",{"k":"v"}]]}]}', id="escapes"
        ),
        pytest.param(
            '{"streams":[{"stream":{"a":"b"},"more":[1],"values":[["5","x"],["-6","y",{"k":"v"}]]}]}', id="unknown key"
        ),
    ],
)  # fmt: skip
def test_json_comes_out_as_columns(decode: Decode, sent: str) -> None:
    assert flat(decode(sent.encode())) == [([("a", "b")], [(5, "x", []), (-6, "y", [("k", "v")])])]


def test_the_quick_road_takes_what_senders_write() -> None:
    """Falling back is correct and twenty times as slow: a change that makes it the rule must not go unseen."""
    decoder = JsonDecoder()
    decoder._plain = None  # type: ignore[assignment]
    for sent in (
        {"streams": [{"stream": {"job": "varlogs"}, "values": [["1", 'a "quoted"\nline \\ 한글 \U0001f600']]}]},
        {"streams": [{"stream": {}, "values": []}, {"stream": {"a": "b"}}]},
        {"streams": [{"values": [["1", "", {"a": "", "b": "한"}]], "stream": {"a": "b"}}]},
        {"streams": []},
    ):
        for ascii_only in (True, False):
            for separators in ((",", ":"), (", ", ": ")):
                raw = json.dumps(sent, ensure_ascii=ascii_only, separators=separators).encode()
                assert flat(decoder.decode(raw)) == flat(PLAIN_JSON.decode(raw))


@pytest.mark.parametrize(
    ("ts", "ns"),
    [
        pytest.param("9223372036854775807", NS_MAX, id="last of int64"),
        pytest.param("9223372036854775808", NS_MAX, id="beyond it"),
        pytest.param("-9223372036854775809", NS_MIN, id="before it"),
        pytest.param("99999999999999999999999", NS_MAX, id="23 digits"),
        pytest.param("0001", 1, id="zeros before"),
        pytest.param("+5", 5, id="sign"),
    ],
)
def test_timestamps_of_json(ts: str, ns: int) -> None:
    sent = f'{{"streams":[{{"stream":{{"a":"b"}},"values":[["{ts}","x"]]}}]}}'.encode()
    assert JSON.decode(sent).ts_ns.tolist() == PLAIN_JSON.decode(sent).ts_ns.tolist() == [ns]


@pytest.mark.parametrize(
    ("ts", "ns"),
    [
        ("2023-11-14T22:13:20Z", 1_700_000_000 * 10**9),
        ("2023-11-15T07:13:20.5+09:00", 1_700_000_000 * 10**9 + 5 * 10**8),
        ("2023-11-14T22:13:20.123456789-00:00", 1_700_000_000 * 10**9 + 123_456_789),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * 10**9),
    ],
)
def test_timestamps_of_the_old_json(ts: str, ns: int) -> None:
    sent = json.dumps({"streams": [{"labels": API, "entries": [{"ts": ts, "line": "x"}]}]}).encode()
    assert JSON.decode(sent).ts_ns.tolist() == [ns]


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"null", b"[]", b"{", b'{"streams":5}', b'{"streams":[5]}', b'{"streams":[{"stream":[]}]}',
        b'{"streams":[{"stream":{"a":5},"values":[]}]}', b'{"streams":[{"stream":{"a":"b"},"values":[["1"]]}]}',
        b'{"streams":[{"stream":{"a":"b"},"values":[["1","x",{"a":{}}]]}]}',
        b'{"streams":[{"stream":{"a":"b"},"values":[["1","x",{},1]]}]}',
        b'{"streams":[{"stream":{"a":"b"},"values":[["1","\\x"]]}]}',
        b'{"streams":[{"stream":{"a":"b"},"values":[["1.5","x"]]}]}',
        b'{"streams":[{"labels":"{a=","entries":[]}]}', b'{"streams":[{"labels":"{}","entries":[{"ts":"today"}]}]}',
        b'{"streams":[{"stream":{"a":"b"},"values":[["1","x"],]}]}', b'{"streams":[]}x', b'{"streams":[],}',
        b"[" * 100_000, b'{"a":' * 100_000, b'{"streams":' + b"9" * 10_000 + b"}",
    ],
)  # fmt: skip
def test_what_is_no_push_is_an_error_of_ours(sent: bytes) -> None:
    for decode in (JSON.decode, PLAIN_JSON.decode):
        with pytest.raises(WireError):
            decode(sent)


def test_unusual_json_beyond_a_bound_is_refused_before_it_holds_everybody_up() -> None:
    with pytest.raises(TooLarge, match="usual form"):
        JSON.decode(b'{"x":"' + b"y" * (5 << 20) + b'"}')


@pytest.mark.parametrize("make", [FastDecoder, PlainDecoder])
def test_bounds_of_one_push(make: Callable[[PushLimits], Any]) -> None:
    two = encode([(API, [(1, "a", [("k", "v")]), (2, "b", [("k", "v")])]), (API, [])])
    for limits, what in [
        (PushLimits(streams_max=1), "streams"),
        (PushLimits(lines_max=1), "lines"),
        (PushLimits(pairs_max=1), "pairs"),
    ]:
        with pytest.raises(TooLarge, match=what):
            make(limits).decode(two)
    assert len(make(PushLimits(2, 2, 2)).decode(two)) == 2


def test_room_grows_as_far_as_it_must() -> None:
    many = [(f'{{a="{number}"}}', [(number, "", [("k", "v")] * 40)] * 40) for number in range(30)]
    assert flat(FAST.decode(encode(many))) == flat(PLAIN.decode(encode(many)))
    sent = {
        "streams": [
            {"stream": {"a": str(n)}, "values": [["1", "", {str(m): "" for m in range(40)}]] * 40} for n in range(30)
        ]
    }
    raw = json.dumps(sent).encode()
    assert flat(JSON.decode(raw)) == flat(PLAIN_JSON.decode(raw))


@pytest.mark.parametrize(
    ("written", "pairs"),
    [
        pytest.param('{app="api", env="prod"}', [("app", "api"), ("env", "prod")], id="Promtail"),
        pytest.param('{app="api",env="prod"}', [("app", "api"), ("env", "prod")], id="no space"),
        pytest.param(' { app = "api" , env="" } ', [("app", "api"), ("env", "")], id="space everywhere"),
        pytest.param("{}", [], id="none"),
        pytest.param(r'{a="\"\\\n\t\x41\101\u00e9\U0001F600"}', [("a", '"\\\n\tAAé\U0001f600')], id="Go's escapes"),
        pytest.param(r'{a="\xed\x95\x9c"}', [("a", "한")], id="bytes that make a letter"),
        pytest.param(r'{a="\xff"}', [("a", "\ufffd")], id="a byte that makes none"),
        pytest.param('{a=`raw \\n "x"`}', [("a", 'raw \\n "x"')], id="raw"),
        pytest.param('{a="1", a="2"}', [("a", "1"), ("a", "2")], id="doubled: the receiver tells"),
        pytest.param('{a="한글, {}=",b="}"}', [("a", "한글, {}="), ("b", "}")], id="signs in values"),
    ],
)
def test_labels_as_text(written: str, pairs: list[tuple[str, str]]) -> None:
    assert read_labels(written) == pairs


@pytest.mark.parametrize(
    "written",
    [
        "", "{", "}", "a", '{a="b"', '{a="b",}', '{a="b"}}', "{a=b}", "{a='b'}", '{="b"}', '{1a="b"}', '{a!="b"}',
        '{a=~"b"}', '{a="b" c="d"}', '{a="\\q"}', '{a="\\x1"}', '{a="\\ud800"}', '{a="\\400"}', '{a="b\n"}', '{a="b',
        "{a=`b}", '{,a="b"}',
    ],
)  # fmt: skip
def test_what_are_no_labels(written: str) -> None:
    with pytest.raises(WireError, match="error parsing labels"):
        read_labels(written)


NAMES = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)


@given(st.dictionaries(NAMES, st.text(st.characters(codec="utf-8"), min_size=1), max_size=5))
@settings(deadline=None)
def test_labels_come_back_from_their_text(pairs: dict[str, str]) -> None:
    assert Labels.from_pairs(read_labels(labels_text(Labels.of(pairs)))) == Labels.of(pairs)


@given(st.text('{}="\\`, abx01u', max_size=30))
@settings(deadline=None)
def test_any_text_is_labels_or_an_error(written: str) -> None:
    try:
        read_labels(written)
    except WireError:
        return


LINES = st.binary(max_size=30)
METADATA = st.lists(st.tuples(st.binary(max_size=6), st.binary(max_size=6)), max_size=3)
ENTRIES = st.lists(
    st.tuples(
        st.integers(-(1 << 63), (1 << 63) - 1), st.integers(-(1 << 31), (1 << 31) - 1), LINES, METADATA, METADATA
    ),
    max_size=4,
)
STREAMS = st.lists(st.tuples(st.binary(max_size=20), ENTRIES), max_size=4)


@given(STREAMS)
@settings(max_examples=200, deadline=None)
def test_what_googles_library_writes_is_read(streams: list[Any]) -> None:
    message = PushRequest(format=b"x")
    for labels, entries in streams:
        stream = message.streams.add(labels=labels, hash=7)
        for seconds, nanos, line, metadata, parsed in entries:
            entry = stream.entries.add(line=line)
            entry.timestamp.seconds, entry.timestamp.nanos = seconds, nanos
            for name, value in metadata:
                entry.metadata.add(name=name, value=value)
            for name, value in parsed:
                entry.parsed.add(name=name, value=value)
    sent = message.SerializeToString()
    found = outcome(PLAIN.decode, sent)
    assert outcome(FAST.decode, sent) == found
    good = all(
        -62_135_596_800 <= seconds <= 253_402_300_799 and 0 <= nanos < 10**9
        for _, entries in streams
        for seconds, nanos, *_ in entries
    )
    assert (found is not None) == good
    if found is not None:
        assert [rows for _, rows in found] == [
            [
                (max(NS_MIN, min(NS_MAX, seconds * 10**9 + nanos)) if abs(seconds) < 9_223_372_036 else
                 (NS_MAX if seconds > 0 else NS_MIN),
                 text(line), [(text(name), text(value)) for name, value in metadata])
                for seconds, nanos, line, metadata, _ in entries
            ]
            for _, entries in streams
        ]  # fmt: skip


SEED = encode([(API, [(T, "one", [("k", "v")]), (5, "two", [])]), ('{b="c"}', [(1, "x" * 200, [])])])


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_bent_protobuf_means_the_same_to_both_or_is_refused_by_both(data: st.DataObject) -> None:
    body = bytearray(SEED)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        match data.draw(st.sampled_from(["set", "drop", "insert", "cut"])):
            case "set":
                body[at] = data.draw(st.integers(0, 255))
            case "drop" if len(body) > 1:
                del body[at]
            case "insert":
                body.insert(at, data.draw(st.integers(0, 255)))
            case _:
                del body[max(at, 1) :]
    assert outcome(FAST.decode, bytes(body)) == outcome(PLAIN.decode, bytes(body))


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_bytes_mean_the_same_to_both(body: bytes) -> None:
    assert outcome(FAST.decode, body) == outcome(PLAIN.decode, body)


JSON_SEED = (
    '{"streams": [{"stream": {"a": "b", "c": "한"}, "values": [["12", "x\\n\\ud83d\\ude00\\u00e9", '
    '{"k": "v"}], ["3", ""]]}]}'
)
PIECES = ['"', "\\", "{", "}", "[", "]", ",", ":", "5", '"x"', "\\u", "\\ud800", "\\udc00", "\n", " ", "한", '"k":"v",']


@given(st.data())
@settings(max_examples=600, deadline=None)
def test_bent_json_means_the_same_to_both_or_is_refused_by_both(data: st.DataObject) -> None:
    body = JSON_SEED
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(body)))
        end = at + data.draw(st.integers(0, 6))
        body = body[:at] + data.draw(st.sampled_from(["", *PIECES])) + body[end:]
    raw = body.encode()
    if data.draw(st.booleans()) and raw:
        at = data.draw(st.integers(0, len(raw) - 1))
        raw = raw[:at] + bytes([data.draw(st.integers(0, 255))]) + raw[at + 1 :]
    assert outcome(JSON.decode, raw) == outcome(PLAIN_JSON.decode, raw)


TEXTS = st.text(max_size=20)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "stream": st.dictionaries(TEXTS, TEXTS, max_size=3),
                "values": st.lists(
                    st.one_of(
                        st.tuples(st.integers(-(1 << 65), 1 << 65).map(str), TEXTS),
                        st.tuples(st.integers(0, 1 << 62).map(str), TEXTS, st.dictionaries(TEXTS, TEXTS, max_size=3)),
                    ),
                    max_size=3,
                ),
            }
        ),
        max_size=3,
    ),
    st.booleans(),
)
@settings(deadline=None)
def test_any_texts_survive_json(streams: list[dict[str, Any]], ascii_only: bool) -> None:
    raw = json.dumps({"streams": streams}, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    found = flat(JSON.decode(raw))
    assert found == flat(PLAIN_JSON.decode(raw))
    assert [len(rows) for _, rows in found] == [len(stream["values"]) for stream in streams]


def test_equal_label_bytes_have_equal_keys_and_others_have_not() -> None:
    keys = FAST.decode(encode([(API, []), ('{b="c"}', []), (API, [])])).keys.tolist()
    assert keys[0] == keys[2] != keys[1]
    streams = [{"stream": {"a": "b"}}, {"stream": {"a": "c"}}, {"stream": {"a": "b"}}]
    keys = JSON.decode(json.dumps({"streams": streams}).encode()).keys.tolist()
    assert keys[0] == keys[2] != keys[1]
