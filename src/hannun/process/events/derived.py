"""Tags that the server adds to the sender's own, so that events can be searched and counted by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hannun.model.event import EventUser
from hannun.process.events.limits import TAG
from hannun.process.events.plain import shortened
from hannun.process.events.titles import main_exception

RESERVED = frozenset(
    {"release", "dist", "environment", "level", "user", "transaction", "sentry:release", "sentry:user"}
)
"""Keys whose value is the event's own; what a sender tagged so was read as that."""


def tags_of(event: Mapping[str, Any], user: EventUser, release: str, which: int = -1) -> dict[str, str]:
    """The sender's tags first, then the derived ones; a sender's own `url` or `browser` wins."""
    tags = {key: value for key, value in event.get("tags", {}).items() if key not in RESERVED}
    contexts = event.get("contexts") or {}
    derived: dict[str, Any] = {
        "level": event.get("level"),
        "environment": event.get("environment"),
        "release": release,
        "dist": event.get("dist"),
        "transaction": event.get("transaction"),
        "server_name": event.get("server_name"),
        "logger": event.get("logger"),
        "user": user.key,
        "url": (event.get("request") or {}).get("url"),
        "replayId": _named(contexts, "replay", "replay_id"),
        "device": _named(contexts, "device", "model") or _named(contexts, "device", "family"),
        "device.family": _named(contexts, "device", "family"),
    }
    for name in ("browser", "os", "client_os", "runtime"):
        product, version = _named(contexts, name, "name"), _named(contexts, name, "version")
        if product:
            derived[name] = f"{product} {version}".rstrip()
            derived[f"{name}.name"] = product
    if (exception := main_exception(event, which)) is not None and (mechanism := exception.get("mechanism")):
        derived["mechanism"] = mechanism.get("type")
        if (handled := handled_of(event)) is not None:
            derived["handled"] = "yes" if handled else "no"
    for key, value in derived.items():
        if value and isinstance(value, str) and key not in tags:
            tags[key] = shortened(value.replace("\n", " "), TAG)
    return tags


def handled_of(event: Mapping[str, Any]) -> bool | None:
    """False as soon as one of the exceptions was not caught; None when none of them says."""
    told = [
        handled
        for value in (event.get("exception") or {}).get("values") or ()
        if (handled := (value.get("mechanism") or {}).get("handled")) is not None
    ]
    return all(told) if told else None


def _named(contexts: Mapping[str, Any], name: str, key: str) -> str:
    context = contexts.get(name)
    value = context.get(key) if isinstance(context, dict) else None
    return value if isinstance(value, str) else ""
