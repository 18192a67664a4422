"""The http prober: asks, follows redirects, judges the answer. Names and rules of blackbox_exporter's http.go."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from hannun import __version__
from hannun.collect.http_client.auth import basic_header, credentials
from hannun.collect.http_client.url import Url
from hannun.collect.probe import address, cel
from hannun.collect.probe.http_answer import judge
from hannun.collect.probe.http_cookies import Jar
from hannun.collect.probe.http_token import token_source
from hannun.collect.probe.http_trip import Moments, Reply, Trip, travel
from hannun.collect.probe.registry import Attempt, prober
from hannun.collect.probe.report import Report
from hannun.config.blackbox.model import HttpProbe
from hannun.model.errors import TooLarge

USER_AGENT = f"Blackbox Exporter/{__version__} (Hannun)"
"""Begins as blackbox_exporter's does, because sites let it in by that."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
REDIRECTS_MAX = 10
SENT_BYTES_MAX = 16 << 20
PHASES = ("connect", "processing", "resolve", "tls", "transfer")
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
            return await judge(config, report, reply, seen.trips[-1], errored=errored)
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
