"""The default scrubbing, as Sentry's server does it when a project has said nothing (§11), and IP addresses.

A value under a sensitive name becomes `[Filtered]`, a value that speaks of a secret as well; of messages, tags and
URLs only the part that matches, for they are what an issue is known by. Source lines, paths and debug images stay.
One expression is searched in the JSON of all that might be hidden: only the places that it names are looked at.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from hannun.model.project import ProjectOptions
from hannun.process.scrubbing.fields import COOKIES, Fields, fields_of
from hannun.process.scrubbing.pii.apply import applied
from hannun.process.scrubbing.pii.config import pii_of
from hannun.process.scrubbing.places import Path, replaced
from hannun.process.scrubbing.safe import spared
from hannun.process.scrubbing.values import EMAIL, FILTERED, IPV4, IPV6, without_parts

Event = dict[str, Any]
Scrub = Callable[[Any, str, Fields], Any]
"""A value, the name it stands under -> what may be stored; the same object when nothing is to hide."""
Unit = tuple[Path, Scrub, Any]
"""One place that may hold a secret: where, how it is scrubbed, what stands there."""


def scrubbed(event: Event, options: ProjectOptions) -> Event:
    """A normalised event with what `options` hide made unreadable. The event itself is left as it is."""
    if (fields := fields_of(options)) is not None:
        event = _by_defaults(event, fields)
    if options.scrub_data and options.pii_config and (rules := pii_of(options.pii_config)) is not None:
        event = applied(event, rules)
    return event


def _by_defaults(event: Event, fields: Fields) -> Event:
    if fields.ips:
        event = _without_known_ips(event)
    changes: list[tuple[Path, Any]] = []
    for path, scrub, value in (*_hot(list(_units(event)), fields), *_always(event)):
        now = scrub(value, str(path[-1]), fields)
        if now is not value and fields.safe_places is not None:
            now = spared(value, now, path, fields.safe_places, event)
        if now is not value:
            changes.append((path, now))
    return replaced(event, changes)


def _hot(units: list[Unit], fields: Fields) -> Iterator[Unit]:
    """Those units in whose JSON something might be to hide, found by one search over all."""
    if fields.hot is None:
        return
    written = [orjson.dumps(value) for _, _, value in units]
    ends: list[int] = []
    end = 0
    for one in written:
        end += len(one) + 1
        ends.append(end)
    text = b"\n".join(written)
    at = 0
    while (match := fields.hot.search(text, at)) is not None:
        which = bisect_right(ends, match.start())
        yield units[which]
        at = ends[which]
        if at >= len(text):
            return


def _units(event: Event) -> Iterator[Unit]:
    for at, exception in enumerate((event.get("exception") or {}).get("values") or ()):
        path: Path = ("exception", "values", at)
        if (value := exception.get("value")) is not None:
            yield (*path, "value"), _parts, value
        mechanism = exception.get("mechanism") or {}
        for key in ("data", "meta"):
            if key in mechanism:
                yield (*path, "mechanism", key), _tree, mechanism[key]
        yield from _locals(exception, path)
    for at, thread in enumerate((event.get("threads") or {}).get("values") or ()):
        yield from _locals(thread, ("threads", "values", at))
    if "stacktrace" in event:
        yield from _locals(event, ())
    for at, crumb in enumerate((event.get("breadcrumbs") or {}).get("values") or ()):
        yield ("breadcrumbs", "values", at), _crumb, crumb
    for name, how in _REQUEST.items():
        if (part := (event.get("request") or {}).get(name)) is not None:
            yield ("request", name), how, part
    if (params := (event.get("logentry") or {}).get("params")) is not None:
        yield ("logentry", "params"), _tree, params
    for name, how in _WHOLE.items():
        if name in event:
            yield (name,), how, event[name]


def _always(event: Event) -> Iterator[Unit]:
    """Messages, whose e-mail addresses are hidden as well, and cookies, whose names no search for words knows."""
    logentry = event.get("logentry") or {}
    for key in ("formatted", "message"):
        if key in logentry:
            yield ("logentry", key), _message, logentry[key]
    if (cookies := (event.get("request") or {}).get("cookies")) is not None:
        yield ("request", "cookies"), _pairs, cookies


def _locals(holder: Event, path: Path) -> Iterator[Unit]:
    for key in ("stacktrace", "raw_stacktrace"):
        for at, frame in enumerate((holder.get(key) or {}).get("frames") or ()):
            if "vars" in frame:
                yield (*path, key, "frames", at, "vars"), _tree, frame["vars"]


def _tree(value: Any, name: str, fields: Fields) -> Any:
    if fields.sensitive(name):
        return _hidden(value)
    if isinstance(value, str):
        return _text(value, name, fields)
    if isinstance(value, dict):
        if fields.safe and name.lower() in fields.safe:
            return value
        return _changed(
            value, {key: now for key, item in value.items() if (now := _tree(item, key, fields)) is not item}
        )
    if isinstance(value, list):
        now = [_tree(item, name, fields) for item in value]
        return now if any(one is not item for one, item in zip(now, value, strict=True)) else value
    return value


def _changed(value: Event, changes: Event) -> Event:
    return {**value, **changes} if changes else value


def _hidden(value: Any) -> Any:
    # Whether a password is there at all, or a switch is on, tells nobody what it is.
    return value if value is None or isinstance(value, bool) or value in ("", [], {}) else FILTERED


def _text(value: str, name: str, fields: Fields) -> str:
    if fields.safe and name.lower() in fields.safe:
        return value
    if _URL.fullmatch(value):
        return _url(value, name, fields)
    if fields.tells(value):
        return FILTERED
    left: str = _parts(value, name, fields)
    return left


_URL = re.compile(r"[a-zA-Z][\w+.\-]{0,31}://\S+|/[^\s?]{0,1024}\?\S+=\S*", re.ASCII)
_PARAMETER = re.compile(r"(?<=[?&;#])([^=&;#?\s]{1,256})=([^&;#\s]+)")


def _url(value: str, name: str, fields: Fields) -> str:
    """A URL keeps its way; what is hidden is the password in it, and parameters that are sensitive by their name."""

    def without(match: re.Match[str]) -> str:
        return f"{match[1]}={FILTERED}" if fields.sensitive(match[1]) else match[0]

    scrubbed_value: str = _parts(_PARAMETER.sub(without, value) if "=" in value else value, name, fields)
    return value if scrubbed_value == value else scrubbed_value


def _parts(value: Any, name: str, fields: Fields) -> Any:
    if not isinstance(value, str):
        return value
    now = without_parts(value) if fields.parts else value
    if fields.ips:
        now = IPV6.hidden(IPV4.hidden(now, _ip), _ip)
    return value if now == value else now


def _ip(found: str) -> str:
    return "[ip]"


def _email(found: str) -> str:
    return "[email]"


def _message(value: Any, name: str, fields: Fields) -> Any:
    now = _parts(value, name, fields)
    return EMAIL.hidden(now, _email) if fields.parts and isinstance(now, str) and "@" in now else now


def _tags(tags: dict[str, str], name: str, fields: Fields) -> dict[str, str]:
    changes: Event = {}
    for key, value in tags.items():
        now = _hidden(value) if fields.sensitive(key) else _url(value, key, fields)
        if now is not value:
            changes[key] = now
    return _changed(tags, changes)


def _crumb(crumb: Event, name: str, fields: Fields) -> Event:
    changes = {
        key: now
        for key, how in (("message", _text), ("data", _tree))
        if key in crumb and (now := how(crumb[key], key, fields)) is not crumb[key]
    }
    return _changed(crumb, changes)


def _contexts(contexts: Event, name: str, fields: Fields) -> Event:
    changes: Event = {}
    for key, context in contexts.items():
        # What a visitor wrote is what the inbox is for: "I forgot my password" stays to be read.
        if key == "feedback" and isinstance(context, dict):
            now = _changed(
                context, {k: new for k, old in context.items() if (new := _parts(old, k, fields)) is not old}
            )
        else:
            now = _tree(context, key, fields)
        if now is not context:
            changes[key] = now
    return _changed(contexts, changes)


def _remarks(remarks: list[Event], name: str, fields: Fields) -> list[Event]:
    """Remarks quote what stood in the event."""
    kept: list[Event] = []
    for remark in remarks:
        value = remark.get("value")
        path = str(remark.get("name", ""))
        quoted = _tree(value, path.rpartition(".")[2], fields)
        kept.append(remark if quoted is value else {**remark, "value": quoted})
    return kept if any(now is not was for now, was in zip(kept, remarks, strict=True)) else remarks


def _pairs(pairs: list[list[str]], name: str, fields: Fields) -> list[list[str]]:
    now = [_pair(pair, fields, cookies=name == "cookies") for pair in pairs]
    return now if any(one is not pair for one, pair in zip(now, pairs, strict=True)) else pairs


def _pair(pair: list[str], fields: Fields, *, cookies: bool) -> list[str]:
    key, value = pair
    if key == "User-Agent":
        return pair
    if fields.sensitive(key) or (
        cookies and fields.parts and key.lower() in COOKIES and key.lower() not in fields.safe
    ):
        now = _hidden(value)
    else:
        now = _text(value, key, fields)
    return pair if now == value else [key, now]


_REQUEST: dict[str, Scrub] = {
    "url": _text,
    "query_string": _pairs,
    "headers": _pairs,
    "data": _tree,
    "env": _tree,
    "fragment": _text,
}


_WHOLE: dict[str, Scrub] = {
    "contexts": _contexts,
    "user": _tree,
    "extra": _tree,
    "tags": _tags,
    "transaction": _url,
    "errors": _remarks,
    "csp": _tree,
    "nel": _tree,
    "template": _tree,
    "query": _tree,
}


def _without_known_ips(event: Event) -> Event:
    """Fields that hold nothing but an address are left out whole."""
    changed = dict(event)
    if "ip_address" in (user := event.get("user") or {}):
        changed["user"] = {key: item for key, item in user.items() if key != "ip_address"}
        if not changed["user"]:
            del changed["user"]
    request = event.get("request") or {}
    if isinstance(env := request.get("env"), dict) and "REMOTE_ADDR" in env:
        changed["request"] = {**request, "env": {key: item for key, item in env.items() if key != "REMOTE_ADDR"}}
    return changed
