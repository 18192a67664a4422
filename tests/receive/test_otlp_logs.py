"""OTLP logs over HTTP: as Loki maps them, and answered so that exporters do what is right."""

from __future__ import annotations

import gzip
import json
from typing import Any

import orjson
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given, settings
from hypothesis import strategies as st

from hannun.model.errors import DiskFull, Overloaded, TooLarge, WireError
from hannun.model.log import SEVERITIES
from hannun.observe.outcomes import Outcomes
from hannun.receive.log_door import LogDoor
from hannun.receive.log_intake import LogIntake
from hannun.receive.log_limits import LogLimits
from hannun.receive.otlp_logs import routes
from hannun.wire.loki.columns import PushColumns
from hannun.wire.loki.limits import PushLimits
from hannun.wire.otlp_logs import FastDecoder, OtlpMapping, Rule, decode_json, decode_protobuf

PROTO = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
T = 1_700_000_000_000_000_001


def messages() -> Any:
    """OTLP's messages from a descriptor that is built here: the third, independent reading of the bytes."""
    file = descriptor_pb2.FileDescriptorProto(name="logs.proto", package="otlp", syntax="proto3")
    kinds = descriptor_pb2.FieldDescriptorProto

    def message(name: str, *fields: tuple[str, int, int, str]) -> None:
        made = file.message_type.add(name=name)
        for field, number, kind, of in fields:
            label = kinds.LABEL_REPEATED if of.endswith("*") else kinds.LABEL_OPTIONAL
            made.field.add(name=field, number=number, type=kind, label=label, type_name=of.rstrip("*") or None)

    nested, text = kinds.TYPE_MESSAGE, kinds.TYPE_STRING
    message("Array", ("values", 1, nested, ".otlp.Value*"))
    message("KvList", ("values", 1, nested, ".otlp.KeyValue*"))
    message(
        "Value", ("string", 1, text, ""), ("bool", 2, kinds.TYPE_BOOL, ""), ("int", 3, kinds.TYPE_INT64, ""),
        ("double", 4, kinds.TYPE_DOUBLE, ""), ("array", 5, nested, ".otlp.Array"), ("map", 6, nested, ".otlp.KvList"),
        ("bytes", 7, kinds.TYPE_BYTES, ""),
    )  # fmt: skip
    message("KeyValue", ("key", 1, text, ""), ("value", 2, nested, ".otlp.Value"))
    message("Resource", ("attributes", 1, nested, ".otlp.KeyValue*"))
    message("Scope", ("name", 1, text, ""), ("version", 2, text, ""), ("attributes", 3, nested, ".otlp.KeyValue*"))
    message(
        "Record", ("time", 1, kinds.TYPE_FIXED64, ""), ("number", 2, kinds.TYPE_INT32, ""), ("text", 3, text, ""),
        ("body", 5, nested, ".otlp.Value"), ("attributes", 6, nested, ".otlp.KeyValue*"),
        ("flags", 8, kinds.TYPE_FIXED32, ""), ("trace", 9, kinds.TYPE_BYTES, ""), ("span", 10, kinds.TYPE_BYTES, ""),
        ("observed", 11, kinds.TYPE_FIXED64, ""), ("event", 12, text, ""),
    )  # fmt: skip
    message("ScopeLogs", ("scope", 1, nested, ".otlp.Scope"), ("records", 2, nested, ".otlp.Record*"))
    message("ResourceLogs", ("resource", 1, nested, ".otlp.Resource"), ("scopes", 2, nested, ".otlp.ScopeLogs*"))
    message("Request", ("resources", 1, nested, ".otlp.ResourceLogs*"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("otlp.Request"))


Request = messages()


def as_protobuf() -> bytes:
    request = Request()
    logs = request.resources.add()
    for key, value in (("service.name", "shop"), ("k8s.pod.name", "shop-1"), ("host.name", "web-1")):
        logs.resource.attributes.add(key=key).value.string = value
    scope = logs.scopes.add()
    scope.scope.name, scope.scope.version = "app.orders", "1.0"
    record = scope.records.add(time=T, number=17, text="ERROR", flags=1, observed=T + 5, event="order")
    record.body.string = "결제 실패"
    record.trace, record.span = bytes.fromhex(TRACE), bytes.fromhex(SPAN)
    record.attributes.add(key="http.status").value.int = 502
    member = record.attributes.add(key="user").value.map.values.add(key="id")
    member.value.string = "u1"
    record.attributes.add(key="tags").value.array.values.add().string = "a"
    second = scope.records.add(observed=T + 9)
    second.body.map.values.add(key="m").value.double = 1.5
    return bytes(request.SerializeToString())


USER_ID = {"key": "id", "value": {"stringValue": "u1"}}
AS_JSON = {
    "resourceLogs": [
        {
            "resource": {
                "attributes": [
                    {"key": "service.name", "value": {"stringValue": "shop"}},
                    {"key": "k8s.pod.name", "value": {"stringValue": "shop-1"}},
                    {"key": "host.name", "value": {"stringValue": "web-1"}},
                ]
            },
            "scopeLogs": [
                {
                    "scope": {"name": "app.orders", "version": "1.0"},
                    "logRecords": [
                        {
                            "timeUnixNano": str(T),
                            "observedTimeUnixNano": str(T + 5),
                            "severityNumber": 17,
                            "severityText": "ERROR",
                            "flags": 1,
                            "eventName": "order",
                            "traceId": TRACE.upper(),
                            "spanId": SPAN,
                            "body": {"stringValue": "결제 실패"},
                            "attributes": [
                                {"key": "http.status", "value": {"intValue": "502"}},
                                {
                                    "key": "user",
                                    "value": {"kvlistValue": {"values": [USER_ID]}},
                                },
                                {"key": "tags", "value": {"arrayValue": {"values": [{"stringValue": "a"}]}}},
                            ],
                        },
                        {
                            "observedTimeUnixNano": str(T + 9),
                            "body": {"kvlistValue": {"values": [{"key": "m", "value": {"doubleValue": 1.5}}]}},
                        },
                    ],
                }
            ],
        }
    ]
}  # fmt: skip
SENT = [
    pytest.param(as_protobuf(), PROTO, id="protobuf"),
    pytest.param(json.dumps(AS_JSON).encode(), JSON, id="JSON"),
    pytest.param(gzip.compress(as_protobuf()), {**PROTO, "content-encoding": "gzip"}, id="gzip"),
]


@pytest.fixture
def door(log_sink) -> LogDoor:
    return LogDoor(LogIntake(log_sink, Outcomes()))


def metadata(columns: PushColumns, index: int) -> dict[str, str]:
    return {key.decode(): value.decode() for key, value in columns.metadata(index)}


@pytest.mark.parametrize(("body", "headers"), SENT)
async def test_records_become_lines_as_loki_has_them(serve, log_sink, door, body, headers) -> None:
    async with serve(routes(door)) as client:
        answer = await client.post("/otlp/v1/logs", content=body, headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    name = '{k8s_pod_name="shop-1", service_name="shop"}'
    assert log_sink.lines() == [(name, T, "결제 실패"), (name, T + 9, '{"m":1.5}')]
    (batch,) = log_sink.batches
    assert SEVERITIES[batch.severity[0]] == "error"
    assert batch.trace_id is not None
    assert batch.span_id is not None
    assert (batch.trace_id[0], batch.span_id[0], batch.trace_id[1]) == (TRACE, SPAN, "")
    assert batch.attributes is not None
    first = range(batch.attributes.offsets[1])
    assert {batch.attributes.keys[at]: batch.attributes.values[at] for at in first} == {
        "host_name": "web-1", "scope_name": "app.orders", "scope_version": "1.0", "http_status": "502",
        "user_id": "u1", "tags": '["a"]', "observed_timestamp": str(T + 5), "severity_number": "17",
        "severity_text": "ERROR", "flags": "1", "trace_id": TRACE, "span_id": SPAN, "event_name": "order",
    }  # fmt: skip


@pytest.mark.parametrize(("body", "headers"), SENT)
async def test_the_generic_path_answers_with_an_empty_response(serve, door, body, headers) -> None:
    async with serve(routes(door)) as client:
        answer = await client.post("/v1/logs", content=body, headers=headers)
    assert answer.status_code == 200
    assert answer.content == (b"{}" if headers is JSON else b"")
    assert answer.headers["content-type"] == headers["content-type"]


async def test_what_is_left_out_is_a_partial_success(serve, log_sink, door) -> None:
    log_sink.within = (T, T)
    async with serve(routes(door)) as client:
        answer = await client.post("/v1/logs", content=json.dumps(AS_JSON), headers=JSON)
        told = answer.json()["partialSuccess"]
        assert (answer.status_code, told["rejectedLogRecords"]) == (200, "1")
        assert "timestamp too new" in told["errorMessage"]
        answer = await client.post("/otlp/v1/logs", content=as_protobuf(), headers=PROTO)
        assert answer.status_code == 200
        assert b"timestamp too new" in answer.content


@pytest.mark.parametrize(
    ("fails", "status"), [(Overloaded("full"), 429), (DiskFull("full"), 503)], ids=["queue", "disk"]
)
async def test_what_passes_by_is_a_status_that_exporters_retry(serve, log_sink, door, fails, status) -> None:
    log_sink.fails = fails
    async with serve(routes(door)) as client:
        answer = await client.post("/v1/logs", content=as_protobuf(), headers=PROTO)
    assert answer.status_code == status
    assert answer.content == b"\x12\x04full"
    assert "retry-after" in answer.headers


async def test_a_rate_limit_is_429(serve, log_sink) -> None:
    door = LogDoor(LogIntake(log_sink, Outcomes(), LogLimits(rate_bytes_s=1)))
    async with serve(routes(door)) as client:
        answer = await client.post("/v1/logs", content=as_protobuf(), headers=PROTO)
    assert (answer.status_code, b"ingestion rate limit exceeded" in answer.content) == (429, True)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\x0a\xff", PROTO, 400), (b"{", JSON, 400), (b"[]", JSON, 400), (b'{"resourceLogs":5}', JSON, 400),
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"x"}]}]}]}', JSON, 400),
        (b"x", {"content-type": "text/plain"}, 415), (b"{}", JSON, 204), (b"", PROTO, 204),
    ],
)  # fmt: skip
async def test_what_is_no_request(serve, door, body, headers, status) -> None:
    async with serve(routes(door)) as client:
        assert (await client.post("/otlp/v1/logs", content=body, headers=headers)).status_code == status


def test_rules_of_a_loki_file_come_before_the_defaults() -> None:
    mapping = OtlpMapping(
        index_labels=(),
        resource=(
            Rule("index_label", lambda name: name == "host.name"),
            Rule("drop", lambda name: name.startswith("k8s.")),
        ),
        record=(Rule("drop", lambda name: name == "tags"),),
        severity_text_as_label=True,
    )
    found = decode_protobuf(as_protobuf(), now_ns=1, mapping=mapping)
    assert list(found.pairs_of(0)) == [
        ("host_name", "web-1"), ("service_name", "unknown_service"), ("severity_text", "ERROR")
    ]  # fmt: skip
    told = metadata(found, 0)
    assert told["service_name"] == "shop"
    assert not {"tags", "k8s_pod_name"} & told.keys()


def test_a_record_without_any_time_is_of_now() -> None:
    request = Request()
    request.resources.add().scopes.add().records.add().body.int = 5
    found = decode_protobuf(request.SerializeToString(), now_ns=77)
    assert (found.ts_ns.tolist(), found.line(0)) == ([77], b"5")


def test_values_nested_too_deep_are_refused() -> None:
    value: Any = {"stringValue": "x"}
    for _ in range(40):
        value = {"arrayValue": {"values": [value]}}
    sent = {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": value}]}]}]}
    with pytest.raises(WireError, match="nested deeper"):
        decode_json(orjson.dumps(sent), now_ns=1)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_bent_bytes_are_columns_or_an_error_of_ours(data: st.DataObject) -> None:
    for whole, decode in ((as_protobuf(), decode_protobuf), (orjson.dumps(AS_JSON), decode_json)):
        body = bytearray(whole)
        for _ in range(data.draw(st.integers(1, 5))):
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
        try:
            found = decode(bytes(body[: data.draw(st.integers(0, len(body)))]), now_ns=1)
        except (WireError, TooLarge):
            continue
        assert len(found) == len(found.lines)


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 63) - 1) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["key", "value", "values", "stringValue", "intValue", "arrayValue", "kvlistValue", "bytesValue"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(JSON_LIKE, JSON_LIKE, JSON_LIKE)
@settings(deadline=None)
def test_odd_json_is_columns_or_an_error_of_ours(attributes: Any, body: Any, scope: Any) -> None:
    record = {"body": body, "attributes": attributes, "timeUnixNano": scope}
    sent = {
        "resourceLogs": [
            {"resource": {"attributes": attributes}, "scopeLogs": [{"scope": scope, "logRecords": [record]}]}
        ]
    }
    try:
        decode_json(orjson.dumps(sent), now_ns=1)
    except (WireError, TooLarge):
        return


FAST = FastDecoder()
NAMES = st.sampled_from(["a", "a.b", "9lives", "이름", "", "trace_id", "x-y"]) | st.text(max_size=6)
SCALARS = st.one_of(
    st.text(max_size=12),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.sampled_from([0, 1, -1, 127, 128, (1 << 63) - 1, -(1 << 63)]),
    st.floats(),
    st.binary(max_size=4),
    st.none(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
ATTRIBUTES = st.lists(st.tuples(NAMES, VALUES), max_size=4)
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "time": st.sampled_from([0, 1, T, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]),
        "observed": st.sampled_from([0, 5, T, (1 << 64) - 1]),
        "number": st.integers(-2, 25),
        "text": st.text(max_size=5),
        "flags": st.integers(0, (1 << 32) - 1),
        "trace": st.sampled_from([b"", bytes(16), bytes.fromhex(TRACE), b"\x00\x10"]),
        "span": st.sampled_from([b"", bytes(8), bytes.fromhex(SPAN)]),
        "event": st.text(max_size=3),
        "body": VALUES,
        "attributes": ATTRIBUTES,
    },
)
RESOURCES = st.lists(st.tuples(ATTRIBUTES, st.lists(st.tuples(ATTRIBUTES, st.lists(RECORDS, max_size=3)), max_size=2)))


def fill(value: Any, of: Any) -> None:
    """A Value message `of` what Python holds."""
    match value:
        case bool():
            of.bool = value
        case str():
            of.string = value
        case int():
            of.int = value
        case float():
            of.double = value
        case bytes():
            of.bytes = value
        case list():
            of.array.SetInParent()
            for one in value:
                fill(one, of.array.values.add())
        case dict():
            of.map.SetInParent()
            add(list(value.items()), of.map.values)


def add(pairs: Any, to: Any) -> None:
    for key, value in pairs:
        made = to.add(key=key)
        if value is not None:
            fill(value, made.value)


def request_of(sent: Any) -> bytes:
    request = Request()
    for attributes, scopes in sent:
        resource = request.resources.add()
        add(attributes, resource.resource.attributes)
        for scope_attributes, found in scopes:
            scope = resource.scopes.add()
            add(scope_attributes, scope.scope.attributes)
            for fields in found:
                fields = dict(fields)
                body, pairs = fields.pop("body", None), fields.pop("attributes", [])
                record = scope.records.add(**fields)
                add(pairs, record.attributes)
                if body is not None:
                    fill(body, record.body)
    return bytes(request.SerializeToString())


def said(found: PushColumns) -> list[Any]:
    """Line by line, so that two ways to lay out columns compare; with broken UTF-8 mended, as the intake does it."""
    rows = [row for row, count in enumerate(found.counts.tolist()) for _ in range(count)]

    def text(raw: bytes) -> str:
        return raw.decode("utf-8", "replace")

    return [
        (
            list(found.pairs_of(row)),
            found.keys[row].tolist(),
            int(found.ts_ns[line]),
            text(found.line(line)),
            [(text(key), text(value)) for key, value in found.metadata(line)],
        )
        for line, row in enumerate(rows)
    ]


def told(decode: Any, body: bytes) -> Any:
    try:
        return said(decode(body, now_ns=77))
    except WireError:
        return WireError


@given(RESOURCES)
@settings(max_examples=120, deadline=None)
def test_the_compiled_decoder_says_what_the_plain_one_says(sent: Any) -> None:
    body = request_of(sent)
    assert told(FAST.decode, body) == told(decode_protobuf, body)


@given(RESOURCES.filter(bool), st.data())
@settings(max_examples=120, deadline=None)
def test_the_compiled_decoder_reads_bent_bytes_like_the_plain_one(sent: Any, data: st.DataObject) -> None:
    body = bytearray(data.draw(st.sampled_from([as_protobuf(), request_of(sent)])))
    for _ in range(data.draw(st.integers(1, 4))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    bent = bytes(body[: data.draw(st.integers(0, len(body)))])
    assert told(FAST.decode, bent) == told(decode_protobuf, bent)


def test_many_records_of_few_bytes_make_room_as_they_need_it() -> None:
    numbers = [("n", index) for index in range(60)]
    record = {"body": 1, "attributes": [*numbers, ("d", 0.5), ("l", [1])]}
    body = request_of([([], [([], [record, {}, {"attributes": [("m", {"a": 1})]}] * 40)])] * 30)
    assert told(FAST.decode, body) == told(decode_protobuf, body)


@pytest.mark.parametrize("field", ["lines_max", "pairs_max"])
def test_the_compiled_decoder_has_the_limits_of_the_plain_one(field: str) -> None:
    body = request_of([([("host", "a")], [([], [{"attributes": [("k", "v")]}] * 30)])])
    with pytest.raises(TooLarge, match=r"29|59"):
        FastDecoder(limits=PushLimits(**{field: {"lines_max": 29, "pairs_max": 59}[field]})).decode(body, now_ns=1)
    limits = PushLimits(**{field: {"lines_max": 30, "pairs_max": 60}[field]})
    assert len(FastDecoder(limits=limits).decode(body, now_ns=1)) == 30
