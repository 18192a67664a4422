"""One function per inbound filter, in the order in which they are asked; each has Sentry's word as its reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

from hannun.model.project import InboundFilters
from hannun.process.events.request import header
from hannun.process.inbound.browsers import is_extension, is_extension_uri, is_legacy
from hannun.process.inbound.globs import matches
from hannun.process.useragent import parse

Event = Mapping[str, Any]
Judge = Callable[[Event, InboundFilters], bool]

_FILTERS: list[tuple[str, Judge]] = []


def _filter(reason: str) -> Callable[[Judge], Judge]:
    def register(judge: Judge) -> Judge:
        assert all(known != reason for known, _ in _FILTERS), f"{reason} is judged twice"
        _FILTERS.append((reason, judge))
        return judge

    return register


def filtered(event: Event, filters: InboundFilters) -> str:
    """The reason for which a normalised event is dropped, or ""."""
    for reason, judge in _FILTERS:
        if judge(event, filters):
            return reason
    return ""


@_filter("ip-address")
def ip(event: Event, filters: InboundFilters) -> bool:
    told = (event.get("user") or {}).get("ip_address", "")
    if not filters.ip_addresses or not told:
        return False
    address = ip_address(told)
    return any(address in network for network in _networks(filters.ip_addresses) if network.version == address.version)


@lru_cache(maxsize=256)
def _networks(told: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    found = []
    for one in told:
        try:
            found.append(ip_network(one.strip(), strict=False))
        except ValueError:
            # The settings page refuses what is no address; a leftover of an older one matches nothing.
            continue
    return tuple(found)


@_filter("release-version")
def release(event: Event, filters: InboundFilters) -> bool:
    return matches(filters.releases, event.get("release", ""))


@_filter("web-crawlers")
def crawler(event: Event, filters: InboundFilters) -> bool:
    if not filters.web_crawlers or not (agent := _agent(event)):
        return False
    return parse(agent).bot and not _WELCOME.search(agent)


_WELCOME = re.compile(r"(?i)slackbot[\s/]\d|headlesschrome|lighthouse|ptst|whatsapp/\d[\d.]+ [ia]")
"""Slack's own client, test browsers and WhatsApp's app on a phone find real errors; Sentry lets them in too."""


@_filter("localhost")
def localhost(event: Event, filters: InboundFilters) -> bool:
    if not filters.localhost:
        return False
    if (event.get("user") or {}).get("ip_address", "") in ("127.0.0.1", "::1"):
        return True
    url = (event.get("request") or {}).get("url", "")
    if url.startswith("file://"):
        return True
    try:
        host = (urlsplit(url).hostname or "") if "://" in url else url.partition("/")[0].partition(":")[0]
    except ValueError:
        return False
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")


@_filter("browser-extensions")
def extension(event: Event, filters: InboundFilters) -> bool:
    if not filters.browser_extensions or event.get("platform") != "javascript":
        return False
    exception = _last_exception(event)
    frames = (exception.get("stacktrace") or {}).get("frames") or []
    return is_extension(exception.get("value") or "", frames)


@_filter("legacy-browsers")
def legacy(event: Event, filters: InboundFilters) -> bool:
    return bool(filters.legacy_browsers) and is_legacy(parse(_agent(event)), filters.legacy_browsers)


@_filter("react-hydration-errors")
def hydration(event: Event, filters: InboundFilters) -> bool:
    if not filters.react_hydration or event.get("platform") != "javascript":
        return False
    return _HYDRATION.search((_last_exception(event).get("value") or "")[:2048]) is not None


_HYDRATION = re.compile(
    r"(?i)minified react error #(?:418|419|421|422|423|425)\b|/errors/(?:418|419|421|422|423|425)\b|"
    r"hydration failed because the (?:initial ui|server rendered)|there was an error while hydrating|"
    r"text content does not match server-rendered html|hydration text content mismatch|"
    r"this suspense boundary received an update before it finished hydrating"
)


@_filter("chunk-load-error")
def chunk_load(event: Event, filters: InboundFilters) -> bool:
    if not filters.chunk_load_error or event.get("platform") != "javascript":
        return False
    exception = _last_exception(event)
    value = exception.get("value") or ""
    return (exception.get("type") == "ChunkLoadError" and value.startswith("Loading chunk")) or (
        "ChunkLoadError" in value and "Loading chunk" in value
    )


@_filter("filtered-transaction")
def health_check(event: Event, filters: InboundFilters) -> bool:
    """Sentry asks this of transactions only; an event of a health check that failed is news."""
    if not filters.health_checks or event.get("type") != "transaction":
        return False
    return is_health_check(event.get("transaction", ""))


_HEALTH_CHECK = re.compile(
    r"(?i)(?:^|.*[/ ])(?:healthcheck|health[-_]check|heartbeat|healthz?|livez?|readyz?|liveness|readiness|ping|up|"
    r"_health|_healthz)(?:/)?$|healthcheck|heartbeat|/health/(?:live|ready|check)/?$"
)


def is_health_check(transaction: str) -> bool:
    """Whether a transaction only asks if somebody is there; also for those who take transactions."""
    return _HEALTH_CHECK.search(transaction[:512]) is not None


@_filter("error-message")
def error_message(event: Event, filters: InboundFilters) -> bool:
    if not filters.error_messages:
        return False
    return any(matches(filters.error_messages, text) for text in _messages(event))


@_filter("invalid-csp")
def csp(event: Event, filters: InboundFilters) -> bool:
    report = event.get("csp")
    if report is None:
        return False
    for names in (("blocked_uri", "blocked-uri", "blockedURL"), ("source_file", "source-file", "sourceFile")):
        uri = next((report[name] for name in names if isinstance(report.get(name), str)), "")
        if uri and (("-extension" in uri[:32] and is_extension_uri(uri)) or matches(filters.csp_sources, uri)):
            return True
    return False


REASONS = tuple(reason for reason, _ in _FILTERS)


def _messages(event: Event) -> list[str]:
    """What a message glob is held against: the log message, and each exception as `Type: value`."""
    logentry = event.get("logentry") or {}
    found = [text for key in ("formatted", "message") if isinstance(text := logentry.get(key), str)]
    for exception in (event.get("exception") or {}).get("values") or ():
        kind, value = exception.get("type") or "", exception.get("value") or ""
        found.append(f"{kind}: {value}" if kind and value else kind or value)
        if value:
            found.append(value)
    return found


def _last_exception(event: Event) -> Mapping[str, Any]:
    values = (event.get("exception") or {}).get("values") or ()
    return values[-1] if values else {}


def _agent(event: Event) -> str:
    return header(event, "User-Agent")
