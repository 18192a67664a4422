"""What browsers report of broken security policies -> events in Sentry's own form.

CSP (`csp-report` and the Reporting API), Expect-CT, Expect-Staple and HPKP. Member names come with dashes or in camel
case and leave with underscores, as Sentry keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from hannun.model.errors import TooLarge, WireError
from hannun.wire.sentry import fields
from hannun.wire.sentry.jsons import Payload, load

REPORTS_MAX = 100
URI_LENGTH_MAX = 2_048
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_RENAMED = {"document_url": "document_uri", "blocked_url": "blocked_uri", "sample": "script_sample"}
_WRAPPED = {"csp-report": "csp", "expect-ct-report": "expectct", "expect-staple-report": "expectstaple"}
_BLOCKED = {
    "child-src": "'child' source from", "connect-src": "'connect' from", "default-src": "'default' source from",
    "font-src": "'font' from", "form-action": "'form' action to", "frame-ancestors": "'frame-ancestors' from",
    "frame-src": "'frame' from", "img-src": "'image' from", "manifest-src": "'manifest' from",
    "media-src": "'media' from", "object-src": "'object' from", "plugin-types": "'plugin' from",
    "prefetch-src": "'prefetch' from", "script-src": "'script' from", "script-src-attr": "'script' attribute from",
    "script-src-elem": "'script' from", "style-src": "'style' from", "style-src-attr": "'style' attribute from",
    "style-src-elem": "'style' from", "worker-src": "'worker' from",
}  # fmt: skip
_LOCAL = frozenset({"", "self", "'self'"})


@dataclass(frozen=True, slots=True)
class Told:
    """What the address and the request say beside the report."""

    release: str = ""
    environment: str = ""
    user_agent: str = ""


def decode(payload: Payload, told: Told) -> list[dict[str, Any] | None]:
    """One event for each report; None for one of a kind that says nothing of security (a deprecation, a crash).

    Raises WireError when there is no report, TooLarge for more than `REPORTS_MAX`.
    """
    found = load(payload, "security report")
    if isinstance(found, list):
        if len(found) > REPORTS_MAX:
            raise TooLarge(f"security report: {len(found)} reports; at most {REPORTS_MAX} are taken")
        return [_of_reporting(one, told) for one in fields.objects(found)]
    if not isinstance(found, dict):
        raise WireError("security report: expected a JSON object")
    if "body" in found and isinstance(found.get("type"), str):
        return [_of_reporting(found, told)]
    for name, kind in _WRAPPED.items():
        if isinstance(report := found.get(name), dict):
            return [_event(kind, report, told)]
    if "known-pins" in found or "noted-hostname" in found:
        return [_event("hpkp", found, told)]
    raise WireError(
        "security report: expected csp-report, expect-ct-report, expect-staple-report, or a list of reports"
    )


def _of_reporting(found: Mapping[str, Any], told: Told) -> dict[str, Any] | None:
    if found.get("type") != "csp-violation":
        return None
    body = dict(fields.mapping(found.get("body")))
    if "documentURL" not in body and isinstance(found.get("url"), str):
        body["documentURL"] = found["url"]
    agent = fields.text(found, "user_agent", 1_024) or told.user_agent
    return _event("csp", body, Told(told.release, told.environment, agent))


def _event(kind: str, report: Mapping[str, Any], told: Told) -> dict[str, Any]:
    plain = {_RENAMED.get(name, name): value for name, value in ((_snake(key), one) for key, one in report.items())}
    event: dict[str, Any] = {"type": kind, "platform": "other", "logger": kind if kind == "csp" else "", kind: plain}
    if told.release:
        event["release"] = told.release
    if told.environment:
        event["environment"] = told.environment
    return event | (_csp(plain, told) if kind == "csp" else _certificate(kind, plain, told))


def _csp(report: dict[str, Any], told: Told) -> dict[str, Any]:
    directive = (fields.text(report, "effective_directive") or fields.text(report, "violated_directive")).split(" ")[0]
    report["effective_directive"] = directive
    blocked = fields.text(report, "blocked_uri", URI_LENGTH_MAX)
    document = fields.text(report, "document_uri", URI_LENGTH_MAX)
    headers = [["User-Agent", told.user_agent]] if told.user_agent else []
    if referrer := fields.text(report, "referrer", URI_LENGTH_MAX):
        headers.append(["Referer", referrer])
    tags = {"effective-directive": directive, "blocked-uri": blocked}
    return {
        "logentry": {"formatted": csp_message(directive, blocked, document)},
        "culprit": fields.text(report, "violated_directive") or directive,
        "request": {"url": document, "headers": headers},
        "tags": {name: value for name, value in tags.items() if value},
        "user": {"ip_address": "{{auto}}"},
    }


def csp_message(directive: str, blocked: str, document: str = "") -> str:
    """`Blocked 'script' from 'evil.example'`, as Sentry words it."""
    what = _BLOCKED.get(directive, f"'{directive}' from" if directive else "content from")
    if directive.startswith(("script-src", "style-src")) and blocked in (
        "inline",
        "eval",
        "wasm-eval",
        "unsafe-inline",
    ):
        kind = "script" if directive.startswith("script-src") else "style"
        return f"Blocked unsafe {'inline' if 'inline' in blocked else 'eval()'} '{kind}'"
    if blocked in _LOCAL or (_host(blocked) and _host(blocked) == _host(document)):
        return f"Blocked {what} 'self'"
    return f"Blocked {what} '{_host(blocked) or blocked[:200]}'"


def _certificate(kind: str, report: Mapping[str, Any], told: Told) -> dict[str, Any]:
    hostname = fields.text(report, "hostname")
    port = fields.whole(report.get("port"), 65_535)
    said = {"expectct": "Expect-CT failed for", "expectstaple": "Expect-Staple failed for"}.get(
        kind, "Public key pinning validation failed for"
    )
    headers = [["User-Agent", told.user_agent]] if told.user_agent else []
    return {
        "logentry": {"formatted": f"{said} '{hostname}'"},
        "culprit": hostname,
        "request": {"url": f"https://{hostname}" + (f":{port}" if port not in (None, 443) else ""), "headers": headers},
        "tags": {name: value for name, value in {"hostname": hostname, "port": str(port or "")}.items() if value},
        "user": {"ip_address": "{{auto}}"},
    }


def _host(uri: str) -> str:
    try:
        return urlsplit(uri).hostname or ""
    except ValueError:
        return ""


def _snake(name: str) -> str:
    """`blocked-uri` and `blockedURL` -> `blocked_uri` and `blocked_url`."""
    return _CAMEL.sub(r"_\1", name.replace("URL", "Url")).replace("-", "_").lower()
