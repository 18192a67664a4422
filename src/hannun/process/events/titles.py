"""What an event is called (title) and where it comes from (culprit), each one line, as Sentry says them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from hannun.process.events.limits import CULPRIT, TITLE_VALUE
from hannun.process.events.plain import shortened

UNLABELED = "<unlabeled event>"
TITLE_CHARACTERS_MAX = 2 * TITLE_VALUE
_JAVASCRIPT = ("javascript", "node")


def one_line(text: str, longest: int) -> str:
    """The first line of `text` that says something, without control characters."""
    line = next((line for line in text[: 16 * longest].splitlines() if line.strip()), "")
    if not line.isprintable():
        line = "".join(sign if sign.isprintable() else " " for sign in line)
    return shortened(line.strip(), longest)


def main_exception(event: Mapping[str, Any], which: int) -> Mapping[str, Any] | None:
    """The exception that names the issue: `which` of them, else the last."""
    values: list[Mapping[str, Any]] = (event.get("exception") or {}).get("values") or []
    if not values:
        return None
    chosen: Mapping[str, Any] = values[which if 0 <= which < len(values) else -1]
    return chosen


def title_of(event: Mapping[str, Any], which: int = -1) -> str:
    if directive := _report_title(event):
        return one_line(directive, TITLE_CHARACTERS_MAX)
    if event.get("type") == "feedback":
        feedback = (event.get("contexts") or {}).get("feedback")
        said = feedback.get("message", "") if isinstance(feedback, dict) else ""
        return one_line(f"User Feedback: {said}" if isinstance(said, str) and said else "User Feedback", TITLE_VALUE)
    if (exception := main_exception(event, which)) is not None:
        value = one_line(exception.get("value") or "", TITLE_VALUE)
        kind = one_line(exception.get("type") or "", TITLE_VALUE)
        if kind:
            return f"{kind}: {value}" if value else kind
        if value and not event.get("logentry"):
            return value
        if not value and (frame := blamed_frame(event, which)) and (function := frame.get("function")):
            return one_line(function, TITLE_VALUE)
    if logentry := event.get("logentry"):
        formatted = logentry.get("formatted")
        if line := one_line(formatted if isinstance(formatted, str) else "", TITLE_VALUE):
            return line
    return UNLABELED


def stacktrace_of(event: Mapping[str, Any], which: int = -1) -> Mapping[str, Any] | None:
    """The stack trace to look at: of the main exception, of the thread that crashed, or the event's own."""
    exception = main_exception(event, which)
    if exception is not None and (stack := exception.get("stacktrace")):
        return stack  # type: ignore[no-any-return]
    for key in ("crashed", "current", "main"):
        for thread in (event.get("threads") or {}).get("values") or ():
            if thread.get(key) and (stack := thread.get("stacktrace")):
                return stack  # type: ignore[no-any-return]
    threads: list[Mapping[str, Any]] = (event.get("threads") or {}).get("values") or []
    if len(threads) == 1 and (stack := threads[0].get("stacktrace")):
        return stack  # type: ignore[no-any-return]
    own: Mapping[str, Any] | None = event.get("stacktrace")
    return own


def blamed_frame(event: Mapping[str, Any], which: int = -1) -> Mapping[str, Any] | None:
    """The newest frame of the application, else the newest of all."""
    stack = stacktrace_of(event, which)
    frames: list[Mapping[str, Any]] = [frame for frame in (stack or {}).get("frames") or () if frame]
    if not frames:
        return None
    return next((frame for frame in reversed(frames) if frame.get("in_app")), frames[-1])


def culprit_of(event: Mapping[str, Any], which: int = -1) -> str:
    """`transaction` if there is one, else the frame to blame, else what the sender said."""
    if report := _report_culprit(event):
        return one_line(report, CULPRIT)
    if transaction := event.get("transaction"):
        return one_line(transaction, CULPRIT)
    if told := event.get("culprit"):
        return one_line(told, CULPRIT)
    frame = blamed_frame(event, which)
    return one_line(_where(frame, event.get("platform", "")), CULPRIT) if frame else ""


def _where(frame: Mapping[str, Any], platform: str) -> str:
    place = frame.get("module") or frame.get("filename") or frame.get("abs_path") or ""
    function = frame.get("function") or ""
    if (frame.get("platform") or platform) in _JAVASCRIPT:
        return f"{function or '?'}({place or '?'})" if function or place else ""
    if place and function:
        return f"{place} in {function}"
    return place or function


_DIRECTIVES = {
    "base-uri": "base", "child-src": "child", "connect-src": "connect", "default-src": "resource", "font-src": "font",
    "form-action": "form action", "frame-ancestors": "frame ancestor", "frame-src": "frame", "img-src": "image",
    "manifest-src": "manifest", "media-src": "media", "object-src": "object", "plugin-types": "plugin type",
    "prefetch-src": "prefetch", "script-src": "script", "script-src-elem": "script",
    "script-src-attr": "script attribute",
    "style-src": "style", "style-src-elem": "style", "style-src-attr": "style attribute", "worker-src": "worker",
    "trusted-types": "trusted type", "require-trusted-types-for": "trusted type",
}  # fmt: skip


def _report_title(event: Mapping[str, Any]) -> str:
    if (csp := event.get("csp")) is not None:
        directive = _directive(csp)
        kind = _DIRECTIVES.get(directive, directive or "resource")
        blocked = _said(csp, "blocked_uri", "blocked-uri", "blockedURL")
        if blocked in ("inline", "eval", "wasm-eval", "self", "trusted-types-policy", "trusted-types-sink"):
            return f"Blocked {blocked} '{kind}'" if blocked != "self" else f"Blocked '{kind}' from 'self'"
        host = _host(blocked)
        return f"Blocked '{kind}' from '{host}'" if host else f"Blocked '{kind}'"
    for name, words in (("expectct", "Expect-CT"), ("expectstaple", "Expect-Staple"), ("hpkp", "Public key pinning")):
        if (report := event.get(name)) is not None:
            return f"{words} failed for '{_said(report, 'hostname') or 'unknown host'}'"
    if (report := event.get("nel")) is not None:
        body = report.get("body")
        return f"Network error: {_said(body if isinstance(body, dict) else report, 'type', 'ty') or 'unknown'}"
    return ""


def _report_culprit(event: Mapping[str, Any]) -> str:
    if (csp := event.get("csp")) is not None:
        return _directive(csp)
    for name in ("expectct", "expectstaple", "hpkp"):
        if (report := event.get(name)) is not None:
            return _said(report, "hostname")
    return ""


def _directive(csp: Mapping[str, Any]) -> str:
    said = _said(csp, "effective_directive", "effective-directive", "effectiveDirective") or _said(
        csp, "violated_directive", "violated-directive", "violatedDirective"
    )
    return said.split(None, 1)[0] if said.strip() else ""


def _said(report: Mapping[str, Any], *names: str) -> str:
    for name in names:
        if isinstance(value := report.get(name), str) and value:
            return value
    return ""


def _host(uri: str) -> str:
    if "://" not in uri:
        return uri.rstrip(":")
    try:
        return urlsplit(uri).netloc or uri
    except ValueError:
        return uri
