"""Contexts by name. One that is no object (`set_context("user_id", 7)` of older SDKs) is kept as the value it is."""

from __future__ import annotations

import re
from typing import Any

from hannun.process.events.facts import EventFacts
from hannun.process.events.limits import CONTEXT, CONTEXTS, NAME
from hannun.process.events.plain import shortened
from hannun.process.events.remarks import INVALID, TOO_MANY, Remarks
from hannun.process.events.request import header
from hannun.process.useragent import parse

_HEX = re.compile(r"[0-9a-f]+")


def read_contexts(raw: Any, remarks: Remarks) -> dict[str, Any]:
    """Every context within its bounds; ids of the trace in lower hex, or not at all."""
    if not isinstance(raw, dict):
        if raw is not None:
            remarks.add(INVALID, "contexts", "expected an object", raw)
        return {}
    # `set_context("user_id", None)` says that nobody was logged in, which is worth showing.
    items = list(raw.items())
    if len(items) > CONTEXTS:
        remarks.add(TOO_MANY, "contexts", f"kept the first {CONTEXTS} of {len(items)}")
        items = items[:CONTEXTS]
    kept: dict[str, Any] = {}
    for name, value in items:
        read = None if value is None else CONTEXT.read(value, f"contexts.{name}", remarks)
        if name == "trace" and isinstance(read, dict):
            read = _trace(read, remarks)
        kept[shortened(name, NAME)] = read
    return kept


def _trace(trace: dict[str, Any], remarks: Remarks) -> dict[str, Any]:
    kept = dict(trace)
    for key, digits in (("trace_id", 32), ("span_id", 16), ("parent_span_id", 16)):
        if (value := kept.get(key)) is None:
            kept.pop(key, None)
            continue
        lowered = value.lower().replace("-", "") if isinstance(value, str) else ""
        if len(lowered) == digits and _HEX.fullmatch(lowered) and lowered.strip("0"):
            kept[key] = lowered
        else:
            remarks.add(INVALID, f"contexts.trace.{key}", f"expected {digits} hex digits", value)
            del kept[key]
    return kept


def with_agent(event: dict[str, Any], facts: EventFacts) -> dict[str, Any]:
    """Contexts with the browser, system and device that the request's User-Agent tells. What the SDK said wins.

    The system of a server's visitor is `client_os`: `os` would read as the server's own.
    """
    contexts: dict[str, Any] = event.get("contexts", {})
    in_browser = event.get("platform") == "javascript"
    agent = header(event, "User-Agent")
    if not agent and in_browser and facts.user_agent.startswith("Mozilla/"):
        agent = facts.user_agent
    if not agent:
        return contexts
    seen = parse(agent)
    added: dict[str, Any] = {}
    if seen.browser and "browser" not in contexts:
        added["browser"] = _named("browser", seen.browser, seen.browser_version)
    system = "os" if in_browser else "client_os"
    if seen.os and system not in contexts:
        added[system] = _named(system.removeprefix("client_"), seen.os, seen.os_version)
    if seen.device and "device" not in contexts:
        device = {"type": "device", "family": seen.device, "model": seen.model, "brand": seen.brand}
        added["device"] = {key: item for key, item in device.items() if item}
    return {**contexts, **added} if added else contexts


def _named(kind: str, name: str, version: str) -> dict[str, str]:
    return {"type": kind, "name": name, "version": version} if version else {"type": kind, "name": name}
