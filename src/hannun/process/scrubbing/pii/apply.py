"""Applies advanced rules to a normalised event: every place is held against every selector."""

from __future__ import annotations

from typing import Any

from hannun.process.scrubbing.pii.config import Application, PiiRules
from hannun.process.scrubbing.pii.selectors import Steps, matches

_NEVER = frozenset({
    "event_id", "timestamp", "received", "platform", "level", "type", "errors", "_meta", "environment", "sdk",
})  # fmt: skip
"""Of the event: what it could not be found by, or would not be an event without."""
_ONLY_BY_NAME = frozenset({
    "filename", "abs_path", "function", "module", "package", "context_line", "pre_context", "post_context",
    "debug_meta", "modules", "release", "dist", "transaction", "logger", "fingerprint", "raw_function", "category",
    "trace_id", "span_id", "parent_span_id", "instruction_addr", "image_addr", "symbol_addr",
})  # fmt: skip
"""Fields that grouping and source maps read: a rule hides them only when its selector says so."""
_TYPED: dict[tuple[str, ...], str] = {
    ("request",): "request",
    ("user",): "user",
    ("logentry",): "logentry",
    ("sdk",): "sdk",
    ("exception", "values", "*"): "exception",
    ("threads", "values", "*"): "thread",
    ("breadcrumbs", "values", "*"): "breadcrumb",
}
_PAIRS = frozenset({"headers", "cookies", "query_string"})
_GONE = object()


def applied(event: dict[str, Any], rules: PiiRules) -> dict[str, Any]:
    """`event` with the rules applied; the event itself is left as it is."""
    kept: dict[str, Any] = {}
    root: Steps = (("", frozenset({"event", "object"})),)
    for name, value in event.items():
        now = value if name in _NEVER else _walk(value, (name,), root, rules.applications, name in _ONLY_BY_NAME)
        if now is not _GONE:
            kept[name] = now
    return kept


def _walk(value: Any, path: tuple[str, ...], above: Steps, applications: tuple[Application, ...], by_name: bool) -> Any:
    name = path[-1]
    steps = (*above, (name, types_of(value, path)))
    if value is None or isinstance(value, bool):
        return value
    for application in applications:
        if (by_name and not application.specific) or not matches(application.selector, _without_root(steps)):
            continue
        for rule in application.rules:
            now = rule.text(value, name) if isinstance(value, str) else rule.container(value, name)
            if now is None:
                return _GONE
            if type(now) is not type(value):
                return now
            value = now
    if isinstance(value, dict):
        return _mapping(value, path, steps, applications, by_name)
    if isinstance(value, list):
        if name in _PAIRS and path[0] == "request":
            return _pairs(value, path, steps, applications)
        kept = (_walk(item, (*path, str(at)), steps, applications, by_name) for at, item in enumerate(value))
        return [None if one is _GONE else one for one in kept]
    return value


def _mapping(
    value: dict[str, Any], path: tuple[str, ...], steps: Steps, applications: tuple[Application, ...], by_name: bool
) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    free = "vars" in path or path[0] in ("extra", "tags", "user") or "data" in path
    for key, item in value.items():
        now = _walk(item, (*path, key), steps, applications, by_name or (not free and key in _ONLY_BY_NAME))
        if now is not _GONE:
            kept[key] = now
    return kept


def _pairs(
    pairs: list[list[str]], path: tuple[str, ...], steps: Steps, applications: tuple[Application, ...]
) -> list[list[str]]:
    """Headers and the like: the name of a pair is the step by which its value is reached."""
    kept: list[list[str]] = []
    for key, value in pairs:
        now = _walk(value, (*path, key), steps, applications, False)
        kept.append([key, "" if now is _GONE else now if isinstance(now, str) else str(now)])
    return kept


def _without_root(steps: Steps) -> Steps:
    return steps[1:] if len(steps) > 1 else steps


def types_of(value: Any, path: tuple[str, ...]) -> frozenset[str]:
    """The types that a selector may name of `value`, which stands at `path` from the event."""
    plain = _PLAIN.get(type(value), "string")
    if plain != "object":
        return _ONLY[plain]
    above = tuple("*" if part.isdecimal() else part for part in path) if len(path) <= 3 else ()
    if (kind := _TYPED.get(above)) is not None:
        return frozenset({kind, "object"})
    if path[-1] in ("stacktrace", "raw_stacktrace") and "vars" not in path:
        return frozenset({"stacktrace", "object"})
    if len(path) >= 3 and path[-2] == "frames" and path[-3] in ("stacktrace", "raw_stacktrace"):
        return frozenset({"frame", "object"})
    return _ONLY["object"]


_PLAIN = {str: "string", int: "number", float: "number", dict: "object", list: "array"}
_ONLY = {name: frozenset({name}) for name in ("string", "number", "object", "array")}
