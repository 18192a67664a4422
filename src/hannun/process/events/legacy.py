"""How raven and the first SDKs named things -> the names of today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = {
    "sentry.interfaces.Exception": "exception",
    "sentry.interfaces.Stacktrace": "stacktrace",
    "sentry.interfaces.Message": "logentry",
    "sentry.interfaces.Http": "request",
    "sentry.interfaces.User": "user",
    "sentry.interfaces.Query": "query",
    "sentry.interfaces.Template": "template",
    "sentry.interfaces.Breadcrumbs": "breadcrumbs",
    "sentry.interfaces.Contexts": "contexts",
    "sentry.interfaces.Threads": "threads",
    "sentry.interfaces.Csp": "csp",
    "sentry.interfaces.DebugMeta": "debug_meta",
    "debugmeta": "debug_meta",
    "http": "request",
    "sentry.interfaces.Device": "device",
    "expect-ct": "expectct",
    "expect-staple": "expectstaple",
}


def modern(raw: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` under today's names; a name of today that is there as well wins. Nulls are left out."""
    named = {key: value for key, value in raw.items() if value is not None}
    for old, new in _NAMES.items():
        if old in named and old != new:
            value = named.pop(old)
            named.setdefault(new, value)
    message = named.get("message")
    if message is not None:
        named.pop("message")
        logentry = named.get("logentry")
        if logentry is None:
            named["logentry"] = message
        elif isinstance(logentry, dict) and not logentry.get("message") and not logentry.get("formatted"):
            named["logentry"] = {**logentry, "formatted": message} if isinstance(message, str) else message
    return named
