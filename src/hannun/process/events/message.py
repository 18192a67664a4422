"""The log message of an event: the template, its parameters and what they make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hannun.process.events.limits import DATA, MESSAGE
from hannun.process.events.plain import shortened
from hannun.process.events.remarks import INVALID, Remarks
from hannun.process.events.shapes import Shape, as_text, written_text

LOGENTRY = Shape("Logentry", {"message": written_text(MESSAGE), "formatted": written_text(MESSAGE)}, {"params": DATA})
_PERCENT = re.compile(r"%(?:\((?P<name>[^()]{1,128})\))?[-+ #0]{0,4}\d{0,4}(?:\.\d{1,4})?(?P<kind>[a-zA-Z%])")
_BRACES = re.compile(r"\{(?P<name>[\w.\-]{0,128})(?:![rsa])?(?::[^{}]{0,32})?\}")


def read_logentry(raw: Any, remarks: Remarks) -> dict[str, Any] | None:
    """`{"message", "params", "formatted"}` of a string or an object; None when it says nothing.

    `formatted` always stands there; `message` only when it is a template that differs from it.
    """
    if isinstance(raw, dict):
        kept = dict(LOGENTRY.read(raw, "logentry", remarks))
    elif (written := raw if isinstance(raw, str) else as_text(raw)) is not None:
        kept = LOGENTRY.read({"formatted": written}, "logentry", remarks)
    else:
        if raw is not None:
            remarks.add(INVALID, "logentry", "expected a message", raw)
        return None
    template = kept.get("message")
    if not kept.get("formatted"):
        if not template:
            return None
        kept["formatted"] = shortened(_formatted(template, kept.get("params")), MESSAGE)
    if template is not None and (not template or template == kept["formatted"]):
        del kept["message"]
    return kept


def _formatted(template: str, params: Any) -> str:
    """`template` with its parameters, in Python's `%s` or `{}` style; as it is where they do not go together."""
    if not params:
        return template
    if "%" in template:
        return _filled(_PERCENT, template, params)
    return _filled(_BRACES, template, params) if "{" in template else template


def _filled(pattern: re.Pattern[str], template: str, params: Any) -> str:
    named: Mapping[str, Any] = params if isinstance(params, dict) else {}
    listed: list[Any] = params if isinstance(params, list) else []
    taken = 0
    room = MESSAGE

    def fill(match: re.Match[str]) -> str:
        nonlocal taken, room
        name = match["name"]
        if match.groupdict().get("kind") == "%":
            return "%"
        if name and name in named:
            value = named[name]
        elif name and name.isdecimal() and int(name) < len(listed):
            value = listed[int(name)]
        elif not name and taken < len(listed):
            value = listed[taken]
            taken += 1
        else:
            return match[0]
        # A template of thousands of places with one long value must not become megabytes.
        written = shortened(_shown(value), max(room, 0))
        room -= len(written)
        return written

    return pattern.sub(fill, template)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    written = as_text(value)
    return str(value) if written is None else written
