"""The http prober: asks, follows redirects, judges the answer. Names and rules of blackbox_exporter's http.go."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from pathlib import Path

from hannun import __version__
from hannun.collect.http_client import BodyRoom, Lease
from hannun.collect.http_client.auth import basic_header, credentials
from hannun.collect.http_client.url import Url
from hannun.collect.probe import address, cel, certificates
from hannun.collect.probe.http_cookies import Jar
from hannun.collect.probe.http_rules import (
    broken_body_rule,
    has_body_rules,
    has_header_rules,
    headers_are_good,
    status_is_valid,
    version_is_valid,
)
from hannun.collect.probe.http_token import token_source
from hannun.collect.probe.http_trip import Moments, Reply, Trip, travel
from hannun.collect.probe.registry import Attempt, prober
from hannun.collect.probe.report import Report
from hannun.config.blackbox.model import HttpProbe
from hannun.model.errors import HannunError, TooLarge, Unsupported, WireError
from hannun.wire.compression import decompress

USER_AGENT = f"Blackbox Exporter/{__version__} (Hannun)"
"""Begins as blackbox_exporter's does, because sites let it in by that."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
REDIRECTS_MAX = 10
KEPT_BYTES_MAX = 16 << 20
"""A body that patterns are to be tried on, or that is to be decompressed, is kept up to this size."""
INLINE_BYTES = 64 << 10
SENT_BYTES_MAX = 16 << 20
PHASES = ("connect", "processing", "resolve", "tls", "transfer")
_ROOM = BodyRoom(64 << 20)
_SECRETS = frozenset({"authorization", "cookie", "www-authenticate", "cookie2"})


@dataclass(slots=True)
class _Seen:
    """What is told when the probe ends, however it ends."""

    redirects: int = 0
    trips: list[Moments] = field(default_factory=list)


@prober(HttpProbe)
async def probe(config: HttpProbe, attempt: Attempt) -> bool:
    report = attempt.report
    _declare(report, config)
    first = Url.parse(_with_scheme(attempt.target))
    target_address = ""
    # What a proxy resolves cannot be checked, so a caller who may not probe everything has it resolved here.
    if not (config.skip_resolve_phase_with_proxy and config.client.proxy.proxy_url and report.trusted):
        try:
            resolved = await address.choose(first.host, config.ip, attempt)
            target_address = resolved.text
        finally:
            lookup_s = report.value("probe_dns_lookup_time_seconds")
            report.add("probe_http_duration_seconds", lookup_s, _phase("resolve"))
    for phase in PHASES:
        report.declare("probe_http_duration_seconds", "", _phase(phase))
    seen = _Seen()
    try:
        async with contextlib.AsyncExitStack() as stack:
            reply, errored = await _follow(config, attempt, first, target_address, seen, stack)
            return await _judge(config, attempt, reply, seen, errored=errored)
    finally:
        report.set("probe_http_redirects", seen.redirects)
        _tell_phases(report, seen.trips)


def _declare(report: Report, config: HttpProbe) -> None:
    report.declare("probe_http_duration_seconds", "Duration of http request by phase, summed over all redirects")
    for name, text in (
        ("probe_http_content_length", "Length of http content response"),
        ("probe_http_uncompressed_body_length", "Length of uncompressed response body"),
        ("probe_http_redirects", "The number of redirects"),
        ("probe_http_ssl", "Indicates if SSL was used for the final redirect"),
        ("probe_http_status_code", "Response HTTP status code"),
        ("probe_http_version", "Returns the version of HTTP of the probe response"),
        ("probe_failed_due_to_regex", "Indicates if probe failed due to regex"),
    ):
        report.declare(name, text, ())
    if cel.has_rules(config):
        report.declare("probe_failed_due_to_cel", "Indicates if probe failed due to CEL expression not matching", ())


def _phase(name: str) -> tuple[tuple[str, str], ...]:
    return (("phase", name),)


def _with_scheme(target: str) -> str:
    return target if target.startswith(("http://", "https://")) else f"http://{target}"


# --- the way to the answer --------------------------------------------------------------------------------------------


async def _follow(
    config: HttpProbe,
    attempt: Attempt,
    first: Url,
    target_address: str,
    seen: _Seen,
    stack: contextlib.AsyncExitStack,
) -> tuple[Reply, bool]:
    """The last answer, its connection held open by `stack`; True beside it when a redirect was not followed."""
    report = attempt.report
    headers, host_header = await _headers(config, attempt, first)
    server_name = config.client.tls.server_name or (host_header.partition(":")[0] if host_header else first.host)
    trip = Trip(
        method=config.method,
        url=first,
        address=target_address,
        server_name=server_name,
        headers=[("Host", host_header or first.authority), *headers],
        content=config.body.encode()
        if config.body_file is None
        else await asyncio.to_thread(_content, config.body_file),
        source_address=config.ip.source_address,
    )
    jar = Jar()
    while True:
        seen.trips.append(trip.moments)
        sent = _complete(trip, jar)
        report.say("Making HTTP request", url=str(trip.url), host=dict(trip.headers)["Host"], address=trip.address)
        holding = contextlib.AsyncExitStack()
        reply = await holding.enter_async_context(travel(sent, config.client))
        location = reply.value("Location") if reply.status in REDIRECTS else ""
        if not location:
            await stack.enter_async_context(holding)
            return reply, False
        report.say("Received redirect", location=report.told(location))
        seen.redirects += 1
        if seen.redirects > REDIRECTS_MAX or not config.client.follow_redirects:
            report.say("Not following redirect")
            await stack.enter_async_context(holding)
            return reply, True
        jar.keep(trip.url, reply.values("Set-Cookie"))
        await holding.aclose()
        trip = await _next(trip, reply.status, location, config, attempt, first, target_address)


async def _next(
    trip: Trip, status: int, location: str, config: HttpProbe, attempt: Attempt, first: Url, target_address: str
) -> Trip:
    """The request after a redirect, by the rules of Go's client."""
    url = trip.url.join(location)
    method, content = trip.method, trip.content
    if status in (301, 302, 303):
        method, content = ("HEAD" if method == "HEAD" else "GET"), b""
    same = (url.host, url.port, url.scheme) == (first.host, first.port, first.scheme)
    lookup_s = 0.0
    if same or not target_address:
        where = target_address
    else:
        found = await address.again(url.host, config.ip, attempt)
        where, lookup_s = found.text, found.lookup_s
    attempt.report.add("probe_http_duration_seconds", lookup_s, _phase("resolve"))
    headers = [(name, value) for name, value in trip.headers if name.lower() not in ("host", "referer")]
    if not first.trusts(url):
        headers = [(name, value) for name, value in headers if name.lower() not in _SECRETS]
    relative = "://" not in location and not location.startswith("//")
    host = dict(trip.headers)["Host"] if relative else url.authority
    if not (trip.url.scheme == "https" and url.scheme == "http"):
        headers.append(("Referer", str(trip.url)))
    return replace(
        trip,
        method=method,
        url=url,
        address=where,
        server_name=trip.server_name if same else url.host,
        headers=[("Host", host), *headers],
        content=content,
        moments=Moments(),
    )


async def _headers(config: HttpProbe, attempt: Attempt, first: Url) -> tuple[list[tuple[str, str]], str]:
    """(headers but Host, the Host that was asked for). Reads secret files now. Raises FetchError."""
    sent = [(name, value) for name, value in config.headers.items() if name.lower() != "host"]
    host = attempt.hostname or next((value for name, value in config.headers.items() if name.lower() == "host"), "")
    shown = await credentials(config.client, token_source(config.client))
    if first.userinfo is not None and not any(name.lower() == "authorization" for name, _ in (*sent, *shown)):
        shown.append(("Authorization", basic_header(*first.userinfo)))
    sent += shown
    if not any(name.lower() == "user-agent" for name, _ in sent):
        sent.append(("User-Agent", USER_AGENT))
    return sent, host


def _complete(trip: Trip, jar: Jar) -> Trip:
    """With the headers that follow from the request itself."""
    added = [("Connection", "close")]
    if trip.content or trip.method in ("POST", "PUT", "PATCH"):
        added.append(("Content-Length", str(len(trip.content))))
    cookies = jar.header(trip.url)
    if cookies:
        added.append(("Cookie", cookies))
    mine = {name.lower() for name, _ in added}
    return replace(trip, headers=[*(pair for pair in trip.headers if pair[0].lower() not in mine), *added])


def _content(path: Path) -> bytes:
    """Raises OSError when it cannot be read, TooLarge."""
    with path.open("rb") as file:
        content = file.read(SENT_BYTES_MAX + 1)
    if len(content) > SENT_BYTES_MAX:
        raise TooLarge(f"body_file {path} is larger than {SENT_BYTES_MAX >> 20} MiB")
    return content


# --- the answer -------------------------------------------------------------------------------------------------------


async def _judge(config: HttpProbe, attempt: Attempt, reply: Reply, seen: _Seen, *, errored: bool) -> bool:
    report = attempt.report
    moments = seen.trips[-1]
    report.say("Received HTTP response", status_code=reply.status)
    # All that the head tells is told before the body is read, which may take longer than there is time.
    report.set("probe_http_status_code", reply.status)
    report.set("probe_http_content_length", _content_length(reply, config.method))
    _tell_last_modified(report, reply)
    report.set("probe_http_version", _version_number(reply.version))
    report.set("probe_http_ssl", reply.session is not None)
    success = status_is_valid(config, reply.status, report)
    if success and has_header_rules(config):
        success = headers_are_good(config, reply, report)
        report.set("probe_failed_due_to_regex", 0 if success else 1)
    try:
        success = await _body_is_good(config, attempt, reply, success=success, errored=errored)
        moments.end = time.perf_counter()
    finally:
        # After the body, because reading certificates takes time that is not the target's.
        if reply.session is not None:
            certificates.tell(report, reply.session, verified=reply.verified)
    success = version_is_valid(config, reply.version, report) and success
    if reply.session is not None and config.fail_if_ssl:
        report.fail("Final request was over SSL")
        return False
    if reply.session is None and config.fail_if_not_ssl and success:
        report.fail("Final request was not over SSL")
        return False
    return success


async def _body_is_good(config: HttpProbe, attempt: Attempt, reply: Reply, *, success: bool, errored: bool) -> bool:
    report = attempt.report
    rules = success and has_body_rules(config)
    cel_rules = success and cel.has_rules(config)
    if errored and not (rules or cel_rules):
        return success
    count = _Count()
    body = b""
    problem: Exception | None = None
    with _ROOM.lease() as lease:
        try:
            keep = rules or cel_rules
            body = await _read(config, reply, count, lease, keep=keep)
        except (HannunError, OSError, _Broken) as err:
            problem = err
        if rules:
            if problem is not None:
                report.fail("Error reading HTTP body", err=problem)
                report.set("probe_failed_due_to_regex", 1)
                return False
            success = await _patterns_agree(config, body, report)
        if cel_rules and success and problem is None:
            success = await _cel_agrees(config, body, report)
    if not errored:
        report.set("probe_http_uncompressed_body_length", count.size)
    if problem is not None:
        report.say("Failed to read HTTP response body", err=problem)
        return False
    return success


async def _patterns_agree(config: HttpProbe, body: bytes, report: Report) -> bool:
    check = broken_body_rule
    broken = check(config, body) if len(body) <= INLINE_BYTES else await asyncio.to_thread(check, config, body)
    report.set("probe_failed_due_to_regex", 0 if broken is None else 1)
    if broken is not None:
        report.fail(broken[0], regexp=broken[1])
    return broken is None


async def _cel_agrees(config: HttpProbe, body: bytes, report: Report) -> bool:
    broken = await asyncio.to_thread(cel.broken_rule, config, body)
    report.set("probe_failed_due_to_cel", 0 if broken is None else 1)
    if broken is not None:
        report.fail(broken[0], expression=broken[1])
    return broken is None


class _Broken(Exception):
    """The body ended in trouble."""


@dataclass(slots=True)
class _Count:
    size: int = 0


async def _read(config: HttpProbe, reply: Reply, count: _Count, lease: Lease, *, keep: bool) -> bytes:
    """The body when it is wanted (b"" otherwise), counted in any case. Raises FetchError, TooLarge, _Broken."""
    packed = config.compression not in ("", "identity")
    limit = config.body_size_limit_bytes or math.inf
    kept: list[bytes] = []
    raw = 0
    async for chunk in _chunks(reply):
        raw += len(chunk)
        if keep or packed:
            if raw > KEPT_BYTES_MAX:
                raise TooLarge(
                    f"the body is longer than {KEPT_BYTES_MAX >> 20} MiB",
                    "patterns and compression work up to there; set body_size_limit or ask for a smaller page",
                )
            lease.take(len(chunk))
            kept.append(chunk)
        if not packed:
            count.size = int(min(raw, limit))
            if raw > limit:
                raise TooLarge("http: request body too large")
    body = b"".join(kept)
    if not packed:
        return body
    most = int(min(limit, KEPT_BYTES_MAX))
    try:
        body = await asyncio.to_thread(
            decompress, body, [config.compression], limit_bytes=most, setting="body_size_limit"
        )
    except TooLarge:
        count.size = most
        raise
    except (WireError, Unsupported) as err:
        raise _Broken(str(err)) from err
    lease.take(len(body))
    count.size = len(body)
    return body


async def _chunks(reply: Reply) -> AsyncIterator[bytes]:
    import httpcore

    try:
        async for chunk in reply.body:
            yield chunk
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as err:
        raise _Broken(str(err) or type(err).__name__) from err


def _content_length(reply: Reply, method: str) -> int:
    """-1: not known before the end of the body."""
    if reply.status in (204, 304) or 100 <= reply.status < 200:
        return 0
    said = reply.value("Content-Length")
    if reply.value("Transfer-Encoding") or not (said.isascii() and said.isdecimal()):
        return -1
    return int(said[:18])


def _version_number(version: str) -> float:
    try:
        return float(version.removeprefix("HTTP/"))
    except ValueError:
        return 0.0


def _tell_last_modified(report: Report, reply: Reply) -> None:
    said = reply.value("Last-Modified")
    try:
        moment = parsedate_to_datetime(said) if said else None
    except (TypeError, ValueError, OverflowError):
        return
    if moment is not None:
        report.gauge(
            "probe_http_last_modified_timestamp_seconds",
            "Returns the Last-Modified HTTP response header in unixtime",
            int(moment.timestamp()),
        )


def _tell_phases(report: Report, trips: list[Moments]) -> None:
    def add(phase: str, begin: float, end: float) -> None:
        report.add("probe_http_duration_seconds", max(end - begin, 0.0), _phase(phase))

    for moments in trips:
        if not moments.ready:
            continue
        add("connect", moments.begun, moments.connected)
        if moments.tls_begun:
            add("tls", moments.tls_begun, moments.tls_done)
        if not moments.answered:
            continue
        add("processing", moments.ready, moments.answered)
        if moments.end:
            add("transfer", moments.answered, moments.end)
