"""What Logs Drilldown asks: detected_labels, detected_fields, their values, and patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hannun.api.form import Form
from hannun.api.loki import parameters
from hannun.api.loki.answers import bare, json, success
from hannun.api.loki.backend import Backend, both_ways
from hannun.model.budget import Budget
from hannun.model.errors import BadQuery, NotFound
from hannun.model.http import Endpoint
from hannun.model.log import LogStream
from hannun.query.logql.durations import parse_duration_ns
from hannun.query.logql.found import FoundLine, Lines
from hannun.query.logql.parser import parse_log_query
from hannun.query.logql.printer import show
from hannun.query.logql.stages.pipeline import Pipeline
from hannun.query.logql.syntax import Json, Logfmt, LogQuery
from hannun.query.promql.literal import go_parse_float

FIELDS_MAX, LINES_DEFAULT, VALUES_MAX = 1_000, 100, 10_000
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_INT = re.compile(r"[+-]?[0-9]{1,18}")
_BYTES = re.compile(r"[0-9.]+ ?(?:[kKMGTPE]i?B|B)")
_NOT_A_NAME = re.compile(r"[^a-zA-Z0-9_]")
_DEPTH_MAX = 64


@dataclass(slots=True)
class Field:
    values: set[str] = field(default_factory=set)
    kind: str = ""
    parsers: set[str] = field(default_factory=set)
    path: tuple[str, ...] = ()

    def add(self, value: str, parser: str) -> None:
        if len(self.values) < VALUES_MAX:
            self.values.add(value)
        if not self.kind:
            self.kind = kind_of(value)
        if parser:
            self.parsers.add(parser)


def kind_of(value: str) -> str:
    """What a value looks like; the first value of a field decides for it, as in Loki."""
    if _INT.fullmatch(value):
        return "int"
    if go_parse_float(value) is not None:
        return "float"
    if value.lower() in ("true", "false"):
        return "boolean"
    try:
        parse_duration_ns(value)
    except ValueError:
        return "bytes" if _BYTES.fullmatch(value) else "string"
    return "duration"


def detected_labels(streams: Iterable[LogStream]) -> list[dict[str, Any]]:
    """Labels that are worth choosing by: not those whose values are all numbers or UUIDs."""
    values: dict[str, set[str]] = {}
    for stream in streams:
        for name, value in stream.labels:
            values.setdefault(name, set()).add(value)
    return [
        {"label": name, "cardinality": len(found)}
        for name, found in sorted(values.items())
        if found <= {"0", "1"} or not all(_NUMBER.fullmatch(value) or _UUID.fullmatch(value) for value in found)
    ]


def detected_fields(lines: Iterable[FoundLine], *, parse: bool) -> dict[str, Field]:
    """Metadata and what the query parsed; lines of a query without a parser are read as JSON, else as logfmt."""
    fields: dict[str, Field] = {}
    logfmt = Pipeline((Logfmt(),))
    for line in lines:
        for labels in (line.metadata, line.parsed):
            for name, value in labels.items():
                if not name.startswith("__"):
                    fields.setdefault(name, Field()).add(value, "")
        if not parse:
            continue
        document = _json_object(line.line)
        if document is not None:
            for name, path, value in _flat(document, (), 0):
                found = fields.setdefault(name, Field())
                found.add(value, "json")
                found.path = found.path or path
            continue
        read = logfmt.run(line.line, {}, {}, line.ts_ns)
        for name, value in ({} if read is None else read.parsed).items():
            if not name.startswith("__"):
                fields.setdefault(name, Field()).add(value, "logfmt")
    return fields


def _json_object(line: str) -> Mapping[str, Any] | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        found = orjson.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _flat(
    document: Mapping[str, Any], above: tuple[str, ...], depth: int
) -> Iterable[tuple[str, tuple[str, ...], str]]:
    for key, value in document.items():
        path = (*above, key)
        if isinstance(value, dict):
            if depth < _DEPTH_MAX:
                yield from _flat(value, path, depth + 1)
        elif value is not None and not isinstance(value, list):
            name = _NOT_A_NAME.sub("_", "_".join(path))
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            yield (f"_{name}" if name[:1].isdigit() else name), path, shown


def endpoints(backend: Backend) -> list[Endpoint]:
    async def labels(request: Request) -> Response:
        form = await backend.form(request)
        asked = parameters.window(form, backend.now_ns())

        def work(budget: Budget) -> list[bytes]:
            selector = parameters.pipeline_selector(form)
            streams = backend.reader.streams((selector,) if selector else (), asked.start_ns, asked.end_ns, budget)
            found = detected_labels(streams)
            return bare({"detectedLabels": found} if found else {})

        return await backend.answer(request, work)

    async def fields(request: Request) -> Response:
        form = await backend.form(request)
        most = _most(form)

        def work(budget: Budget) -> list[bytes]:
            found = sorted(_fields(backend, form, budget).items(), key=lambda item: (-len(item[1].values), item[0]))
            rows = [
                {
                    "label": name,
                    "type": of.kind,
                    "cardinality": len(of.values),
                    "parsers": sorted(of.parsers) or None,
                    **({"jsonPath": list(of.path)} if of.path else {}),
                }
                for name, of in found[:most]
            ]
            return bare({"fields": rows, "limit": most} if rows else {"limit": most})

        return await backend.answer(request, work)

    async def values(request: Request) -> Response:
        form = await backend.form(request)
        most = _most(form)
        name = str(request.path_params["name"])

        def work(budget: Budget) -> list[bytes]:
            of = _fields(backend, form, budget).get(name)
            found = sorted(of.values)[:most] if of is not None else []
            return bare({"values": found, "limit": most} if found else {"limit": most})

        return await backend.answer(request, work)

    async def patterns(request: Request) -> Response:
        if backend.patterns is None:
            raise NotFound("")
        mined = backend.patterns
        form = await backend.form(request)
        asked = parameters.ordered(parameters.window(form, backend.now_ns()))
        step_ns = parameters.step_ns(form, asked)

        def work(budget: Budget) -> list[bytes]:
            selector = parse_log_query(form.one("query")).matchers
            found = mined.patterns(selector, asked.start_ns, asked.end_ns, step_ns, budget)
            rows = [
                {
                    "pattern": one.pattern,
                    **({"level": one.level} if one.level else {}),
                    "samples": [[ns // 1_000_000_000, count] for ns, count in one.samples],
                }
                for one in found
            ]
            return success([json(rows)])

        return await backend.answer(request, work)

    return [
        *both_ways("/loki/api/v1/detected_labels", labels),
        *both_ways("/loki/api/v1/detected_fields", fields),
        *both_ways("/loki/api/v1/detected_field/{name}/values", values),
        *both_ways("/loki/api/v1/patterns", patterns),
    ]


def _most(form: Form) -> int:
    name = "limit" if form.one("limit") else "field_limit"
    return min(parameters.limit(form, FIELDS_MAX, name=name), VALUES_MAX)


def _fields(backend: Backend, form: Form, budget: Budget) -> dict[str, Field]:
    asked = parameters.ordered(parameters.window(form, backend.now_ns()))
    entries_max = backend.engine.limits.entries_max
    lines = parameters.limit(form, LINES_DEFAULT, name="line_limit")
    query = parse_log_query(form.one("query"))
    step_ns = parameters.NS_PER_H
    found = backend.engine.range(
        show(query), asked.start_ns, asked.end_ns, step_ns, budget, limit=min(lines, entries_max or lines)
    )
    if not isinstance(found, Lines):
        raise BadQuery("only log selector is supported")
    return detected_fields(found.lines, parse=not _parses(query))


def _parses(query: LogQuery) -> bool:
    return any(isinstance(stage, Json | Logfmt) for stage in query.stages)
