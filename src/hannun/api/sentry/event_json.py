"""One event as Sentry's JSON: the payload cut into `entries`, its keys in camel case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson

from hannun.api.sentry.answers import iso
from hannun.model.issue import Issue, StoredEvent

Values = Mapping[str, Any]
_FRAME = {
    "filename": "filename",
    "absPath": "abs_path",
    "module": "module",
    "package": "package",
    "platform": "platform",
    "instructionAddr": "instruction_addr",
    "symbolAddr": "symbol_addr",
    "function": "function",
    "rawFunction": "raw_function",
    "symbol": "symbol",
    "lineNo": "lineno",
    "colNo": "colno",
    "inApp": "in_app",
    "trust": "trust",
    "vars": "vars",
    "lock": "lock",
}


def event_json(event: StoredEvent, issue: Issue | None, project_slug: str) -> dict[str, Any]:
    """`issue` None where only lists are told."""
    payload = read(event.payload)
    user = _dict(payload.get("user"))
    return {
        "id": event.id,
        "eventID": event.id,
        "groupID": str(event.issue),
        "projectID": str(event.project),
        "projectSlug": project_slug,
        "title": _text(payload.get("title")) or (issue.title if issue is not None else ""),
        "message": _message(payload),
        "culprit": _text(payload.get("culprit")) or (issue.culprit if issue is not None else ""),
        "location": payload.get("location"),
        "platform": _text(payload.get("platform")) or "other",
        "type": "error" if payload.get("exception") else "default",
        "size": len(event.payload),
        "dist": payload.get("dist"),
        "entries": entries(payload),
        "contexts": _dict(payload.get("contexts")),
        "context": _dict(payload.get("extra")),
        "packages": _dict(payload.get("modules")),
        "tags": tags_json(event.tags),
        "user": user_json(user) if user else None,
        "sdk": _dict(payload.get("sdk")) or None,
        "release": _release(payload),
        "dateCreated": iso(event.ts_ms),
        "dateReceived": iso(event.received_ms),
        "metadata": _dict(payload.get("metadata")),
        "fingerprints": list(_list(payload.get("fingerprint"))),
        "groupingConfig": {"id": "hannun"},
        "errors": list(_list(payload.get("errors"))),
        "previousEventID": event.previous_id or None,
        "nextEventID": event.next_id or None,
        "occurrence": None,
        "crashFile": None,
        "userReport": None,
        "_meta": {},
    }


def row_json(event: StoredEvent, issue: Issue | None, project_slug: str) -> dict[str, Any]:
    """As lists tell it: without entries and contexts."""
    whole = event_json(event, issue, project_slug)
    names = (
        "id", "eventID", "groupID", "projectID", "title", "message", "culprit", "location", "platform", "tags", "user",
        "dateCreated", "crashFile",
    )  # fmt: skip
    return {"event.type": whole["type"]} | {name: whole[name] for name in names}


def read(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def entries(payload: Values) -> list[dict[str, Any]]:
    """In Sentry's order; only those that the event has."""
    return [{"type": kind, "data": data} for kind, make in _ENTRIES if (data := make(payload))]


def tags_json(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]


def user_json(user: Values) -> dict[str, Any]:
    told = {"id", "email", "username", "ip_address", "name", "geo", "data"}
    more = {**_dict(user.get("data")), **{key: value for key, value in user.items() if key not in told}}
    return {
        "id": user.get("id"),
        "email": user.get("email"),
        "username": user.get("username"),
        "ip_address": user.get("ip_address"),
        "name": user.get("name"),
        "geo": user.get("geo"),
        "data": more or None,
    }


def _exception(payload: Values) -> dict[str, Any] | None:
    values = [one for one in _list(_dict(payload.get("exception")).get("values")) if isinstance(one, Mapping)]
    if not values:
        return None
    shown = [
        {
            "type": one.get("type"),
            "value": one.get("value"),
            "mechanism": one.get("mechanism"),
            "threadId": one.get("thread_id"),
            "module": one.get("module"),
            "stacktrace": _stack(one.get("stacktrace")),
            "rawStacktrace": _stack(one.get("raw_stacktrace")),
        }
        for one in values
    ]
    return {
        "values": shown,
        "hasSystemFrames": any(_has_system(one["stacktrace"]) for one in shown),
        "excOmitted": None,
    }


def _threads(payload: Values) -> dict[str, Any] | None:
    values = [one for one in _list(_dict(payload.get("threads")).get("values")) if isinstance(one, Mapping)]
    shown = [
        {
            "id": one.get("id"),
            "name": one.get("name"),
            "crashed": one.get("crashed"),
            "current": one.get("current"),
            "state": one.get("state"),
            "stacktrace": _stack(one.get("stacktrace")),
            "rawStacktrace": _stack(one.get("raw_stacktrace")),
        }
        for one in values
    ]
    return {"values": shown} if shown else None


def _breadcrumbs(payload: Values) -> dict[str, Any] | None:
    said = payload.get("breadcrumbs")
    values = _list(said.get("values") if isinstance(said, Mapping) else said)
    shown = [
        {
            "type": one.get("type") or "default",
            "timestamp": _iso(one.get("timestamp")),
            "level": one.get("level") or "info",
            "message": one.get("message"),
            "category": one.get("category"),
            "data": one.get("data"),
            "event_id": one.get("event_id"),
        }
        for one in values
        if isinstance(one, Mapping)
    ]
    return {"values": shown} if shown else None


def _request(payload: Values) -> dict[str, Any] | None:
    said = _dict(payload.get("request"))
    if not said:
        return None
    return {
        "method": said.get("method"),
        "url": said.get("url"),
        "query": _pairs(said.get("query_string")),
        "fragment": said.get("fragment"),
        "data": said.get("data"),
        "headers": _pairs(said.get("headers")),
        "cookies": _pairs(said.get("cookies")),
        "env": said.get("env"),
        "inferredContentType": said.get("inferred_content_type"),
        "apiTarget": said.get("api_target"),
    }


def _log_entry(payload: Values) -> dict[str, Any] | None:
    said = _dict(payload.get("logentry"))
    formatted = said.get("formatted") or said.get("message")
    if not formatted:
        return None
    return {"formatted": formatted, "message": said.get("message"), "params": said.get("params")}


def _bare_stack(payload: Values) -> dict[str, Any] | None:
    return _stack(payload.get("stacktrace"))


def _images(payload: Values) -> dict[str, Any] | None:
    said = _dict(payload.get("debug_meta"))
    return dict(said) if said.get("images") else None


def _csp(payload: Values) -> dict[str, Any] | None:
    return dict(_dict(payload.get("csp"))) or None


_ENTRIES: tuple[tuple[str, Callable[[Values], dict[str, Any] | None]], ...] = (
    ("message", _log_entry),
    ("exception", _exception),
    ("stacktrace", _bare_stack),
    ("threads", _threads),
    ("csp", _csp),
    ("breadcrumbs", _breadcrumbs),
    ("request", _request),
    ("debugmeta", _images),
)


def _stack(said: object) -> dict[str, Any] | None:
    frames = [one for one in _list(_dict(said).get("frames")) if isinstance(one, Mapping)]
    if not frames:
        return None
    shown = [_frame(one) for one in frames]
    return {
        "frames": shown,
        "framesOmitted": _dict(said).get("frames_omitted"),
        "registers": _dict(said).get("registers"),
        "hasSystemFrames": any(not one["inApp"] for one in shown),
    }


def _frame(said: Values) -> dict[str, Any]:
    shown = {name: said.get(key) for name, key in _FRAME.items()}
    shown["inApp"] = bool(shown["inApp"])
    shown["context"] = _context(said)
    shown["errors"] = None
    return shown


def _context(said: Values) -> list[list[Any]]:
    """[[line number, line], …] around the line of the frame."""
    line, number = said.get("context_line"), said.get("lineno")
    if line is None or not isinstance(number, int):
        return []
    before, after = _list(said.get("pre_context")), _list(said.get("post_context"))
    lines = [*before, line, *after]
    return [[number - len(before) + at, text] for at, text in enumerate(lines)]


def _has_system(stack: Values | None) -> bool:
    return stack is not None and bool(stack["hasSystemFrames"])


def _release(payload: Values) -> dict[str, Any] | None:
    version = _text(payload.get("release"))
    return {"version": version, "shortVersion": version.rpartition("@")[2]} if version else None


def _message(payload: Values) -> str:
    said = _dict(payload.get("logentry"))
    return _text(said.get("formatted")) or _text(said.get("message")) or _text(payload.get("message"))


def _pairs(said: object) -> list[list[Any]]:
    """[[name, value], …] of a mapping, of pairs, or of a query as one text."""
    if isinstance(said, str):
        try:
            return [list(pair) for pair in parse_qsl(said, keep_blank_values=True, max_num_fields=1_000)]
        except ValueError:
            return [[said, ""]]
    if isinstance(said, Mapping):
        return [[name, value] for name, value in said.items()]
    return [list(one) for one in _list(said) if isinstance(one, list | tuple) and len(one) == 2]


def _iso(said: object) -> object:
    """Breadcrumbs are timed in Unix seconds or as text already."""
    return iso(round(said * 1000)) if isinstance(said, int | float) and abs(said) < 1e11 else said


def _dict(said: object) -> Values:
    return said if isinstance(said, Mapping) else {}


def _list(said: object) -> Sequence[Any]:
    return said if isinstance(said, list | tuple) else ()


def _text(said: object) -> str:
    return said if isinstance(said, str) else ""
