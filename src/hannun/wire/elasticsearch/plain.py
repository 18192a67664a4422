"""Elasticsearch's bulk body -> columns: pairs of lines, an action and its document.

Which labels name the stream is our choice, because Elasticsearch has none: service, environment, host and namespace out
of ECS's, Kubernetes' and Docker's fields; everything else becomes metadata with dotted names. The message stays a line;
a document without one is a line as a whole. Clients match the items of the answer by position, so each action has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from typing import Any

import orjson

from hannun.model.errors import WireError
from hannun.wire.loki.columns import ColumnsBuilder, PushColumns
from hannun.wire.loki.limits import PushLimits
from hannun.wire.plain_logs import of_value

SALT = b"elastic"
ACTIONS = ("index", "create", "update", "delete")
DOCUMENT_BYTES_MAX = 16 << 20
DEPTH_MAX = 16
PAIRS_MAX = 120
"""Fields of one document that become metadata; Loki's limit is 128 pairs a line."""
MESSAGES = ("message", "msg", "log", "event.original", "MESSAGE", "body")
TIMES = ("@timestamp", "timestamp", "time", "date", "ts")
LABELS = (
    ("service_name", ("service.name", "service", "kubernetes.labels.app", "kubernetes.container.name",
                      "kubernetes.container_name", "container.name", "docker.container.name", "container_name",
                      "program", "syslog.appname", "agent.type")),
    ("environment", ("service.environment", "environment", "deployment.environment", "env")),
    ("host", ("host.name", "host.hostname", "hostname", "host", "kubernetes.node.name", "kubernetes.host")),
    ("namespace", ("kubernetes.namespace", "kubernetes.namespace_name")),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One action; many documents may share it."""

    action: str
    index: str
    id: str
    error: str = ""
    """Why the document cannot be read: `mapper_parsing_exception` to Elasticsearch's clients."""


@dataclass(frozen=True, slots=True, eq=False)
class Bulk:
    """`lines`: of every item its position in the columns, -1 when nothing is to be stored."""

    columns: PushColumns
    items: list[Item]
    lines: list[int]


def decode_bulk(
    body: bytes, *, now_ns: int, index: str = "", zone: tzinfo = UTC, limits: PushLimits | None = None
) -> Bulk:
    """`index`: of the path. Raises WireError where Elasticsearch refuses the body, TooLarge for too many lines."""
    most = limits or PushLimits()
    built = ColumnsBuilder(SALT)
    items: list[Item] = []
    positions: list[int] = []
    pairs = 0
    lines = _lines(body)
    for number, line in lines:
        most.check_lines(len(items) + 1)
        item = action_of(line, number, index)
        items.append(item)
        positions.append(-1)
        if item.action == "delete":
            items[-1] = replace(item, error="documents are not deleted here: logs leave by retention")
            continue
        found = next(lines, None)
        if found is None:
            raise WireError("The bulk request must be terminated by a newline [\\n]")
        try:
            document: Any = document_of(found[1])
            if item.action == "update":
                document = document.get("doc") or document.get("upsert")
                if not isinstance(document, dict):
                    raise WireError("failed to parse: an update has an object named doc or upsert")
            pairs += add(built, document, item.index, now_ns, zone)
        except WireError as err:
            items[-1] = replace(item, error=str(err))
            continue
        most.check_pairs(pairs)
        positions[-1] = len(built) - 1
    if not items:
        raise WireError("request body is required")
    return Bulk(built.columns(), items, positions)


def decode_document(body: bytes, *, now_ns: int, index: str, id_: str = "", zone: tzinfo = UTC) -> Bulk:
    """One document, as POST /{index}/_doc sends it. Raises WireError."""
    built = ColumnsBuilder(SALT)
    add(built, document_of(body), index, now_ns, zone)
    return Bulk(built.columns(), [Item("index", index, id_)], [0])


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of every line that is not blank."""
    start, number = 0, 0
    while start < len(body):
        end = body.find(b"\n", start)
        end = len(body) if end < 0 else end
        number += 1
        line = body[start:end]
        start = end + 1
        if line.strip():
            yield number, line


def action_of(line: bytes, number: int, index: str) -> Item:
    """What the line of an action says; `number` is for the words of the WireError that it raises."""
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError as err:
        raise WireError(f"Malformed action/metadata line [{number}], expected START_OBJECT: {str(err)[:80]}") from err
    name = next(iter(found), None) if isinstance(found, dict) else None
    if name not in ACTIONS or len(found) != 1 or not isinstance(found[name], dict | None):
        raise WireError(
            f"Malformed action/metadata line [{number}], expected one of [create, delete, index, update] and found "
            f"[{str(name)[:40]}]"
        )
    told = found[name] or {}
    return Item(name, str(told.get("_index") or index)[:255], str(told.get("_id") or "")[:512])


def document_of(line: bytes) -> dict[str, Any]:
    """Raises WireError."""
    if len(line) > DOCUMENT_BYTES_MAX:
        raise WireError(f"a document of {len(line)} bytes; at most {DOCUMENT_BYTES_MAX} are taken")
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            found = orjson.loads(line.decode("utf-8", "replace"))
        except orjson.JSONDecodeError as err:
            raise WireError(f"failed to parse: {str(err)[:100]}") from err
    if not isinstance(found, dict):
        raise WireError("failed to parse: a document is an object")
    return found


def add(built: ColumnsBuilder, document: dict[str, Any], index: str, now_ns: int, zone: tzinfo) -> int:
    """The document as a line of `built`; how many pairs of metadata it has. Raises WireError."""
    fields = dict(_flat(document))
    time_ns = next((found for name in TIMES if (found := of_value(fields.get(name), zone)) is not None), None)
    labels: dict[str, str] = {"index": index} if index else {}
    used: set[str] = set()
    for label, names in LABELS:
        for name in names:
            value = fields.get(name)
            if isinstance(value, str) and value and len(value) <= 1_000:
                labels[label] = value
                used.add(name)
                break
    message = next((name for name in MESSAGES if isinstance(fields.get(name), str)), None)
    line = str(fields[message]) if message else _dumped(document)
    pairs: list[tuple[bytes, bytes]] = []
    for name, value in fields.items():
        if name == message or name in used or name in TIMES[:1] or value is None or message is None:
            continue
        if len(pairs) < PAIRS_MAX:
            pairs.append((name.encode("utf-8", "replace"), _text(value).encode("utf-8", "replace")))
    built.of(sorted(labels.items()))
    built.line(now_ns if time_ns is None else time_ns, line.encode("utf-8", "replace"), pairs)
    return len(pairs)


def _flat(found: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and depth < DEPTH_MAX:
            yield from _flat(value, f"{name}.", depth + 1)
        else:
            yield name, value


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return _dumped(value)


def _dumped(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as err:
        # It reads a thousand levels and writes 254.
        raise WireError("failed to parse: a document that is nested too deep") from err
