"""Elasticsearch's write API, for Filebeat, Logstash, Fluent Bit and Vector: the bulk request and the hand-shakes.

Every answer carries X-Elastic-Product, without which Elastic's own clients hang up. Templates, policies and pipelines
are accepted and mean nothing here. A bulk request is answered item by item; a full queue is 429 for the whole request,
which every client sends again. All of it stands under /elasticsearch; at the root only what clashes with nobody.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.model.access import Access
from hannun.model.errors import (
    DiskFull,
    HannunError,
    Overloaded,
    StoreUnavailable,
    TooLarge,
    Unsupported,
    WireError,
)
from hannun.model.http import Endpoint, Handler
from hannun.receive.body import SlowBody
from hannun.receive.log_door import LogDoor
from hannun.receive.log_intake import Prepared
from hannun.wire.compression import content_encodings
from hannun.wire.elasticsearch import Bulk, BulkDecoder, Item, decode_document
from hannun.wire.loki.columns import PushColumns

PREFIX = "/elasticsearch"
VERSION = "8.9.0"
"""What clients are told: they refuse servers that are older than themselves by a major version."""
_HEADERS = {"x-elastic-product": "Elasticsearch"}
_NAME, _CLUSTER = "hannun", "hannun"
_UUID = "hannun0000000000000000"
_ITEM_STATUS = {"create": 201, "index": 201, "update": 200, "delete": 404}
_RESULT = {"create": "created", "index": "created", "update": "updated", "delete": "not_found"}


class ElasticsearchReceiver:
    """`zone`: of times without one."""

    def __init__(self, door: LogDoor, zone: Callable[[], tzinfo] = lambda: UTC) -> None:
        self._door = door
        self._zone = zone
        self._decoder = BulkDecoder()

    async def bulk(self, request: Request) -> Response:
        index = str(request.path_params.get("index", ""))
        began_s = time.monotonic()

        def decode(body: bytes) -> Bulk:
            return self._decoder.decode(body, now_ns=self._now_ns(), index=index, zone=self._zone())

        try:
            bulk, prepared = await self._take(request, decode)
        except HannunError as err:
            return _refused(err)
        return _answer(bulk, prepared, max(1, round(1_000 * (time.monotonic() - began_s))))

    async def document(self, request: Request) -> Response:
        index, id_ = str(request.path_params.get("index", "")), str(request.path_params.get("id", ""))

        def decode(body: bytes) -> Bulk:
            return decode_document(body, now_ns=self._now_ns(), index=index, id_=id_, zone=self._zone())

        try:
            bulk, prepared = await self._take(request, decode)
        except HannunError as err:
            return _refused(err)
        ((told,),) = [item.values() for item in _items(bulk, prepared)]
        if "error" in told:
            return _json({"error": told["error"], "status": told["status"]}, told["status"])
        shards = {"total": 1, "successful": 1, "failed": 0}
        return _json({**told, "_version": 1, "_shards": shards, "_seq_no": 0, "_primary_term": 1}, 201)

    async def _take(self, request: Request, decode: Callable[[bytes], Bulk]) -> tuple[Bulk, Prepared]:
        found: list[Bulk] = []

        def columns(body: bytes) -> PushColumns:
            found.append(decode(body))
            return found[0].columns

        encodings = content_encodings(request.headers.get("content-encoding"))
        prepared = await self._door.take(request, columns, encodings)
        return found[0], prepared

    def _now_ns(self) -> int:
        return self._door.intake.clock.now_ms() * 1_000_000


def _items(bulk: Bulk, prepared: Prepared) -> list[dict[str, dict[str, Any]]]:
    """One per action, in order."""
    return [{item.action: _item(item, line, prepared)} for item, line in zip(bulk.items, bulk.lines, strict=True)]


def _answer(bulk: Bulk, prepared: Prepared, took_ms: int) -> Response:
    """The whole answer. Documents of one action that were stored are answered in the same words, made once."""
    good = prepared.good.tolist()
    if not all(good) or min(bulk.lines, default=-1) < 0:
        items = _items(bulk, prepared)
        errors = any("error" in next(iter(item.values())) for item in items)
        return _json({"took": took_ms, "errors": errors, "items": items})
    words: dict[int, bytes] = {}
    for item in bulk.items:
        if id(item) not in words:
            words[id(item)] = orjson.dumps({item.action: _item(item, 0, prepared)})
    whole = b",".join([words[id(item)] for item in bulk.items])
    return Response(b'{"took":%d,"errors":false,"items":[%b]}' % (took_ms, whole), 200, _HEADERS, "application/json")


def _item(item: Item, line: int, prepared: Prepared) -> dict[str, Any]:
    told: dict[str, Any] = {"_index": item.index, "_id": item.id or _UUID, "status": _ITEM_STATUS[item.action]}
    if item.error:
        kind = "mapper_parsing_exception" if item.action != "delete" else "illegal_argument_exception"
        return {**told, "status": 400, "error": {"type": kind, "reason": item.error}}
    if not prepared.good[line]:
        left_out = prepared.left_out
        kind = "es_rejected_execution_exception" if left_out.status == 429 else "illegal_argument_exception"
        return {**told, "status": left_out.status, "error": {"type": kind, "reason": left_out.message}}
    return {**told, "result": _RESULT[item.action]}


def _json(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, {**_HEADERS, **(headers or {})}, "application/json")


def _refused(err: HannunError) -> Response:
    headers: dict[str, str] = {}
    match err:
        case TooLarge():
            status, kind = 413, "content_too_long_exception"
        case Unsupported():
            status, kind = 415, "illegal_argument_exception"
        case Overloaded():
            status, kind = 429, "es_rejected_execution_exception"
            headers = {"retry-after": str(err.retry_after_s)}
        case DiskFull():
            # What Elasticsearch says at its own flood stage, which clients know and wait for.
            status, kind = 429, "cluster_block_exception"
            headers = {"retry-after": "30"}
        case SlowBody() | StoreUnavailable():
            status, kind = 503, "unavailable_shards_exception"
            headers = {"retry-after": "5"}
        case WireError():
            status, kind = 400, "illegal_argument_exception"
        case _:
            status, kind = 400, "illegal_argument_exception"
    cause = {"type": kind, "reason": err.say("en")}
    return _json({"error": {"root_cause": [cause], **cause}, "status": status}, status, headers)


def _says(content: Any) -> Handler:
    async def answer(_: Request) -> Response:
        return _json(content)

    return answer


HELLO = {
    "name": _NAME,
    "cluster_name": _CLUSTER,
    "cluster_uuid": _UUID,
    "version": {
        "number": VERSION,
        "build_flavor": "default",
        "build_type": "tar",
        "lucene_version": "9.7.0",
        "minimum_wire_compatibility_version": "7.17.0",
        "minimum_index_compatibility_version": "7.0.0",
    },
    "tagline": "You Know, for Search",
}
LICENSE = {
    "license": {
        "status": "active",
        "uid": _UUID,
        "type": "basic",
        "issued_to": _NAME,
        "issuer": "elasticsearch",
        "expiry_date_in_millis": 4_000_000_000_000,
        "max_nodes": 1_000,
        "start_date_in_millis": -1,
    }
}
HEALTH = {
    "cluster_name": _CLUSTER,
    "status": "green",
    "timed_out": False,
    "number_of_nodes": 1,
    "number_of_data_nodes": 1,
    "active_primary_shards": 1,
    "active_shards": 1,
    "unassigned_shards": 0,
    "active_shards_percent_as_number": 100.0,
}
XPACK = {"build": {}, "license": {"type": "basic", "mode": "basic", "status": "active"}, "features": {}}
_ACKNOWLEDGED = {"acknowledged": True}
# (path, what is read there): asked before the first document, and of no meaning here.
_SETUP = (
    "/_ilm/policy/{name}",
    "/_index_template/{name}",
    "/_template/{name}",
    "/_component_template/{name}",
    "/_ingest/pipeline/{name}",
    "/_data_stream/{name}",
    "/_alias/{name}",
)


async def hello(_: Request) -> Response:
    """What stands at GET /: of the product's own port and prefix, because the root here is the UI's."""
    return _json(HELLO)


def routes(door: LogDoor, zone: Callable[[], tzinfo] = lambda: UTC) -> list[Endpoint]:
    """Under /elasticsearch, and at the root what begins with an underscore and is nobody else's."""
    receiver = ElasticsearchReceiver(door, zone)
    made: list[Endpoint] = []

    def add(methods: str, path: str, handler: Handler, *, at_root: bool = True) -> None:
        made.extend(Endpoint(one, path, handler, Access.PUSH, PREFIX, at_root) for one in methods.split())

    add("GET", "/", hello, at_root=False)
    add("POST PUT", "/_bulk", receiver.bulk)
    add("POST PUT", "/{index}/_bulk", receiver.bulk, at_root=False)
    add("POST", "/{index}/_doc", receiver.document, at_root=False)
    add("POST PUT", "/{index}/_doc/{id}", receiver.document, at_root=False)
    add("POST PUT", "/{index}/_create/{id}", receiver.document, at_root=False)
    add("GET", "/_license", _says(LICENSE))
    add("GET", "/_xpack", _says(XPACK))
    add("GET", "/_cluster/health", _says(HEALTH))
    add("GET", "/_nodes/http", _says({"_nodes": {"total": 1}, "cluster_name": _CLUSTER, "nodes": {}}))
    for path in _SETUP:
        add("GET", path, _says({}))
        add("PUT POST", path, _says(_ACKNOWLEDGED))
    # An index is there when somebody asks: Logstash looks before it writes.
    add("GET", "/{index}", _says({}), at_root=False)
    add("PUT", "/{index}", _says(_ACKNOWLEDGED), at_root=False)
    return made
