"""Reports of browsers about a page's security policy: one issue for each thing that a policy blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

LOCAL = "'self'"
REPORTS = (("csp", "csp"), ("expectct", "expect-ct"), ("expectstaple", "expect-staple"), ("hpkp", "hpkp"))
"""(key in the event, its word)."""


def report_of(event: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """(which report, values), or None."""
    for key, word in REPORTS:
        report = event.get(key)
        if isinstance(report, Mapping):
            values = _csp(report) if key == "csp" else (word, str(report.get("hostname") or ""))
            return word, tuple([value for value in values if value])
    return None


def _csp(report: Mapping[str, Any]) -> tuple[str, ...]:
    violated = str(report.get("violated_directive") or "")
    directive = str(report.get("effective_directive") or "") or violated.partition(" ")[0]
    blocked = blocked_uri(str(report.get("blocked_uri") or ""), str(report.get("document_uri") or ""))
    if directive == "script-src" and blocked == LOCAL:
        for kind in ("unsafe-inline", "unsafe-eval"):
            if f"'{kind}'" in violated:
                return directive, f"'{kind}'"
    return directive, blocked


def blocked_uri(value: str, document: str) -> str:
    """`https://cdn.example.com/a.js` -> `cdn.example.com`, `data:…` -> `data:`, the page's own host -> `'self'`."""
    if value in ("", "self", LOCAL):
        return LOCAL
    if ":" not in value:
        return value
    try:
        parts, page = urlsplit(value), urlsplit(document)
    except ValueError:
        return value
    if parts.scheme in ("http", "https", "ws", "wss", ""):
        host = parts.netloc or parts.path
        return LOCAL if host and host == page.netloc else host
    return f"{parts.scheme}:" if not parts.netloc else f"{parts.scheme}://{parts.netloc}"
