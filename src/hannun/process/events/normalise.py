"""One event of any SDK -> the one form of this house, in Sentry's own names (§6 of what SDKs send).

Nothing is refused but a payload that is no object: what is of the wrong type is left out, what is too large is trimmed,
and `errors` says so. Values that senders put in freely (contexts, extra, locals) are kept, whatever they are.
Normalising what is normalised changes nothing, so a payload may be read again when its source map arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hannun.model.errors import WireError
from hannun.process.events.breadcrumbs import read_breadcrumbs
from hannun.process.events.contexts import read_contexts, with_agent
from hannun.process.events.exceptions import read_exceptions
from hannun.process.events.facts import EventFacts
from hannun.process.events.ids import event_id, new_id
from hannun.process.events.legacy import modern
from hannun.process.events.levels import level_word
from hannun.process.events.limits import (
    CULPRIT,
    DATA,
    ERRORS,
    EXTRA,
    FINGERPRINT,
    META,
    MODULES,
    NAME,
    REPORT,
    SYMBOL,
    TAG,
)
from hannun.process.events.message import read_logentry
from hannun.process.events.meta import read_debug_meta, read_modules, read_sdk
from hannun.process.events.moments import drift_ms, read_timestamp
from hannun.process.events.plain import writable
from hannun.process.events.releases import DEFAULT_ENVIRONMENT, read_dist, read_environment, read_release
from hannun.process.events.remarks import INVALID, UNKNOWN, Remarks
from hannun.process.events.request import read_request
from hannun.process.events.shapes import Field, text, texts
from hannun.process.events.stacktrace import read_stacktrace
from hannun.process.events.tags import read_tags
from hannun.process.events.threads import read_threads
from hannun.process.events.user import read_user, with_address

REPORTS = {"csp": "csp", "expectct": "expect-ct", "expectstaple": "expect-staple", "hpkp": "hpkp", "nel": "nel"}
"""What browsers report by themselves: the attribute that holds it and the event's type."""
_TEXTS: dict[str, Field] = {
    "platform": text(64),
    "logger": text(NAME),
    "transaction": text(SYMBOL),
    "server_name": text(NAME),
    "release": text(NAME),
    "dist": text(NAME),
    "environment": text(NAME),
    "checksum": text(NAME),
    "culprit": text(CULPRIT),
    "type": text(64),
    "site": text(NAME),
    "main_exception_id": text(32),
}
_TREES = {"extra": EXTRA, "_meta": META, "template": DATA, "transaction_info": DATA, "query": DATA, "device": DATA}
_READ_ELSEWHERE = frozenset({"event_id", "timestamp", "level", "errors", "received"})
_DROPPED = frozenset(
    {"project", "key_id", "time_spent", "start_timestamp", "spans", "version", "measurements", "breakdowns"}
)
"""Old or of other items; nothing of an error is lost with them."""
_PLATFORMS = {
    "js": "javascript",
    "python3": "python",
    "py": "python",
    "c#": "csharp",
    "dotnet": "csharp",
    "golang": "go",
}


def normalise(raw: Mapping[str, Any], facts: EventFacts) -> dict[str, Any]:
    """`raw` trimmed, typed and complete. Raises WireError only when it is no JSON object."""
    if not isinstance(raw, Mapping):
        raise WireError("Sentry event: expected a JSON object", 'like {"exception": {"values": […]}}')
    remarks = Remarks()
    told = modern(writable(raw if type(raw) is dict else dict(raw)))
    event: dict[str, Any] = {"event_id": event_id(facts.event_id) or event_id(told.get("event_id")) or new_id()}
    event["timestamp"] = read_timestamp(told.get("timestamp"), facts, remarks)
    event["received"] = facts.received_ms / 1000
    for name, field in _TEXTS.items():
        if name in told and (value := field.read(told[name], name, remarks)) is not None and (value := value.strip()):
            event[name] = value
    platform = event["platform"] = _platform(event.get("platform", ""))
    shift_s = drift_ms(facts) / 1000
    for name, read in _PARTS.items():
        if name in told and (value := read(told[name], platform, shift_s, remarks)):
            event[name] = value
    for name, tree in _TREES.items():
        if name in told and (value := tree.read(told[name], name, remarks)) not in (None, {}, [], ""):
            event[name] = value
    for name in REPORTS:
        if isinstance(told.get(name), dict):
            event[name] = REPORT.read(told[name], name, remarks)
    if "sdk" not in event and facts.client and (client := read_sdk(facts.client, remarks)):
        event["sdk"] = client
    _names_of_deploy(event, remarks)
    event["level"] = _level(told, event, remarks)
    event["type"] = _type(event)
    user = with_address(event.get("user", {}), event, facts)
    if user:
        event["user"] = user
    else:
        event.pop("user", None)
    if contexts := with_agent(event, facts):
        event["contexts"] = contexts
    _say_what_is_unknown(told, remarks)
    earlier = ERRORS.read(told["errors"], "errors", remarks) if "errors" in told else None
    if errors := remarks.told(earlier):
        event["errors"] = errors
    return event


Part = Callable[[Any, str, float, Remarks], Any]
"""Value, platform, by how many seconds times are moved, where remarks go -> what is kept; nothing: it is left out."""


def _values(read: Any) -> dict[str, Any] | None:
    return {"values": read} if read else None


_FINGERPRINT = texts(NAME, FINGERPRINT)


def _fingerprint(raw: Any, platform: str, shift_s: float, remarks: Remarks) -> list[str] | None:
    if isinstance(raw, str):
        raw = [raw]
    read: list[str] = _FINGERPRINT.read(raw, "fingerprint", remarks) or []
    kept = [one for one in read if one]
    return kept if kept != ["{{ default }}"] else None


_PARTS: dict[str, Part] = {
    "logentry": lambda raw, platform, shift_s, remarks: read_logentry(raw, remarks),
    "exception": lambda raw, platform, shift_s, remarks: _values(read_exceptions(raw, platform, remarks)),
    "stacktrace": lambda raw, platform, shift_s, remarks: read_stacktrace(raw, "stacktrace", platform, remarks),
    "threads": lambda raw, platform, shift_s, remarks: _values(read_threads(raw, platform, remarks)),
    "breadcrumbs": lambda raw, platform, shift_s, remarks: _values(read_breadcrumbs(raw, shift_s, remarks)),
    "request": lambda raw, platform, shift_s, remarks: read_request(raw, remarks),
    "user": lambda raw, platform, shift_s, remarks: read_user(raw, remarks),
    "tags": lambda raw, platform, shift_s, remarks: read_tags(raw, remarks),
    "contexts": lambda raw, platform, shift_s, remarks: read_contexts(raw, remarks),
    "fingerprint": _fingerprint,
    "modules": lambda raw, platform, shift_s, remarks: read_modules(raw, MODULES, remarks),
    "debug_meta": lambda raw, platform, shift_s, remarks: read_debug_meta(raw, remarks),
    "sdk": lambda raw, platform, shift_s, remarks: read_sdk(raw, remarks),
}


def _platform(told: str) -> str:
    lowered = told.lower()
    return _PLATFORMS.get(lowered, lowered) or "other"


def _names_of_deploy(event: dict[str, Any], remarks: Remarks) -> None:
    """Release, distribution, environment and server, which old SDKs send as tags."""
    tags = event.get("tags", {})
    for name in ("release", "dist", "environment", "server_name"):
        if name not in event and (tagged := tags.get(name) or tags.get(f"sentry:{name}")):
            event[name] = tagged
    for name, read in (("release", read_release), ("dist", read_dist)):
        if name in event and (value := read(event.pop(name), remarks)) != "":
            event[name] = value
    event["environment"] = read_environment(event.get("environment", DEFAULT_ENVIRONMENT), remarks)


def _level(told: Mapping[str, Any], event: Mapping[str, Any], remarks: Remarks) -> str:
    raw = told.get("level")
    if raw is None:
        raw = event.get("tags", {}).get("level")
    if (word := level_word(raw)) is not None:
        return word
    if raw is not None:
        remarks.add(INVALID, "level", "expected fatal, error, warning, info or debug; error is used", raw)
    return "error"


def _type(event: dict[str, Any]) -> str:
    """What the event is about: the report that it holds, `feedback`, `monitor`, or an error (a message is one)."""
    for name, kind in REPORTS.items():
        if name in event:
            return kind
    said = event.get("type", "")
    if said == "feedback" or (said in ("", "default") and "feedback" in event.get("contexts", {})):
        return "feedback"
    return "monitor" if said == "monitor" else "error"


_KNOWN = frozenset({*_TEXTS, *_TREES, *_PARTS, *REPORTS, *_READ_ELSEWHERE, *_DROPPED})


def _say_what_is_unknown(told: Mapping[str, Any], remarks: Remarks) -> None:
    for name in told:
        if name not in _KNOWN:
            remarks.add(UNKNOWN, name[:TAG], "unknown attribute was left out")
