"""The write API that Filebeat, Logstash, Fluent Bit and Vector speak: hand-shakes, and an item for every action."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.access import Access
from hannun.model.errors import DiskFull, Overloaded, TooLarge, WireError
from hannun.model.log import SEVERITIES
from hannun.observe.outcomes import Outcomes
from hannun.receive.elasticsearch import PREFIX, routes
from hannun.receive.log_door import LogDoor
from hannun.receive.log_intake import LogIntake
from hannun.receive.log_limits import LogLimits
from hannun.wire.elasticsearch import Bulk, BulkDecoder, decode_bulk
from hannun.wire.loki.limits import PushLimits

NDJSON = {"content-type": "application/x-ndjson"}
AT = "2026-01-02T15:04:05.250Z"
AT_NS = int(datetime(2026, 1, 2, 15, 4, 5, 250_000, tzinfo=UTC).timestamp() * 1_000) * 10**6
# As Filebeat 8 writes it (recorded from its documentation's example, shortened).
FILEBEAT = {
    "@timestamp": AT,
    "message": "결제 실패",
    "log": {"level": "error", "offset": 7, "file": {"path": "/var/log/shop.log"}},
    "service": {"name": "shop"},
    "host": {"name": "web-1"},
    "kubernetes": {"namespace": "prod"},
    "agent": {"type": "filebeat", "version": "8.9.0"},
    "trace": {"id": "0af7651916cd43dd8448eb211c80319c"},
    "tags": ["a", "b"],
}


@pytest.fixture
def door(log_sink) -> LogDoor:
    return LogDoor(LogIntake(log_sink, Outcomes()))


def bulk(*lines: Any) -> bytes:
    return b"".join((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n" for line in lines)


async def test_filebeats_documents_become_lines(serve, log_sink, door) -> None:
    body = bulk({"create": {"_index": "filebeat-8.9.0"}}, FILEBEAT)
    async with serve(routes(door)) as client:
        answer = await client.post(f"{PREFIX}/_bulk", content=body, headers=NDJSON)
    assert answer.status_code == 200
    assert answer.headers["x-elastic-product"] == "Elasticsearch"
    told = answer.json()
    assert told["errors"] is False
    assert told["items"] == [
        {"create": {"_index": "filebeat-8.9.0", "_id": "hannun0000000000000000", "status": 201, "result": "created"}}
    ]
    name = '{host="web-1", index="filebeat-8.9.0", namespace="prod", service_name="shop"}'
    assert log_sink.lines() == [(name, AT_NS, "결제 실패")]
    (batch,) = log_sink.batches
    assert SEVERITIES[batch.severity[0]] == "error"
    assert batch.trace_id is not None
    assert batch.trace_id[0] == FILEBEAT["trace"]["id"]
    assert batch.attributes is not None
    pairs = range(len(batch.attributes.keys))
    assert {batch.attributes.keys[at]: batch.attributes.values[at] for at in pairs} == {
        "log.level": "error", "log.offset": "7", "log.file.path": "/var/log/shop.log", "agent.type": "filebeat",
        "agent.version": "8.9.0", "trace.id": FILEBEAT["trace"]["id"], "tags": '["a","b"]',
    }  # fmt: skip


async def test_every_action_has_an_item_in_its_place(serve, log_sink, door) -> None:
    log_sink.within = (0, AT_NS)
    body = bulk(
        {"index": {"_index": "a", "_id": "1"}}, {"msg": "one", "@timestamp": AT},
        {"delete": {"_index": "a", "_id": "2"}},
        {"create": {}}, b"{broken",
        {"update": {"_id": "4"}}, {"doc": {"log": "four\n", "time": 1_600_000_000.5}},
        {"create": {"_index": "b"}}, {"message": "late", "@timestamp": "2030-01-01T00:00:00Z"},
        {"index": {}}, {"no": {"message": "here"}, "@timestamp": AT},
    )  # fmt: skip
    async with serve(routes(door)) as client:
        answer = await client.post(
            f"{PREFIX}/other/_bulk", content=gzip.compress(body), headers={**NDJSON, "content-encoding": "gzip"}
        )
    told = answer.json()
    assert told["errors"] is True
    assert [(action, item["_index"], item["status"]) for one in told["items"] for action, item in one.items()] == [
        ("index", "a", 201), ("delete", "a", 400), ("create", "other", 400), ("update", "other", 200),
        ("create", "b", 400), ("index", "other", 201),
    ]  # fmt: skip
    assert told["items"][2]["create"]["error"]["type"] == "mapper_parsing_exception"
    assert "timestamp too new" in told["items"][4]["create"]["error"]["reason"]
    assert [(ns, line) for _, ns, line in log_sink.lines()] == [
        (AT_NS, "one"),
        (1_600_000_000_500_000_000, "four\n"),
        (AT_NS, '{"no":{"message":"here"},"@timestamp":"2026-01-02T15:04:05.250Z"}'),
    ]


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        pytest.param(b"", 400, "request body is required", id="nothing"),
        pytest.param(b"x\n", 400, "Malformed action/metadata line [1]", id="no JSON"),
        pytest.param(b'{"drop":{}}\n', 400, "found [drop]", id="unknown action"),
        pytest.param(b'{"index":5}\n', 400, "Malformed action", id="an action that is no object"),
        pytest.param(b'{"index":{}}\n', 400, "terminated by a newline", id="no document"),
    ],
)
async def test_a_body_that_is_no_bulk_is_refused_as_a_whole(serve, log_sink, door, body, status, said) -> None:
    async with serve(routes(door)) as client:
        answer = await client.post("/_bulk", content=body, headers=NDJSON)
    assert (answer.status_code, said in answer.json()["error"]["reason"]) == (status, True)
    assert not log_sink.batches


@pytest.mark.parametrize(("fails", "status"), [(Overloaded("queue full"), 429), (DiskFull("full"), 429)])
async def test_a_full_queue_is_429_for_the_whole_request(serve, log_sink, door, fails, status) -> None:
    log_sink.fails = fails
    async with serve(routes(door)) as client:
        answer = await client.post("/_bulk", content=bulk({"index": {}}, FILEBEAT), headers=NDJSON)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert "retry-after" in answer.headers


async def test_a_rate_limit_is_429_per_item(serve, log_sink) -> None:
    door = LogDoor(LogIntake(log_sink, Outcomes(), LogLimits(rate_bytes_s=1)))
    async with serve(routes(door)) as client:
        answer = await client.post("/_bulk", content=bulk({"index": {}}, FILEBEAT), headers=NDJSON)
    (item,) = answer.json()["items"]
    assert item["index"]["status"] == 429
    assert item["index"]["error"]["type"] == "es_rejected_execution_exception"


async def test_single_documents(serve, log_sink, door) -> None:
    async with serve(routes(door)) as client:
        answer = await client.post(f"{PREFIX}/shop/_doc", json=FILEBEAT)
        assert (answer.status_code, answer.json()["result"], answer.json()["_index"]) == (201, "created", "shop")
        answer = await client.put(f"{PREFIX}/shop/_create/7", json=FILEBEAT)
        assert (answer.status_code, answer.json()["_id"]) == (201, "7")
        assert (await client.post(f"{PREFIX}/shop/_doc", content=b"[]")).status_code == 400
    assert len(log_sink.lines()) == 2


@pytest.mark.parametrize(
    ("client_name", "requests"),
    [
        (
            "Filebeat 8.9: setup on",
            [
                ("GET", "/", "version.number"), ("GET", "/_license", "license.type"), ("GET", "/_xpack", "license"),
                ("GET", "/_ilm/policy/filebeat", ""), ("PUT", "/_ilm/policy/filebeat", "acknowledged"),
                ("GET", "/_index_template/filebeat-8.9.0", ""),
                ("PUT", "/_index_template/filebeat-8.9.0", "acknowledged"),
                ("HEAD", "/_data_stream/filebeat-8.9.0", ""), ("PUT", "/_data_stream/filebeat-8.9.0", "acknowledged"),
                ("GET", "/_ingest/pipeline/x", ""),
            ],
        ),
        (
            "Logstash 8.9",
            [
                ("HEAD", "/", ""), ("GET", "/", "tagline"), ("GET", "/_license", "license.status"),
                ("GET", "/_xpack", ""), ("HEAD", "/_index_template/logstash", ""), ("HEAD", "/_alias/logstash", ""),
                ("PUT", "/_index_template/logstash", "acknowledged"), ("HEAD", "/logstash", ""),
            ],
        ),
        ("Vector", [("GET", "/_cluster/health", "status")]),
        ("Elastic's clients that sniff", [("GET", "/_nodes/http", "nodes")]),
    ],
)  # fmt: skip
async def test_hand_shakes(serve, door, client_name, requests) -> None:
    async with serve(routes(door)) as client:
        for method, path, wanted in requests:
            answer = await client.request(method, PREFIX + path, json={} if method == "PUT" else None)
            assert (answer.status_code, answer.headers["x-elastic-product"]) == (200, "Elasticsearch"), (
                client_name,
                path,
            )
            if method != "HEAD":
                told = answer.json()
                for key in filter(None, wanted.split(".")):
                    told = told[key]


def test_at_the_root_stands_only_what_is_nobody_elses(door) -> None:
    made = routes(door)
    assert {end.access for end in made} == {Access.PUSH}
    assert all(end.path.startswith("/_") for end in made if end.at_root)
    assert ("GET", "/") in {(end.method, end.path) for end in made if not end.at_root}


def test_lines_are_bounded() -> None:
    with pytest.raises(TooLarge):
        decode_bulk(bulk(*[{"index": {}}, {"message": "x"}] * 3), now_ns=1, limits=PushLimits(lines_max=2))


def test_a_document_nested_too_deep_costs_itself() -> None:
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    found = decode_bulk(bulk({"index": {}}, deep, {"index": {}}, {"message": "x"}), now_ns=1)
    assert "nested too deep" in found.items[0].error
    assert found.columns.line(0) == b"x"


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["message", "@timestamp", "host", "name", "index", "_index", "doc", "log"]), inner
        )
    ),
    max_leaves=6,
)


@given(
    st.lists(st.one_of(JSON_LIKE.map(lambda one: json.dumps(one).encode()), st.binary(max_size=10)), max_size=6),
    st.sampled_from([b'{"index":{}}', b'{"update":{"_id":5}}', b'{"create":{"_index":"x"}}']),
)
@settings(max_examples=300, deadline=None)
def test_any_body_is_a_bulk_or_an_error_of_ours(lines: list[bytes], action: bytes) -> None:
    try:
        found = decode_bulk(b"\n".join([action, *lines]), now_ns=1)
    except (WireError, TooLarge):
        return
    assert [line for line in found.lines if line >= 0] == list(range(len(found.columns)))


FAST = BulkDecoder()
KNOWN = [
    "message", "msg", "log", "event.original", "@timestamp", "timestamp", "time", "date", "service", "service.name",
    "host", "host.name", "env", "kubernetes.namespace", "container_name", "tags", "a", "a.b", "", "이름", "x\\u0041",
]  # fmt: skip
RAW = st.sampled_from(
    [
        '"결제"', '"a\\n\\"b\\" \\u00e9 \\ud55c"', '"\\ud83d\\ude00"', '"\\ud800"', '"\\\\ud83d"', '""', "null", "true",
        "false", "0", "-0", "-1", "01", "123456789012345678", "1234567890123456789012", "1.5", "-0.0", "1.50",
        "0.0001", "0.00001", "1e3", "1.5E-7", "123456789.123456", "12345678901234.5", "0.1234567890123456", "NaN",
        "[]", '["a","b"]', '["a", 1]', '["é"]', "[[]]", "{}", "1700000000", "1700000000123", "1700000000123456",
        "1700000000123456789", "99999999999", '"2026-11-20T14:02:31.123Z"', '"2026-02-29T14:02:31Z"',
        '"2028-02-29T23:59:59.999999999Z"', '"2026-11-20 14:02:31"', '"2026-11-20T14:02:31+09:00"',
        '"1969-12-31T23:59:59Z"', '"2199-12-31T00:00:00.1Z"', '"1.5"', '"17"',
    ]
)  # fmt: skip


def an_object(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.lists(st.tuples(st.sampled_from(KNOWN), st.sampled_from([":", " : "]), inner), max_size=5)
    return pairs.map(lambda found: "{" + ", ".join(f'"{name}"{colon}{value}' for name, colon, value in found) + "}")


DOCUMENTS = an_object(st.recursive(RAW, an_object, max_leaves=4)).map(lambda text: text.encode())
LIKELY = DOCUMENTS.map(lambda text: b'{"message":"a line",' + text[1:] if len(text) > 2 else b'{"message":"b"}')
ACTION_LINES = st.sampled_from(
    [
        b'{"index":{}}', b'{"create":{"_index":"x"}}', b'{"create":{"_index":"y","_id":"1"}}', b' { "index" : {} } \r',
        b'{"index":{},"create":{}}', b'{"update":{"_id":5}}', b'{"delete":{"_id":5}}', b'{"inbox":{}}',
    ]
)  # fmt: skip
USUAL_ACTIONS = st.sampled_from([b'{"index":{}}', b'{"create":{"_index":"x"}}'])


def said(found: Bulk) -> list[Any]:
    """Item by item with its line, so that two ways to lay out columns compare; with broken UTF-8 mended."""
    columns = found.columns
    rows = [row for row, count in enumerate(columns.counts.tolist()) for _ in range(count)]

    def text(raw: bytes) -> str:
        return raw.decode("utf-8", "replace")

    lines = [
        (
            list(columns.pairs_of(row)),
            int(columns.ts_ns[line]),
            text(columns.line(line)),
            [(text(key), text(value)) for key, value in columns.metadata(line)],
        )
        for line, row in enumerate(rows)
    ]
    return [(item, lines[at] if at >= 0 else None) for item, at in zip(found.items, found.lines, strict=True)]


def told(decode: Any, body: bytes) -> Any:
    try:
        return said(decode(body, now_ns=77, index="of-path"))
    except (WireError, TooLarge) as err:
        return str(err)


@given(
    st.one_of(
        st.lists(st.tuples(USUAL_ACTIONS, st.one_of(LIKELY, DOCUMENTS)), max_size=5),
        st.lists(st.tuples(ACTION_LINES, DOCUMENTS), max_size=4),
    ),
    st.sampled_from([b"\n", b"\r\n", b"\n\n \n"]),
)
@settings(max_examples=200, deadline=None)
def test_the_compiled_decoder_says_what_the_plain_one_says(pairs: list[tuple[bytes, bytes]], end: bytes) -> None:
    body = b"".join(line + end for pair in pairs for line in pair)
    assert told(FAST.decode, body) == told(decode_bulk, body)


@given(st.lists(LIKELY, min_size=1, max_size=4), st.data())
@settings(max_examples=150, deadline=None)
def test_the_compiled_decoder_reads_bent_bytes_like_the_plain_one(documents: list[bytes], data: st.DataObject) -> None:
    body = bytearray(b"".join(b'{"create":{}}\n' + document + b"\n" for document in documents))
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    bent = bytes(body[: data.draw(st.integers(0, len(body)))])
    assert told(FAST.decode, bent) == told(decode_bulk, bent)


def test_many_small_and_some_large_documents_make_room_as_they_need_it() -> None:
    many = [part for number in range(300) for part in ({"index": {"_id": str(number)}}, {"msg": "x", "n": number})]
    wide = {"message": "w", **{f"field{number}": number for number in range(127)}}
    wider = {"message": "w", **{f"field{number}": number for number in range(200)}}
    deep = b'{"message":"d","' + b"p" * 300 + b'":{' + b",".join(b'"k%d":%d' % (n, n) for n in range(100)) + b"}}"
    body = bulk(*many, *[{"index": {}}, wide, {"index": {}}, wider] * 20, *[{"index": {}}, deep] * 30)
    assert told(FAST.decode, body) == told(decode_bulk, body)
